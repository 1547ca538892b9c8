"""Rows out of what a server's SQL tool answers, in the shapes that servers have."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.clients.mcp import faults
from shared.errors import PermanentFailure
from shared.text import strict_json

Cell = str | int | Decimal | bool | None
"""A value; what is neither number nor truth value is text, objects and arrays as JSON."""

MAX_CELLS = 500_000
_LISTS = ("rows", "data", "results", "result", "records")
_WRAPPERS = ("result_set", "resultSet", "result", "results", "data")


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave. `columns` are the names that the server told, "COLUMN_1" … where it told
    none; `types` what it called their types, empty where it did not; `query_id` is Snowflake's."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    types: tuple[str, ...] = ()
    query_id: str = ""


def rows_of(texts: Sequence[str], structured: Any) -> Rows:
    """Read an answer: of the texts if they are JSON, which keeps numbers exact, else of the
    structured content. Raises PermanentFailure, QueryFailed where it is an error."""
    parsed = [value for value in map(_json, texts) if value is not None]
    _check_error([*parsed, structured])
    candidates: list[Any] = [*parsed, structured]
    if len(parsed) > 1:  # some servers make a text of each row
        candidates.insert(0, parsed)
    for candidate in candidates:
        found = _rows(candidate)
        if found is not None:
            return found
    raise PermanentFailure(
        "The Snowflake server answered a query with something that holds no rows."
    )


def _check_error(values: Sequence[Any]) -> None:
    """Some servers tell of a failed query as if it had not failed. Raises QueryFailed."""
    for value in values:
        if isinstance(value, dict) and not set(_LISTS + _WRAPPERS) & set(value):
            told = value.get("error") or ("code" in value and value.get("message"))
            told = told.get("message") if isinstance(told, dict) else told
            if isinstance(told, str):
                raise faults.query_failed([told])


def _json(text: str) -> Any:
    """None for what is none. Raises PermanentFailure for more than anybody asked for."""
    if strict_json.has_more_values(
        text.encode(errors="replace"), MAX_CELLS
    ):  # Others wait while it is parsed.
        raise _refuse_table()
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _rows(value: Any) -> Rows | None:
    """None when it holds none."""
    if isinstance(value, list):
        return _of_list(value, (), ())
    if not isinstance(value, dict):
        return None
    columns, types = _describe_columns(value)
    for key in _LISTS:
        if isinstance(value.get(key), list):
            found = _of_list(value[key], columns, types)
            return found and _with_id(found, value)
    for key in _WRAPPERS:
        if isinstance(value.get(key), dict | str):
            inner = _json(value[key]) if isinstance(value[key], str) else value[key]
            found = _rows(inner)
            if found is not None:
                return _with_id(found, value)
    return None


def _describe_columns(value: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and types of columns, as far as they are told."""
    described = _first(value, "resultSetMetaData", "result_set_meta_data", "metadata")
    listed = _first(described, "rowType", "row_type") if isinstance(described, dict) else None
    if not isinstance(listed, list):
        listed = _first(value, "columns", "column_names", "schema")
    if not isinstance(listed, list):
        return (), ()
    if all(isinstance(one, str) for one in listed):
        return tuple(listed), ()
    if all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in listed):
        return (
            tuple(one["name"] for one in listed),
            tuple(str(one.get("type", "")).lower() for one in listed),
        )
    return (), ()


def _first(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[name] for name in names if name in value), None)


def _of_list(items: list[Any], columns: tuple[str, ...], types: tuple[str, ...]) -> Rows | None:
    if all(isinstance(item, dict) for item in items) and (items or columns):
        columns = columns or tuple(dict.fromkeys(str(name) for item in items for name in item))
        items = [[item.get(name) for name in columns] for item in items]
    if not all(isinstance(item, list) for item in items):
        return None
    width = len(columns) or max(map(len, items), default=0)
    if width * len(items) > MAX_CELLS or any(len(item) != width for item in items):
        raise _refuse_table()
    columns = columns or tuple(f"COLUMN_{number}" for number in range(1, width + 1))
    kinds = types or ("",) * width
    rows = tuple(tuple(map(_cell, item, kinds)) for item in items)
    return Rows(columns, rows, types)


def _refuse_table() -> PermanentFailure:
    return PermanentFailure("The Snowflake server answered a query with a malformed table.")


def _cell(value: Any, kind: str) -> Cell:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, str):
        return _convert(value, kind)
    if isinstance(value, int | Decimal | bool) or value is None:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _convert(text: str, kind: str) -> Cell:
    """Snowflake's REST answers give every value as text, and its type beside it."""
    if kind in ("fixed", "number", "decimal", "integer", "real", "float", "double"):
        try:
            number = Decimal(text)
        except ArithmeticError:
            return text
        plain = text.removeprefix("-").isdecimal()
        return int(text) if plain else number if number.is_finite() else text
    if kind == "boolean" and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    return text


def _with_id(rows: Rows, value: Mapping[str, Any]) -> Rows:
    told = _first(value, "query_id", "queryId", "sfqid", "statementHandle")
    known = rows.query_id or (told if isinstance(told, str) else "")
    return Rows(rows.columns, rows.rows, rows.types, known[:100])
