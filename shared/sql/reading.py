"""What a guarded query says: its metrics, filters and grain, and the dates it is limited to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from shared.sql import parsing
from shared.sql.policy import ColumnName, TableName

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]00:00:00(?:\.0+)?)?")
_CLOCKS = (
    *(exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentTimestampLTZ),
    *(exp.Localtimestamp, exp.Localtime, exp.Systimestamp, exp.UtcDate, exp.UtcTimestamp),
)
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}
_WRAPPERS = (exp.Round, exp.Coalesce, exp.Cast, exp.TryCast, exp.Paren, exp.Alias)
_LEAVES_OUT = ("having", "qualify", "offset", "distinct")
_UNIT_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_MAX_TEXT = 300
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which days, both within it, a query reads; None where it is open. `column` is the one
    that is limited; `is_plain` tells that its limits are plain dates."""

    start: date | None
    end: date | None
    column: ColumnName | None
    is_plain: bool


@dataclass(frozen=True, slots=True)
class QueryReading:
    """`additive` are the outputs whose values over all rows may be added up; none where groups may
    be left out, by HAVING and the like. `limit` is how many rows there may be. `uses_clock` tells
    that the query asks the server for the time."""

    metrics: tuple[str, ...]
    filters: tuple[str, ...]
    grain: tuple[str, ...]
    additive: tuple[str, ...]
    bounds: Bounds | None
    limit: int
    uses_clock: bool


def read(sql: str) -> QueryReading:
    """Of SQL that passed the guard. Raises QueryRefused."""
    tree = _name_in_full(parsing.parse(sql))
    main = tree.unnest()
    selects = main.selects if isinstance(main, exp.Query) else []
    is_one = isinstance(main, exp.Select) and not any(map(main.args.get, _LEAVES_OUT))
    limit = main.args.get("limit")
    metrics = [item for item in selects if _aggregates(item, main)]
    return QueryReading(
        metrics=tuple(_render_named(item) for item in metrics),
        filters=tuple(dict.fromkeys(_filters(tree))),
        grain=tuple(_grain(main)),
        additive=tuple(item.alias_or_name for item in selects if is_one and _is_sum(item, main)),
        bounds=find_bounds(tree),
        limit=int(limit.expression.name) if isinstance(limit, exp.Limit) else 0,
        uses_clock=any(True for _ in tree.find_all(*_CLOCKS)),
    )


def _name_in_full(tree: exp.Expr) -> exp.Expr:
    """Columns under the names of their tables, unless a table is read twice."""
    names = {alias: table.name for alias, table in _aliases(tree).items() if alias}
    for node in tree.find_all(exp.Column):
        alias = node.args.get("table")
        if alias and list(names.values()).count(names.get(alias.name, "")) == 1:
            node.set("table", exp.to_identifier(names[alias.name]))
    if len(set(names.values())) == len(names):
        for table in tree.find_all(exp.Table):
            if table.db:
                table.set("alias", None)
    return tree


def find_bounds(tree: exp.Expr) -> Bounds | None:
    """None where no date limits the query."""
    starts, ends, columns, plain = [], [], [], True
    aliases = _aliases(tree)
    for node in tree.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.Between):
        limits = _limits(node)
        if limits is None:
            continue
        starts += [limits.start] if limits.start else []
        ends += [limits.end] if limits.end else []
        plain = plain and limits.is_plain
        columns += [
            ColumnName(aliases[one.table], one.name)
            for one in node.find_all(exp.Column)
            if one.table in aliases
        ]
    if not (starts or ends):
        return None
    column = columns[0] if len(set(columns)) == 1 else None
    return Bounds(min(starts, default=None), max(ends, default=None), column, plain)


def date_of(node: exp.Expr | None) -> date | None:
    """The day that a constant is, also one that is cast."""
    while isinstance(node, exp.Cast | exp.TryCast | exp.TsOrDsToDate | exp.Paren | exp.Date):
        node = node.this
    if not isinstance(node, exp.Literal) or not node.is_string:
        return None
    found = _ISO.fullmatch(node.this.strip())
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _limits(node: exp.Expr) -> Bounds | None:
    if isinstance(node, exp.Between):
        low, high = date_of(node.args["low"]), date_of(node.args["high"])
        return Bounds(low, high, None, True) if low and high else None
    left, right = node.this, node.expression
    kind: type[exp.Expr] = type(node)
    if date_of(left) and not date_of(right):
        left, right, kind = right, left, _TURNED.get(kind, kind)
    if isinstance(left, exp.Year | exp.Extract) and isinstance(right, exp.Literal):
        return _year_limits(left, kind, right)
    day = date_of(right)
    if day is None or not left.find(exp.Column):
        return None
    if isinstance(left, exp.DateTrunc | exp.TimestampTrunc):
        return _unit_limits(left, kind, day)
    limits: dict[type[exp.Expr], Bounds] = {
        exp.GTE: Bounds(day, None, None, True),
        exp.GT: Bounds(day + _DAY, None, None, True),
        exp.LT: Bounds(None, day - _DAY, None, True),
        exp.LTE: Bounds(None, day, None, True),
        exp.EQ: Bounds(day, day, None, True),
    }
    return limits.get(kind)


