"""How many rows a query may give."""

from sqlglot import exp

from shared.errors import QueryFault, QueryRefused


def clamp(query: exp.Expr, most: int) -> None:
    """Limit the query itself, not those within it, to `most` rows. Raises QueryRefused for a limit
    that is not a plain number of rows."""
    given = query.args.get("limit")
    rows = most if given is None else min(most, _rows(given))
    query.set("limit", exp.Limit(expression=exp.Literal.number(rows)))


def check(query: exp.Expr, most: int) -> None:
    """Raises QueryRefused unless the query itself is limited to `most` rows."""
    limit = query.args.get("limit")
    if limit is None or _rows(limit) > most:
        raise QueryRefused(QueryFault.CONSTRUCT, "The rows of this query cannot be limited.")


def _rows(limit: exp.Expr) -> int:
    options = limit.args.get("limit_options")
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
    text = count.name if isinstance(count, exp.Literal) and not count.is_string else ""
    if not text.isdecimal() or (options and any(map(options.args.get, ("percent", "with_ties")))):
        raise QueryRefused(
            QueryFault.CONSTRUCT, "The LIMIT of the query must be a whole number of rows."
        )
    return int(text)
