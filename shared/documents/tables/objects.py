"""JSON that is a table: a list of objects, or an object on each line."""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.documents.tables.reading import MAX_COLUMNS, DataTable, NoTableError, share

_MAX_EXPONENT = 50
_MAX_NESTING = 4

Row = dict[str, str]


def read_objects(text: str) -> DataTable:
    """A column for each key, objects within objects as `address.city`; what an object does not
    have is an empty cell. Numbers stay as they are written. Raises NoTableError."""
    try:
        value = _load(text)
    except json.JSONDecodeError:
        value = _load_lines(text)
    except (ValueError, RecursionError):
        raise NoTableError from None
    if isinstance(value, dict) and len(value) == 1:
        [value] = value.values()
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise NoTableError
    return _make_table([_flatten(one) for one in value])


def _load_lines(text: str) -> list[Any]:
    try:
        return [_load(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        raise NoTableError from None


def _load(text: str) -> Any:
    return json.loads(
        text,
        parse_int=str,
        parse_float=_write_plain,
        parse_constant=_refuse,
        object_pairs_hook=_make_object,
    )


def _make_table(rows: list[Row]) -> DataTable:
    columns: dict[str, None] = {}
    for row in rows:
        columns |= dict.fromkeys(row)
        if len(columns) > MAX_COLUMNS:
            raise NoTableError
    names = [name.strip() for name in columns]
    if len(names) < 2 or not all(names) or len(set(names)) < len(names):
        raise NoTableError
    known: dict[str, str] = {}
    cells = [[share(row.get(column, ""), known) for column in columns] for row in rows]
    return DataTable(names, cells)


def _flatten(value: dict[str, Any], before: str = "", depth: int = 1) -> Row:
    row: Row = {}
    for name, one in value.items():
        if isinstance(one, dict) and depth < _MAX_NESTING:
            row |= _flatten(one, f"{before}{name}.", depth + 1)
        else:
            row[f"{before}{name}"] = _write(one).strip()
    return row


def _write(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def _write_plain(digits: str) -> str:
    """`1.5e3` as `1500`, where that is not too long to be read."""
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return digits
    if "e" not in digits.lower() or abs(number.adjusted()) > _MAX_EXPONENT:
        return digits
    return f"{number:f}"


def _refuse(_: str) -> Any:
    raise ValueError("no number")


def _make_object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """One that has a key twice is not understood by all alike."""
    known = list(pairs)
    made = dict(known)
    if len(made) < len(known):
        raise ValueError("a key twice")
    return made
