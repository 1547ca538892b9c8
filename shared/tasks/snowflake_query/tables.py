"""A query's rows as they are kept: exact, and with what each column is for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.clients.mcp import rows as mcp
from shared.tasks.snowflake_query.models import Cell, Column, Table

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]00:00(?::00(?:\.0+)?)?(?:Z|[ ]?[-+]00:?00)?)?")
_LABEL = re.compile(
    r"(?i)(?:^|_)(?:id|key|year|quarter|month|week|day|weekday|hour|code|no|number)$"
)
_NUMERIC = ("fixed", "number", "decimal", "integer", "int", "real", "float", "double", "bigint")
_EPOCH = date(1970, 1, 1)
_MAX_EXACT = 2**53
_MAX_NAME = 80
BETWEEN = " / "
"""Stands between the names of a row of several."""
_MAX_WORDS = 8


def table_of(rows: mcp.Rows, max_rows: int) -> Table:
    """The rows, at most so many of them; one more shows that there are more."""
    types = rows.types or ("",) * len(rows.columns)
    kept = [
        [_kept(value, kind) for value, kind in zip(row, types, strict=True)]
        for row in rows.rows[:max_rows]
    ]
    columns = [
        Column(name=name, type=kind)
        for name, kind in zip(_unique(rows.columns), types, strict=True)
    ]
    numeric = [
        _is_numeric(
            [row[place] for row in kept], [row[place] for row in rows.rows[:max_rows]], kind
        )
        for place, kind in enumerate(types)
    ]
    return Table(
        columns=columns, rows=kept, numeric=numeric, is_truncated=len(rows.rows) > max_rows
    )


def _unique(names: Sequence[str]) -> list[str]:
    """Names as they came, a second of the same with its place."""
    return [
        name if name and name not in names[:place] else f"{name or 'COLUMN'}_{place + 1}"
        for place, name in enumerate(names)
    ]


def _kept(value: mcp.Cell, kind: str) -> str | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if kind == "date" and isinstance(value, str) and re.fullmatch(r"-?\d{1,6}", value):
        # Snowflake's REST API gives dates as days since 1970.
        try:
            return str(date.fromordinal(_EPOCH.toordinal() + int(value)))
        except (ValueError, OverflowError):
            return value
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < 60 else str(value)
    text = str(value)
    day = _DAY.fullmatch(text)
    return day[1] if day else text


def _is_numeric(values: Sequence[str | bool | None], given: Sequence[mcp.Cell], kind: str) -> bool:
    """By what the server says of the type, else by the values: texts count as numbers only where
    it says nothing."""
    told = [one for one in values if one is not None]
    if not told or not all(isinstance(one, str) and _NUMBER.fullmatch(one) for one in told):
        return False
    texts = any(isinstance(one, str) for one in given)
    return kind in _NUMERIC or not texts or not kind


def to_json(table: Table) -> list[list[Cell]]:
    """Rows as clients get them: numbers as numbers wherever JSON's are as exact."""
    return [
        [
            _number(value) if is_number and isinstance(value, str) else value
            for value, is_number in zip(row, table.numeric, strict=True)
        ]
        for row in table.rows
    ]


def _number(text: str) -> Cell:
    if re.fullmatch(r"-?\d+", text):
        return int(text) if abs(int(text)) <= _MAX_EXACT else text
    value = float(text)
    is_exact = Decimal(repr(value)) == Decimal(text) if abs(value) < float("inf") else False
    return value if is_exact else text


@dataclass(frozen=True, slots=True)
class Shape:
    """Which columns are what, by place: times, names to group by, and numbers to look at. What is
    written in sentences is none of these."""

    times: tuple[int, ...]
    names: tuple[int, ...]
    measures: tuple[int, ...]


def shape_of(table: Table) -> Shape:
    """By types, values and names."""
    times, names, measures = [], [], []
    for place, column in enumerate(table.columns):
        values = [row[place] for row in table.rows if row[place] is not None]
        if values and all(isinstance(one, str) and day_of(one) for one in values):
            times.append(place)
        elif table.numeric[place] and not _LABEL.search(column.name):
            measures.append(place)
        elif all(_is_name(str(one)) for one in values):
            names.append(place)
    if not measures and len(table.columns) == 1 and table.numeric[0]:
        return Shape((), (), (0,))
    return Shape(tuple(times), tuple(names), tuple(measures))


def _is_name(text: str) -> bool:
    return len(text) <= _MAX_NAME and len(text.split()) <= _MAX_WORDS


def day_of(text: str) -> date | None:
    """The day that a value is."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def grain_of(days: Sequence[date]) -> str:
    """Which unit the days are the starts of: year, quarter, month, else day."""
    if any(day.day != 1 for day in days):
        return "day"
    months = {day.month for day in days}
    if len(set(days)) > 1 and len(months) == 1:
        return "year"
    if len(set(days)) > 1 and len({month % 3 for month in months}) == 1:
        return "quarter"
    return "month"


def label_of(table: Table, shape: Shape, row: int) -> str:
    """What a row (from 1) is called: the values of its names."""
    values = [table.rows[row - 1][place] for place in shape.names]
    return BETWEEN.join("none" if value is None else str(value) for value in values)
