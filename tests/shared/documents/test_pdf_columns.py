"""Columns that are written row by row are read one after the other; tables are not."""

import io
from collections.abc import Sequence

import pytest
from reportlab.pdfgen.canvas import Canvas

from shared.documents.pdf.reader import read_pdf

LEFT = (
    "The harbour authority keeps the",
    "channel open through the winter",
    "and breaks the ice twice a day so",
    "that pilots may reach any ship at",
    "the station. The berth fee falls",
    "due within thirty days after the",
    "invoice was sent to the owner.",
)
RIGHT = (
    "In the second part the contract",
    "says who pays for the damage to",
    "the quay and within which time a",
    "claim has to be brought before",
    "the board of the port. Claims of",
    "less than five hundred euros are",
    "settled by the harbour master.",
)
THIRD = tuple(line.replace("harbour", "airport").replace("the ", "its ") for line in LEFT)
HEADING = "What the parties have agreed on about the harbour and its ice, in two parts"
NOTE = "Signed in Tallinn by both of the parties, each of which has got a copy of its own"
TABLE = (
    ("Berth", "two hundred euros a day"),
    ("Pilot", "ninety euros an hour"),
    ("Ice", "free of any charge"),
    ("Water", "by the cubic metre"),
    ("Waste", "as the list says"),
)
STATES = (
    ("Northern quay of the inner port", "Dredged in spring, open to all ships"),
    ("Southern quay of the inner port", "Closed for repairs until the autumn"),
    ("Eastern quay of the outer port", "Open to ships below nine metres only"),
    ("Western quay of the outer port", "Dredged last year, open to all ships"),
    ("Fishing quay behind the old mole", "Leased to the cooperative of the town"),
)


def written(
    rows: Sequence[Sequence[str]], xs: Sequence[float], *, around: bool = True, struck: str = ""
) -> bytes:
    """A page on which the rows are written one after the other, between a heading and a note."""
    page = io.BytesIO()
    canvas = Canvas(page)
    if around:
        canvas.drawString(72, 790, HEADING)
    for number, row in enumerate(rows):
        y = 760 - 14 * number
        for x, text in zip(xs, row, strict=False):
            if text:
                canvas.drawString(x, y, text)
            if text and struck in text and struck:
                at = x + canvas.stringWidth(text[: text.index(struck)])
                canvas.line(at, y + 3.5, at + canvas.stringWidth(struck), y + 3.5)
    if around:
        canvas.drawString(72, 700 - 14 * len(rows), NOTE)
    canvas.save()
    return page.getvalue()


def read(data: bytes) -> list[str]:
    return read_pdf(data).text.splitlines()


def by_rows(*columns: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("columns", "xs"),
    [((LEFT, RIGHT), (72, 320)), ((LEFT, RIGHT, THIRD), (20, 215, 410))],
    ids=["two", "three"],
)
def test_columns_are_read_one_after_the_other(
    columns: Sequence[Sequence[str]], xs: Sequence[float]
) -> None:
    expected = [line for column in columns for line in column]
    assert read(written(by_rows(*columns), xs)) == [HEADING, *expected, NOTE]
    assert read(written(by_rows(*columns), xs, around=False)) == expected


def test_the_last_column_may_be_shorter() -> None:
    rows = by_rows(LEFT, (*RIGHT[:5], "", ""))
    assert read(written(rows, (72, 320))) == [HEADING, *LEFT, *RIGHT[:5], NOTE]


def test_what_is_struck_out_stays_so() -> None:
    lines = read(written(by_rows(LEFT, RIGHT), (72, 320), struck="five hundred"))
    assert "less than ~~five hundred~~ euros are" in lines


def test_a_table_beside_nothing_but_columns_stays_a_table() -> None:
    rows = [*by_rows(LEFT, RIGHT), ("", ""), *TABLE]
    lines = read(written(rows, (72, 320)))
    assert lines[:15] == [HEADING, *LEFT, *RIGHT]
    assert lines[15:-1] == [" ".join(row) for row in TABLE]


@pytest.mark.parametrize("table", [TABLE, STATES], ids=["narrow", "wide"])
def test_a_table_is_read_row_by_row(table: Sequence[Sequence[str]]) -> None:
    assert read(written(table, (72, 320))) == [HEADING, *(" ".join(row) for row in table), NOTE]
