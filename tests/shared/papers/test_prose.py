"""What is prose in a Markdown text: words, sentences, headings, code; and sentences left out."""

import pytest

from shared.papers.overlap import measure_overlap, repetitions
from shared.papers.requirements import points
from shared.statements.omission import without
from shared.statements.prose import (
    blocks,
    code_blocks,
    count_words,
    headings,
    prose,
    sentences,
    with_characters,
    with_newlines,
)

TEXT = """\
# 2. A title

It holds, e.g. here. “Quoted.” [@3] Next [@4, @5]. Is it 3.14? Yes.
Second line.

- item one. Item two
- third `code 1.` here

| a | b |
|---|---|
| 1 | 2 |

```python
x = 1. Not a sentence
```
"""


def said(text: str) -> list[str]:
    return [text[one.start : one.end] for one in sentences(text)]


def test_sentences_keep_their_citations_and_rows_items_and_headings_are_some() -> None:
    assert said(TEXT) == [
        "# 2.",
        "A title",
        "It holds, e.g. here.",
        "“Quoted.” [@3]",
        "Next [@4, @5].",
        "Is it 3.14?",
        "Yes.",
        "Second line.",
        "item one.",
        "Item two",
        "third `code 1.` here",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
    ]
    assert said("一つ目。二つ目！") == ["一つ目。", "二つ目！"]


def test_what_is_no_prose_is_covered_at_its_place() -> None:
    text = "See [the site](https://a.example/1) `x = 2` [@7]\n\n1. one\n\n```\n3\n```\n"
    covered = prose(text)
    assert len(covered) == len(text)
    assert not any(char.isdigit() for char in covered)
    assert covered.index("site") == text.index("site")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Two words.", 2),
        ("A well-known 3.5 % of it's [@12] share", 6),
        ("[a link](https://a.example/of/many/words)", 2),
        ("```\nnot counted\n```\nbut this", 2),
        ("| a | b |\n|---|---|\n| c | d |", 4),
        ("漢字と仮名", 3),
    ],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert count_words(text) == words


def test_headings_of_both_kinds_are_found_and_none_in_code() -> None:
    text = "# One\n\nTwo\n---\n\n```\n# no\n```\n> ### Quoted"
    assert [(one.level, one.title) for one in headings(text)] == [
        (1, "One"),
        (2, "Two"),
        (3, "Quoted"),
    ]


def test_blocks_of_code_say_their_language_and_whether_they_end() -> None:
    found = code_blocks("```Python title=x\na = 1\n```\n\n- ~~~json\n  {}\n  ~~~\n\n```\nopen\n")
    assert [(one.language, one.code, one.closed) for one in found] == [
        ("python", "a = 1\n", True),
        ("json", "{}\n", True),
        ("", "open\n", False),
    ]
    assert not code_blocks("```")[0].closed


def test_paragraphs_lists_and_tables_are_blocks() -> None:
    assert [TEXT[one.start : one.end].split("\n")[0] for one in blocks(TEXT)] == [
        "# 2. A title",
        "It holds, e.g. here. “Quoted.” [@3] Next [@4, @5]. Is it 3.14? Yes.",
        "- item one. Item two",
        "| a | b |",
    ]


def test_all_line_ends_become_one() -> None:
    assert with_newlines("a\r\nb\rc\u2028d") == "a\nb\nc\nd"


@pytest.mark.parametrize(
    ("text", "bad", "left"),
    [
        ("Good one. Bad one [@3]. Good two.", "Bad", "Good one. Good two."),
        ("- Bad item.\n- Good item.", "Bad", "- Good item."),
        ("| a |\n|---|\n| Bad |\n| ok |", "Bad", "| a |\n|---|\n| ok |"),
        ("Before.\n\n| a |\n|---|\n| Bad |\n\nAfter.", "Bad", "Before.\n\nAfter."),
        ("Before.\n\n| Bad |\n|---|\n| a |\n\nAfter.", "Bad", "Before.\n\nAfter."),
        ("One.\n\nBad.\n\nTwo.", "Bad", "One.\n\nTwo."),
        ("Nothing here.", "", "Nothing here."),
    ],
)
def test_sentences_are_left_out_and_what_stays_reads(text: str, bad: str, left: str) -> None:
    from shared.documents.quotes import Span

    at = text.index(bad)
    spans = [Span(at, at + len(bad))] if bad else []
    assert without(text, spans) == (left, len(spans))


def test_a_section_that_repeats_an_earlier_one_is_told_which_and_where() -> None:
    passage = "the quick brown fox jumps over the lazy dog near the old river bank"
    texts = [f"First {passage}.", f"Other words. Again {passage}! And more words follow here now."]
    first, second = repetitions(texts)
    assert (first.share, first.passages, first.earlier) == (0.0, [], None)
    assert second.earlier == 0
    assert [texts[1][one.start : one.end] for one in second.passages] == [passage]
    assert second.share > 0.3 > measure_overlap(texts) > 0.1
    assert measure_overlap(["a b", ""]) == 0.0


def test_code_that_is_repeated_is_no_repetition() -> None:
    code = "```\none two three four five six seven eight nine ten\n```"
    assert measure_overlap([code, code]) == 0.0


def test_requirements_are_split_into_points() -> None:
    text = (
        "Cover costs. Name risks, e.g. delay.\n- Use tables\n1. Two examples\n- Use tables\n\n---"
    )
    assert points(text) == [
        "Cover costs.",
        "Name risks, e.g. delay.",
        "Use tables",
        "Two examples",
    ]


def test_entities_are_read_as_the_characters_that_they_stand_for() -> None:
    text = "3&amp;#55;&percnt; &quot;x&quot; &#51&#55\n\n```\n&#55;\n```"
    assert with_characters(text) == '37% "x" 37\n\n```\n&#55;\n```'
