"""A table of text as rows, and its cells as numbers where a whole column is of numbers."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from shared.documents.text.delimited import find_delimiter, has_header

MAX_COLUMNS = 200
_MAX_CELL = 1_000_000
_MAX_SHARED = 50_000

# A column is of numbers when all of its cells that hold something are written in one of these ways.
_PLAIN = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?")
_ENGLISH = re.compile(r"[-+]?(?:0|[1-9]\d{0,2}(?:,\d{3})*)(?:\.\d+)?")
_EUROPEAN = re.compile(r"[-+]?(?:0|[1-9]\d{0,2}(?:\.\d{3})*|[1-9]\d*)(?:,\d+)?")
_Signs = Mapping[int, int | None]
_WAYS: tuple[tuple[re.Pattern[str], _Signs], ...] = (
    (_PLAIN, str.maketrans("", "")),
    (_ENGLISH, str.maketrans("", "", ",")),
    (_EUROPEAN, str.maketrans(",", ".", ".")),
)


class NoTableError(ValueError):
    """The text has no rows and columns."""


@dataclass(frozen=True)
class DataTable:
    """Rows as wide as there are `columns`, in the order of the file, of cells without blanks around
    them; the first has number 1."""

    columns: list[str]
    rows: list[list[str]]

    @cached_property
    def cells(self) -> list[list[str]]:
        """Those of each column."""
        return [[row[at] for row in self.rows] for at in range(len(self.columns))]

    @cached_property
    def numbers(self) -> list[list[Decimal | None] | None]:
        """By column the numbers of its cells, None for an empty one; None for one that has other
        cells, too."""
        return [_read_numbers(cells) for cells in self.cells]


def read_table(text: str) -> DataTable:
    """Raises NoTableError."""
    delimiter = find_delimiter(text)
    if delimiter is None:
        raise NoTableError
    csv.field_size_limit(_MAX_CELL)
    try:
        rows = list(_read_rows(text, delimiter))
    except csv.Error:
        raise NoTableError from None
    first = len(rows[0]) if rows else 0
    width = max(map(_measure, rows), default=0)
    if not 1 < max(first, width) <= MAX_COLUMNS:
        raise NoTableError
    width = max(first, width)
    for row in rows[1:]:
        row[:] = [*row[:width], *[""] * (width - len(row))]
    names = [f"column {number}" for number in range(1, width + 1)]
    if has_header([row[:first] for row in rows[:20]]):
        names[:first] = rows.pop(0)
    if len(set(names)) < width:
        raise NoTableError
    return DataTable(names, rows)


def _measure(row: list[str]) -> int:
    """The cells up to the last that says something."""
    return next((at for at in range(len(row), 0, -1) if row[at - 1]), 0)


def _read_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows that have something in a cell, without blanks around it. What comes again and again is
    kept once, as a table is held in memory whole."""
    known: dict[str, str] = {}
    for row in csv.reader(_split_lines(text), delimiter=delimiter):
        if any(row):
            yield [share(cell.strip(), known) for cell in row]


def _split_lines(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def share(text: str, known: dict[str, str]) -> str:
    """The same text as it was met before, if it was."""
    return known.setdefault(text, text) if len(known) < _MAX_SHARED else known.get(text, text)


def _read_numbers(cells: Sequence[str]) -> list[Decimal | None] | None:
    if not any(cells):
        return None
    for pattern, signs in _WAYS:
        if all(not cell or pattern.fullmatch(cell) for cell in cells):
            known: dict[str, Decimal | None] = {"": None}
            return [_read_number(cell, signs, known) for cell in cells]
    return None


def _read_number(cell: str, signs: _Signs, known: dict[str, Decimal | None]) -> Decimal | None:
    if cell in known:
        return known[cell]
    number = Decimal(cell.translate(signs))
    if len(known) < _MAX_SHARED:
        known[cell] = number
    return number