def _year_limits(left: exp.Expr, kind: type, right: exp.Literal) -> Bounds | None:
    is_year = isinstance(left, exp.Year) or left.name.upper() == "YEAR"
    if not is_year or kind is not exp.EQ or not re.fullmatch(r"(19|20)\d\d", right.name):
        return None
    year = int(right.name)
    return Bounds(date(year, 1, 1), date(year, 12, 31), None, False)


def _unit_limits(left: exp.Expr, kind: type, day: date) -> Bounds | None:
    """Of DATE_TRUNC(unit, …) = day, and of what stands beside an inequality."""
    months = _UNIT_MONTHS.get(left.text("unit").upper())
    after = None
    if months:
        count = day.year * 12 + day.month - 1 + months
        after = date(count // 12, count % 12 + 1, 1)
    if kind is exp.EQ and after:
        return Bounds(day, after - _DAY, None, False)
    if kind is exp.GTE:
        return Bounds(day, None, None, False)
    if kind is exp.LTE and after:
        return Bounds(None, after - _DAY, None, False)
    return Bounds(None, day - _DAY, None, False) if kind is exp.LT else None


def _aliases(tree: exp.Expr) -> dict[str, TableName]:
    """Tables by the name under which their columns are called; of one that stands alone, also
    without any."""
    tables = [one for one in tree.find_all(exp.Table) if one.db]
    named = {one.alias_or_name: TableName(one.catalog, one.db, one.name) for one in tables}
    if len(set(named.values())) == 1:
        named[""] = next(iter(named.values()))
    return named


def _aggregates(item: exp.Expr, main: exp.Expr, depth: int = 0) -> bool:
    """Whether an output is computed over several rows, also where a subquery does it."""
    if item.find(exp.AggFunc):
        return True
    inner = _origin(item, main)
    return inner is not None and depth < 5 and _aggregates(*inner, depth + 1)


def _is_sum(item: exp.Expr, main: exp.Expr, depth: int = 0) -> bool:
    """Whether the values of an output over all rows may be added up to something that is meant."""
    inner = item
    while isinstance(inner, _WRAPPERS):
        inner = inner.this
    if isinstance(inner, exp.Sum | exp.Count | exp.CountIf):
        return not inner.find(exp.Distinct)
    if depth >= 5 or main.args.get("joins") or main.args.get("group"):
        return False
    origin = _origin(item, main)
    return origin is not None and _is_sum(*origin, depth + 1)


def _origin(item: exp.Expr, main: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """What a plain output is called in the subquery or CTE that it comes from."""
    inner = item
    while isinstance(inner, _WRAPPERS):
        inner = inner.this
    if not isinstance(inner, exp.Column):
        return None
    for query in _sources(main):
        for one in query.selects:
            if one.alias_or_name == inner.name:
                return one, query
    return None


def _sources(main: exp.Expr) -> Iterator[exp.Query]:
    names = {one.name for one in main.find_all(exp.Table) if not one.db}
    root = main.root()
    for cte in root.find_all(exp.CTE):
        if cte.alias in names and isinstance(cte.this, exp.Query) and cte.this is not main:
            yield cte.this
    from_ = main.args.get("from_")
    if from_ and isinstance(from_.this, exp.Subquery) and isinstance(from_.this.this, exp.Query):
        yield from_.this.this


def _render_named(item: exp.Expr) -> str:
    text = _text(item.unalias())
    return f"{item.alias} = {text}" if item.alias else text


def _filters(tree: exp.Expr) -> Iterator[str]:
    for node in tree.find_all(exp.Where, exp.Having, exp.Qualify):
        condition = node.this
        parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
        yield from map(_text, parts)


def _grain(main: exp.Expr) -> Iterator[str]:
    group = main.args.get("group")
    for item in group.expressions if group else ():
        is_place = isinstance(item, exp.Literal) and item.name.isdecimal()
        outputs = main.selects if is_place and isinstance(main, exp.Query) else []
        place = int(item.name) - 1 if outputs else 0
        yield _text(outputs[place].unalias() if 0 <= place < len(outputs) else item)


def _text(node: exp.Expr) -> str:
    """SQL as people read it: with the short names of tables, as the query has them."""
    return parsing.write(node)[:_MAX_TEXT]
