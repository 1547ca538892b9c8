"""The chart that suits the rows, as a Vega-Lite specification with its data: lines over time, bars
by name, the value alone for a single number. https://vega.github.io/vega-lite/docs/"""

from collections.abc import Sequence
from typing import Any

from shared.tasks.snowflake_query.models import Cell, Table
from shared.tasks.snowflake_query.tables import day_of, grain_of, shape_of, to_json

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MAX_ROWS = 2_000
_MAX_BARS = 30
_MAX_LINES = 12
_MAX_LABEL = 60
_UNITS = {"year": "%Y", "quarter": "%b %Y", "month": "%b %Y", "day": "%Y-%m-%d"}
_Spec = dict[str, Any]


def chart_of(table: Table, title: str) -> _Spec | None:
    """None where no chart would tell anything: no numbers, a single row, too many names."""
    shape = shape_of(table)
    if not shape.measures or not 2 <= len(table.rows) <= _MAX_ROWS:
        return None
    measure = shape.measures[0]
    if shape.times:
        return _lines(table, shape.times[0], shape.names, measure, title)
    if shape.names and len(table.rows) <= _MAX_BARS:
        return _bars(table, shape.names, measure, title)
    if len(shape.measures) > 1 and not shape.names:
        return _points(table, shape.measures[0], shape.measures[1], title)
    return None


def _lines(table: Table, time: int, names: Sequence[int], measure: int, title: str) -> _Spec | None:
    days = [day_of(str(row[time])) for row in table.rows if row[time] is not None]
    unit = _UNITS[grain_of([day for day in days if day])]
    encoding: _Spec = {
        "x": {
            "field": "time",
            "type": "temporal",
            "title": table.names[time][:_MAX_LABEL],
            "scale": {"type": "utc"},
            "axis": {"format": unit, "tickCount": min(len(set(days)), 12)},
        },
        "y": _axis(table, measure),
    }
    fields = {"time": time, "value": measure}
    if names:
        labels = {tuple(row[place] for place in names) for row in table.rows}
        if len(labels) > _MAX_LINES:
            return None
        encoding["color"] = {"field": "name", "type": "nominal", "title": _titles(table, names)}
    data = _data(table, fields, names)
    mark = {"type": "line", "point": True, "tooltip": True}
    return _spec(title, data, mark, encoding)


def _bars(table: Table, names: Sequence[int], measure: int, title: str) -> _Spec:
    encoding = {
        "y": {"field": "name", "type": "nominal", "title": _titles(table, names), "sort": None},
        "x": _axis(table, measure),
    }
    return _spec(
        title, _data(table, {"value": measure}, names), {"type": "bar", "tooltip": True}, encoding
    )


def _points(table: Table, first: int, second: int, title: str) -> _Spec:
    encoding = {
        "x": {"field": "other", "type": "quantitative", "title": table.names[first]},
        "y": _axis(table, second),
    }
    data = _data(table, {"other": first, "value": second}, ())
    return _spec(title, data, {"type": "point", "tooltip": True}, encoding)


def _axis(table: Table, place: int) -> _Spec:
    return {"field": "value", "type": "quantitative", "title": table.names[place][:_MAX_LABEL]}


def _titles(table: Table, places: Sequence[int]) -> str:
    return " / ".join(table.names[place] for place in places)[:_MAX_LABEL]


def _data(table: Table, fields: dict[str, int], names: Sequence[int]) -> list[dict[str, Cell]]:
    """The rows under names of our own: those of columns could mean something to Vega."""
    values = []
    for row in to_json(table):
        one: dict[str, Cell] = {field: row[place] for field, place in fields.items()}
        if names:
            told = ("none" if row[place] is None else str(row[place]) for place in names)
            one["name"] = " / ".join(told)[:_MAX_LABEL]
        values.append(one)
    return values


def _spec(title: str, values: list[dict[str, Cell]], mark: _Spec, encoding: _Spec) -> _Spec:
    return {
        "$schema": _SCHEMA,
        "title": title[:120],
        "width": 640,
        "height": 360,
        "data": {"values": values},
        "mark": mark,
        "encoding": encoding,
    }
