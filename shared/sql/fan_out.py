"""Where a join may repeat rows that a sum then counts several times, and the query that tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from shared.sql import parsing
from shared.sql.policy import TableName
from shared.sql.tables import identifier

Keys = Mapping[TableName, Sequence[str]]
"""The columns of primary keys; a table whose key is not known is not there."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """`sql` counts rows and keys of `table` within the query: ROWS_READ, KEYS_READ. It is empty
    where the key of the table is not known."""

    table: TableName
    sql: str


def find_fan_out(sql: str, keys: Keys) -> FanOut | None:
    """The first place where a join can repeat the rows of a table that are added up; None where
    none can, by the keys. Raises QueryRefused."""
    tree = parsing.parse(sql)
    for select in tree.find_all(exp.Select):
        sources = _sources(select)
        if len(sources) < 2:
            continue
        for alias in dict.fromkeys(_find_summed(select, sources)):
            others = [one for one in sources if one != alias]
            if all(_is_unique(select, one, keys.get(sources[one], ())) for one in others):
                continue
            key = keys.get(sources[alias], ())
            return FanOut(sources[alias], _count(select, alias, key) if key else "")
    return None


def _sources(select: exp.Select) -> dict[str, TableName]:
    """The tables of a FROM clause by alias; none where it has anything else, or the query looks
    out of itself."""
    from_ = select.args.get("from_")
    items = [from_.this, *(join.this for join in select.args.get("joins") or ())] if from_ else []
    if not all(isinstance(one, exp.Table) and one.db for one in items):
        return {}
    found = {one.alias_or_name: TableName(one.catalog, one.db, one.name) for one in items}
    outside = {column.table for column in select.find_all(exp.Column)} - {"", *found}
    inner = {one.alias_or_name for one in select.find_all(exp.Table)}
    return found if len(found) == len(items) and outside <= inner else {}


def _find_summed(select: exp.Select, sources: Mapping[str, TableName]) -> Iterator[str]:
    """The tables whose columns are added up, counted or averaged as they come."""
    for item in select.expressions:
        for node in item.find_all(exp.Sum, exp.Avg, exp.Count):
            if node.find(exp.Distinct) or node.find_ancestor(exp.Select) is not select:
                continue
            yield from (one.table for one in node.find_all(exp.Column) if one.table in sources)


def _is_unique(select: exp.Select, alias: str, key: Sequence[str]) -> bool:
    """Whether each row of the others meets one row of this table at most: its whole key is said to
    equal something of theirs."""
    conditions = [join.args.get("on") for join in select.args.get("joins") or ()]
    where = select.args.get("where")
    conditions += [where.this] if where else []
    fixed = {name for one in conditions if one for name in _find_fixed(one, alias)}
    for join in select.args.get("joins") or ():
        if join.this.alias_or_name == alias or len(_sources(select)) == 2:
            fixed |= {one.name for one in join.args.get("using") or ()}
    return bool(key) and set(key) <= fixed


def _find_fixed(condition: exp.Expr, alias: str) -> Iterator[str]:
    """The columns of a table that a condition says to equal something outside of it."""
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    for part in parts:
        if isinstance(part.unnest(), exp.EQ):
            equal = part.unnest()
            for one, other in ((equal.this, equal.expression), (equal.expression, equal.this)):
                mine = isinstance(one, exp.Column) and one.table == alias
                if mine and all(c.table != alias for c in other.find_all(exp.Column)):
                    yield one.name


def _count(select: exp.Select, alias: str, key: Sequence[str]) -> str:
    columns = [exp.column(identifier(name), identifier(alias)) for name in key]
    inner = exp.select(*(c.copy() for c in columns), exp.alias_(exp.Count(this=exp.Star()), "N"))
    for part in ("from_", "joins", "where"):
        value = select.args.get(part)
        if value:
            inner.set(part, [one.copy() for one in value] if part == "joins" else value.copy())
    inner = inner.where(exp.Not(this=exp.Is(this=columns[0].copy(), expression=exp.Null())))
    inner = inner.group_by(*(c.copy() for c in columns))
    outer = exp.select("SUM(N) AS ROWS_READ", "COUNT(*) AS KEYS_READ").from_(
        inner.subquery("COUNTED")
    )
    root = select.root()
    with_ = root.args.get("with_")
    if with_ and not select.find_ancestor(exp.CTE):
        outer.set("with_", with_.copy())
    return parsing.write(outer)
