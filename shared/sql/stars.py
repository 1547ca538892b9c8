"""A star over a table becomes the columns that the policy lists, so that it gives no others."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from shared.errors import QueryFault, QueryRefused
from shared.sql.policy import TableName
from shared.sql.tables import Found, identifier

Tables = Mapping[TableName, Sequence[str]]
Sources = Mapping[str, TableName | None]
"""Which table each name of a FROM clause stands for; None for what the query makes."""


def expand(query: exp.Select, sources: Sources, tables: Tables) -> None:
    """Replace the stars of the query's own list that mean tables. Raises QueryRefused."""
    if any(sources.values()) and any(item.is_star for item in query.expressions):
        merged = _find_merged(query)
        wanted: list[exp.Expr] = []
        for item in query.expressions:
            wanted += _expand(item, sources, tables, merged) if item.is_star else [item]
        query.set("expressions", wanted)


def wrap_pivoted(tree: exp.Expr, found: Found, tables: Tables) -> None:
    """A table under PIVOT or UNPIVOT, which groups by all its other columns, becomes a query that
    names its columns."""
    for node in [one for one in tree.find_all(exp.Table) if one.args.get("pivots")]:
        if id(node) in found:
            inner = exp.Table(**{part: node.args[part] for part in ("this", "db", "catalog")})
            names = tables[found[id(node)]]
            query = exp.select(*(exp.column(identifier(name)) for name in names)).from_(inner)
            found[id(inner)] = found.pop(id(node))
            node.replace(
                exp.Subquery(this=query, alias=node.args.get("alias"), pivots=node.args["pivots"])
            )


def _expand(
    star: exp.Expr,
    sources: Sources,
    tables: Tables,
    merged: frozenset[str],
) -> Iterator[exp.Expr]:
    inner = star if isinstance(star, exp.Star) else star.this
    owner = star.table if isinstance(star, exp.Column) else ""
    left_out = _left_out(inner)
    given: set[str] = set()
    for source, table in sources.items():
        if owner not in ("", source):
            continue
        if not source:
            raise QueryRefused(QueryFault.CONSTRUCT, "Beside a star each subquery needs a name.")
        if table is None:
            yield exp.Column(this=inner.copy(), table=identifier(source))
            given |= merged
            continue
        for name in tables[table]:
            joined = name in merged and not owner
            if name not in left_out and not (joined and name in given):
                given.add(name)
                yield exp.column(identifier(name), None if joined else identifier(source))


def _left_out(star: exp.Expr) -> frozenset[str]:
    if set(filter(star.args.get, star.args)) - {"except_"}:
        raise QueryRefused(
            QueryFault.CONSTRUCT, "Only EXCLUDE may follow a star; name the columns instead."
        )
    return frozenset(one.name for one in star.args.get("except_") or ())


def _find_merged(query: exp.Select) -> frozenset[str]:
    """The columns that joins make one of two."""
    joins = query.args.get("joins") or ()
    if any(join.method == "NATURAL" for join in joins):
        raise QueryRefused(
            QueryFault.CONSTRUCT, "With a NATURAL JOIN the columns must be named, not a star."
        )
    return frozenset(name.name for join in joins for name in join.args.get("using") or ())
