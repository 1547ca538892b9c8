"""What a text cites, what passes for a reference, and how references are written."""

import pytest

from shared.papers.citations import find_cited, find_foreign, find_unfounded, find_unknown, quotes
from shared.papers.references import CitationStyle, Mention, Work, entries, footnote, in_text

REPORT = Work("Annual Report", "Ann Lee", "report.pdf")
NOTE = Work("note.md", None, "note.md")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("As Smith et al. (2020) found.", ["Smith et al. (2020)"]),
        ("It holds (Miller & Co, 2019, p. 3).", ["(Miller & Co, 2019, p. 3)"]),
        ("See [12] and [3, 4].", ["[12]", "[3, 4]"]),
        ("A note[^1] here.", ["[^1]"]),
        ("At https://a.example/x and www.b.example.", ["https://a.example/x", "www.b.example."]),
        ("[text](http://c.example/y)", ["http://c.example/y"]),
        ("doi:10.1234/abc", ["doi:10.1234/abc"]),
        ("arXiv:2401.00001 is it", ["arXiv:2401.00001"]),
        ("According to Gartner it grows.", ["Gartner"]),
        ("A McKinsey report and research at MIT say so.", ["McKinsey", "MIT"]),
        (r"It is so \[12\], see https\://a.example/x", [r"[12\]", r"https\://a.example/x"]),
        ("A study by the Acme Institute says so.", ["Acme Institute"]),
        ("It works (Smith, in press) and [Lee20].", ["(Smith, in press)", "[Lee20]"]),
        ("It works [Smith], [IV] and [@lee2020].", ["[Smith]", "[IV]", "[@lee2020]"]),
        ("It works.¹ So it is^[Lee, Ports] here.", ["¹", "^[Lee, Ports]"]),
        ("Smith argues that it works.", ["Smith"]),
        ("The World Bank reports that it grows.", ["The World Bank"]),
        ("Laut Gartner wächst es, as Ann Lee put it.", ["Gartner", "Ann Lee"]),
        ("Studies show that it works.", ["Studies show"]),
        ("Harvard researchers met researchers at MIT.", ["Harvard", "MIT"]),
        ("Lee, A. *Ports*. Acme University Press.", ["Lee, A. ", "University Press"]),
        ("The Journal of Port Studies has it.", ["Journal of Port"]),
        ("See invented.com or a.example/report.", ["invented.com", "a.example/report."]),
        ("Ask ann@ports.example at ftp://a.example/x", ["ann@ports.example", "ftp://a.example/x"]),
        ("See [this][r].\n\n[r]: /report", ["][r]", "[r]: /report"]),
        ("*Source: World Bank*", ["*Source: World Bank*"]),
        ("J. Stuff, vol. 3, pp. 12", ["vol. 3", "pp. 12"]),
    ],
)
def test_what_passes_for_a_reference_is_found(text: str, found: list[str]) -> None:
    assert [text[one.start : one.end] for one in find_foreign(text, "")] == found


@pytest.mark.parametrize(
    "text",
    [
        "Claims are cited so [@3] and so [@4; @5].",
        "Use `a[0]` here.\n\n```\n[1] https://a.example (Smith, 2020)\n```",
        "According to Table 2 and [the section](#costs) it is so.",
        "We argue that it is so. Figure 2 shows that it is. Source: the files that it is made of.",
        "The system (in short, ATO) was built by the team.",
    ],
)
def test_what_is_none_is_not(text: str) -> None:
    assert find_foreign(text, "") == []


def test_what_the_requester_named_was_not_invented() -> None:
    assert find_foreign("As Smith (2020) found.", "Discuss Smith (2020) at length.") == []
    assert find_foreign("As Smith (2021) found.", "Discuss Smith (2020) at length.")


def test_a_number_that_was_given_allows_no_reference_of_that_number() -> None:
    assert find_foreign("It is so [14].", "The harbour has 14 berths.")
    assert find_foreign("It is so [14].", "Keep what [14] says.") == []


def test_claims_that_were_not_given_are_named() -> None:
    text = "One [@1]. Two [@2, 9]. `[@8]`"
    assert find_cited(text) == [1, 2, 9]
    assert [text[one.start : one.end] for one in find_unknown(text, {1, 2})] == ["[@2, 9]"]


def test_quotes_must_stand_in_a_source() -> None:
    text = 'It is “very  good indeed”, "not so bad at all", and a "key term".'
    assert [text[one.start : one.end] for one in quotes(text)] == [
        "very  good indeed",
        "not so bad at all",
    ]
    wrong = find_unfounded(text, ["This is Very good indeed."])
    assert [text[one.start : one.end] for one in wrong] == ["not so bad at all"]


@pytest.mark.parametrize(
    "text",
    [
        "One said “this is the best\nharbour of all” to us.",
        "One said “this is the “best” harbour of all” to us.",
        "One said 'this isn't the best harbour of all' to us.",
        "One said ``this is the best harbour of all'' to us.",
        "One said »this is the best harbour of all« to us.",
        "One said \u2039this is the best harbour of all\u203a to us.",
        "One said “this is the best harbour of all, and left.",
        "他说「这是最好的港口啊」。",
        "> This is the best\n> harbour of all. [@3]\n>\n> — Ann Lee",
        f"“{'It is the best harbour of all. ' * 80}”",
    ],
)
def test_whatever_the_marks_a_quote_is_one(text: str) -> None:
    assert len(find_unfounded(text, ["Nothing like it."])) == 1


def test_a_block_quote_is_held_to_what_stands_in_a_source_and_a_note_is_none() -> None:
    source = "This is the best harbour of all, says Ann Lee."
    assert find_unfounded("> This is the best\n> harbour of all. [@3]", [source]) == []
    assert quotes("> **Note:** this is nobody's word.") == []


@pytest.mark.parametrize(
    ("style", "text", "listed"),
    [
        ("ieee", r"\[1, p. 3\], \[2, line 4\]", r"\[1\] Ann Lee, “Annual Report”, report.pdf."),
        ("vancouver", "(1, p. 3; 2, line 4)", r"1\. Ann Lee, “Annual Report”, report.pdf."),
        ("apa", "(Ann Lee, n.d., p. 3; note.md, n.d., line 4)",
         "Ann Lee (n.d.). *Annual Report*. report.pdf."),
        ("harvard", "(Ann Lee n.d., p. 3; note.md n.d., line 4)",
         "Ann Lee (n.d.) *Annual Report*. report.pdf."),
        ("chicago", "(Ann Lee n.d., p. 3; note.md n.d., line 4)",
         "Ann Lee. *Annual Report*. report.pdf."),
        ("mla", "(Ann Lee, p. 3; note.md, line 4)", "Ann Lee. *Annual Report*. report.pdf."),
        ("footnotes", "[^1][^2]", "Ann Lee. *Annual Report*. report.pdf."),
    ],
)  # fmt: skip
def test_citations_and_references_follow_the_style(style: str, text: str, listed: str) -> None:
    mentions = [Mention(1, REPORT, "p. 3", 1), Mention(2, NOTE, "line 4", 2)]
    assert in_text(CitationStyle(style), mentions) == text
    assert entries(CitationStyle(style), [REPORT, NOTE])[0] == listed


def test_a_footnote_says_what_stands_there() -> None:
    note = footnote(Mention(1, REPORT, "p. 3", 7), "ten *berths*")
    assert note == r"[^7]: Ann Lee, “Annual Report”, report.pdf, p. 3: “ten \*berths\*”"
