"""Reading tables of text (CSV, TSV): the rows as they stand, and what their columns are called."""

import csv
from itertools import islice

from shared.documents.extract import Extract
from shared.documents.text.plain import make_heading, plain

_DELIMITERS = ",;\t|"
_ROWS = 20
_SAMPLE = 64 * 1024
_MAX_COLUMNS = 100


def read_csv(text: str) -> Extract:
    """One block; below the heading `Columns: …` if the first row names them beyond doubt."""
    return _read(text, _DELIMITERS)


def read_tsv(text: str) -> Extract:
    return _read(text, "\t")


def find_delimiter(text: str) -> str | None:
    """What parts the columns of a text; None where it has none."""
    delimiter, rows = _choose(text, _DELIMITERS)
    return delimiter if rows else None


def _choose(text: str, delimiters: str) -> tuple[str, list[list[str]]]:
    """The delimiter that makes the most columns, and the first rows."""
    tables = {delimiter: _rows(text[:_SAMPLE], delimiter) for delimiter in delimiters}
    return max(tables.items(), key=lambda item: len(item[1][0]) if item[1] else 0)


def _read(text: str, delimiters: str) -> Extract:
    rows = _choose(text, delimiters)[1]
    if not has_header(rows):
        return plain(text)
    return plain(text, headings=(f"Columns: {', '.join(map(make_heading, rows[0]))}",))


def _rows(sample: str, delimiter: str) -> list[list[str]]:
    """The first rows, if they are as wide as each other; the last of a sample may be cut off."""
    try:
        rows = list(islice(csv.reader(sample.split("\n"), delimiter=delimiter), _ROWS))
    except csv.Error:
        return []
    rows = [row for row in rows if row]
    if len(rows) > 2 and len(sample) == _SAMPLE:
        rows.pop()
    return rows if len({len(row) for row in rows}) == 1 and len(rows[0]) > 1 else []


def has_header(rows: list[list[str]]) -> bool:
    """Names that differ, without numbers, above at least one column of nothing but numbers or
    dates: a first row of data is never taken for a header."""
    if len(rows) < 2 or len(rows[0]) > _MAX_COLUMNS:
        return False
    header, *others = rows
    if not all(name.strip() for name in header) or len(set(header)) < len(header):
        return False
    if any(_is_numeric(name) for name in header):
        return False
    columns = zip(*others, strict=True)
    return any(all(map(_is_numeric, column)) for column in columns)


def _is_numeric(cell: str) -> bool:
    return any(map(str.isdecimal, cell)) and not any(map(str.isalpha, cell))
