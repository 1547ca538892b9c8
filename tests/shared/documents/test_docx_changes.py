"""Tracked changes: the text as it is to be, and beside it how it was and who changed it."""

import pytest

from shared.documents.docx.reader import View, read_docx
from shared.documents.quotes import Folded
from tests.support.files.word import (
    deleted,
    docx,
    ending,
    inserted,
    note,
    p,
    reference,
    row,
    run,
    text_box,
)

TERM = p("The term is ", deleted("twelve"), inserted("twenty-four"), " months.")


def said(body: str, view: View = View.FINAL, **parts: str) -> list[tuple[str | None, str]]:
    """The part of each block, and its text without what separates it."""
    extract = read_docx(docx(body, **parts), view=view)
    return [(block.part, block.text.rstrip()) for block in extract.blocks]


def running(body: str, view: View) -> list[str]:
    return [text for part, text in said(body, view) if part is None]


def account(body: str) -> str:
    """What is said beside the only paragraph that was changed."""
    (told,) = [text for part, text in said(body) if part and part.startswith("tracked change")]
    return told


def test_the_final_text_is_read_and_the_original_stands_beside_it() -> None:
    extract = read_docx(docx(p("Before.") + TERM))
    assert [(block.part, block.paragraph, block.text) for block in extract.blocks] == [
        (None, 1, "Before.\n\n"),
        (None, 2, "The term is twenty-four months.\n\n"),
        (
            "tracked change in paragraph 2",
            None,
            "⟦Original:⟧ The term is twelve months. "
            '⟦Ann deleted "twelve", inserted "twenty-four".⟧\n\n',
        ),
    ]
    assert extract.notes == [
        "The document has 2 tracked changes; the final view was read, original wording is given "
        "beside it."
    ]


def test_no_quote_holds_words_of_the_program() -> None:
    folded = Folded(read_docx(docx(TERM)).text)
    assert folded.find("The term is twelve months.")
    for quote in (
        "Original: The term is twelve months.",
        "Ann deleted twelve, inserted twenty-four",
        "The term is twelve months. Ann deleted",
        "⟦Original:⟧ The term is twelve months.",
        "twenty-four months ... is twelve months",
    ):
        assert folded.find(quote) is None


def test_the_original_can_be_read_with_the_final_text_beside_it() -> None:
    assert said(TERM, View.ORIGINAL) == [
        (None, "The term is twelve months."),
        (
            "tracked change in paragraph 1",
            "⟦Final:⟧ The term is twenty-four months. "
            '⟦Ann deleted "twelve", inserted "twenty-four".⟧',
        ),
    ]
    notes = read_docx(docx(p("a", inserted("b"))), view=View.ORIGINAL).notes
    assert notes == [
        "The document has 1 tracked change; the original view was read, final wording is given "
        "beside it."
    ]


@pytest.mark.parametrize(
    ("body", "final", "original"),
    [
        (p("kept ", deleted("gone")), ["kept"], ["kept gone"]),
        (p("kept ", inserted("new")), ["kept new"], ["kept"]),
        (p(inserted("wholly new"), properties=ending("ins")) + p("next"), ["wholly new", "next"],
         ["next"]),
        (p(deleted("wholly gone"), properties=ending("del")) + p("next"), ["next"],
         ["wholly gone", "next"]),
        (p("one ", properties=ending("del")) + p("two"), ["one two"], ["one", "two"]),
        (p("one ", properties=ending("ins")) + p("two"), ["one", "two"], ["one two"]),
        (p(deleted("at the end"), properties=ending("del")), [], ["at the end"]),
        (p(deleted("moved", tag="moveFrom"), properties=ending("moveFrom")) + p("between")
         + p(inserted("moved", tag="moveTo"), properties=ending("moveTo")) + p("end"),
         ["between", "moved", "end"], ["moved", "between", "end"]),
        (inserted(p("in a wrapper")) + p("x"), ["in a wrapper", "x"], ["x"]),
        (p(inserted(deleted("neither", by="Bob")), "x"), ["x"], ["x"]),
        ("<w:tbl>" + row(["a", "b"]) + row(["c", "d"], "<w:ins/>") + row(["e", "f"], "<w:del/>")
         + "</w:tbl>", ["a | b", "c | d"], ["a | b", "e | f"]),
        ("<w:tbl>" + row(["a", "<w:tcPr><w:cellDel/></w:tcPr>" + p("b"), "c"]) + "</w:tbl>",
         ["a | c"], ["a | b | c"]),
        ("<w:tbl>" + row(["a", p("b", properties=ending("del")) + p("c")]) + "</w:tbl>",
         ["a | bc"], ["a | b c"]),
    ],
)  # fmt: skip
def test_both_views(body: str, final: list[str], original: list[str]) -> None:
    assert running(body, View.FINAL) == final
    assert running(body, View.ORIGINAL) == original


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (p("x", inserted("a"), inserted("b"), deleted("c", by="Bob"), deleted("d")),
         '⟦Original:⟧ xcd ⟦Ann inserted "ab"; Bob deleted "c"; Ann deleted "d".⟧'),
        (p("x", inserted(run("a", "<w:b/>"), run("b"))), '⟦Original:⟧ x ⟦Ann inserted "ab".⟧'),
        (p(inserted("everything")), "⟦Original: nothing. Ann inserted all of it.⟧"),
        (p("one", properties=ending("ins")) + p("two"),
         "⟦Original:⟧ one ⟦Ann inserted a paragraph break.⟧"),
        (p("a", inserted(" "), "b", inserted("c", by=" ")),
         '⟦Original:⟧ ab ⟦Ann inserted white space; Somebody inserted "c".⟧'),
        (p("a", inserted(deleted("typed", by="Bob"))),
         '⟦Original:⟧ a ⟦Ann inserted "typed"; Bob deleted "typed".⟧'),
        (p("a", inserted(inserted("b", by="Bob"))), '⟦Original:⟧ a ⟦Ann inserted "b".⟧'),
        (p("a", deleted("b", tag="moveFrom"), "c", inserted("b", tag="moveTo")),
         '⟦Original:⟧ abc ⟦Ann moved away "b", moved here "b".⟧'),
        ("<w:tbl>" + row(["a", "b"], '<w:del w:author="Ann"/>') + "</w:tbl>",
         "⟦Original:⟧ a | b ⟦Ann deleted all of it.⟧"),
    ],
)  # fmt: skip
def test_it_is_said_who_did_what(body: str, expected: str) -> None:
    assert account(body) == expected


def test_what_hangs_on_deleted_text_is_deleted_with_it() -> None:
    gone = deleted("x").replace("</w:del>", "{}</w:del>").format
    body = p("kept", gone(reference("footnote", 1)), gone(text_box(p("boxed"))))
    assert said(body, footnotes=note("footnote", 1, p("noted"))) == [
        (None, "kept"),
        ("tracked change in paragraph 1", '⟦Original:⟧ keptxx ⟦Ann deleted "xx".⟧'),
        ("tracked change in footnote 1", "⟦Original:⟧ noted ⟦Ann deleted all of it.⟧"),
        (
            "tracked change in text box in paragraph 1",
            "⟦Original:⟧ boxed ⟦Ann deleted all of it.⟧",
        ),
    ]


def test_a_paragraph_that_was_joined_to_the_next_has_the_nature_of_the_next() -> None:
    heading = '<w:outlineLvl w:val="0"/>'
    body = p("A ", properties=ending("del")) + p("heading", properties=heading) + p("text")
    blocks = read_docx(docx(body)).blocks
    assert (blocks[0].text, blocks[-1].headings) == ("A heading\n\n", ["A heading"])
