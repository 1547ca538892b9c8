"""A table of text as rows, and its cells as numbers where a whole column is of numbers."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from shared.documents.text.delimited import find_delimiter, has_header

MAX_COLUMNS = 200
_MAX_CELL = 1_000_000

# A column is of numbers when all of its cells that hold something are written in one of these ways.
_PLAIN = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?")
_ENGLISH = re.compile(r"[-+]?(?:0|[1-9]\d{0,2}(?:,\d{3})*)(?:\.\d+)?")
_EUROPEAN = re.compile(r"[-+]?(?:0|[1-9]\d{0,2}(?:\.\d{3})*|[1-9]\d*)(?:,\d+)?")
_WAYS = (
    (_PLAIN, str.maketrans("", "")),
    (_ENGLISH, str.maketrans("", "", ",")),
    (_EUROPEAN, str.maketrans(",", ".", ".")),
)


class NoTableError(ValueError):
    """The text has no rows and columns."""


@dataclass(frozen=True)
class DataTable:
    """Rows as wide as there are `columns`, in the order of the file; the first has number 1."""

    columns: list[str]
    rows: list[list[str]]

    @cached_property
    def numbers(self) -> list[list[Decimal | None] | None]:
        """By column the numbers of its cells, None for an empty one; None for one that has other
        cells, too."""
        return [_read_numbers([row[at] for row in self.rows]) for at in range(len(self.columns))]


def read_table(text: str) -> DataTable:
    """Raises NoTableError."""
    delimiter = find_delimiter(text)
    if delimiter is None:
        raise NoTableError
    csv.field_size_limit(_MAX_CELL)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    except csv.Error:
        raise NoTableError from None
    width = len(rows[0]) if rows else 0
    if not 1 < width <= MAX_COLUMNS or any(len(row) != width for row in rows):
        raise NoTableError
    if has_header(rows[:20]):
        return DataTable([name.strip() for name in rows[0]], rows[1:])
    return DataTable([f"column {number}" for number in range(1, width + 1)], rows)


def _read_numbers(cells: Sequence[str]) -> list[Decimal | None] | None:
    plain = [cell.strip() for cell in cells]
    if not any(plain):
        return None
    for pattern, signs in _WAYS:
        if all(not cell or pattern.fullmatch(cell) for cell in plain):
            return [Decimal(cell.translate(signs)) if cell else None for cell in plain]
    return None
