"""The read-only guard: what a model, an analyst or a file wrote becomes one query that reads
allowed columns of allowed tables, or is refused with a reason.

What is sent is not the text that came but SQL made anew from what was checked: without comments,
tables with database and schema, rows limited. Everything is an allow-list, the kinds of syntax too,
so that what nobody thought of is refused.
"""

import re

from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from shared.errors import QueryFault, QueryRefused
from shared.sql import columns, limits, parsing, stars, tables
from shared.sql.allowed import NODES, PARTS, PLAIN_FUNCTIONS, TYPES_REFUSED
from shared.sql.policy import ColumnName, GuardedQuery, Policy

_PSEUDO_COLUMN = re.compile(r"(?i)(next|curr)val$|metadata\$|\$")
_ROW_SOURCES = (exp.Explode, exp.SplitToTable, exp.Select, exp.SetOperation)


def guard(sql: str, policy: Policy) -> GuardedQuery:
    """The query as it may run. Raises QueryRefused.

    Takes some milliseconds, the worst that its limits let through a second: from a coroutine, call
    it on a thread.
    """
    try:
        return _rewrite(sql, policy)
    except QueryRefused:
        raise
    except Exception:  # what sqlglot stumbles over is nothing that could be let through
        raise QueryRefused(QueryFault.SYNTAX, "The SQL cannot be analysed.") from None


def _rewrite(sql: str, policy: Policy) -> GuardedQuery:
    tree = parsing.parse(sql)
    check(tree)
    tree = normalize_identifiers(tree, dialect=parsing.DIALECT)
    found = tables.qualify(tree, policy)
    read: tuple[ColumnName, ...] = ()
    if policy.tables is not None:
        stars.wrap_pivoted(tree, found, policy.tables)
        read = columns.check(tree, found, policy.tables)
    limits.clamp(tree, policy.max_rows + 1)
    sent = parsing.write(tree)
    # What is sent is what counts: it must be within the rules when it is read again, too.
    again = parsing.parse(sent)
    check(again)
    limits.check(again, policy.max_rows + 1)
    names = tuple(again.named_selects) if isinstance(again, exp.Query) and not again.is_star else ()
    return GuardedQuery(sent, tuple(sorted(set(found.values()))), read, names, policy.max_rows)


def check(tree: exp.Expr) -> None:
    """Raises QueryRefused unless the tree is a query of allowed syntax and functions only."""
    if not isinstance(tree.unnest(), exp.Select | exp.SetOperation):
        raise QueryRefused(
            QueryFault.NOT_READING, "Only a query that reads is allowed: SELECT, or WITH … SELECT."
        )
    for node in tree.walk():
        _check_kind(node)
        _check_parts(node)
        _check_value(node)


def _check_kind(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        name = node.name
        if name.upper() not in PLAIN_FUNCTIONS or not isinstance(node.this, str):
            raise _function_refused(name)
    elif type(node) not in NODES:
        if isinstance(node, exp.Func):
            raise _function_refused(node.sql_name())
        raise _construct_refused(type(node).__name__)


def _check_parts(node: exp.Expr) -> None:
    kind = exp.SetOperation if isinstance(node, exp.SetOperation) else type(node)
    if kind in PARTS:
        for name, value in node.args.items():
            if value and name not in PARTS[kind]:
                raise _construct_refused(f"{kind.__name__} with {name}")


def _check_value(node: exp.Expr) -> None:
    """What the kind of a node does not tell."""
    if isinstance(node, exp.Table):
        _check_name(node)
    elif isinstance(node, exp.Lateral | exp.TableFromRows):
        if not isinstance(node.this.unnest(), _ROW_SOURCES):
            raise _construct_refused(type(node).__name__)
    elif isinstance(node, exp.DataType) and node.this in TYPES_REFUSED:
        raise QueryRefused(QueryFault.CONSTRUCT, "The SQL casts to a type that is not allowed.")
    elif isinstance(node, exp.Star) and not _is_projected(node):
        raise QueryRefused(QueryFault.CONSTRUCT, "A star may only follow SELECT or COUNT(.")
    elif isinstance(node, exp.Pivot) and node.find(exp.Query):
        raise QueryRefused(QueryFault.CONSTRUCT, "PIVOT needs its values listed, not queried.")
    elif isinstance(node, exp.Column) and _PSEUDO_COLUMN.match(node.name):
        raise QueryRefused(QueryFault.COLUMN, f"{node.name[:100]} is no column of a table.")


def _check_name(table: exp.Table) -> None:
    parts = [table.this, table.args.get("db"), table.args.get("catalog")]
    given = [part for part in parts if part is not None]
    if not all(isinstance(part, exp.Identifier) and part.this for part in given):
        raise QueryRefused(
            QueryFault.TABLE, "Tables must be named; no stages, IDENTIFIER() or table functions."
        )


def _is_projected(star: exp.Star) -> bool:
    """Whether it is `SELECT *`, `SELECT t.*` or `COUNT(*)`."""
    owner = star.parent.parent if isinstance(star.parent, exp.Column) else star.parent
    return isinstance(owner, exp.Select) or (owner is star.parent and isinstance(owner, exp.Count))


def _function_refused(name: str) -> QueryRefused:
    return QueryRefused(QueryFault.FUNCTION, f"The function {name[:60].upper()} is not allowed.")


def _construct_refused(name: str) -> QueryRefused:
    return QueryRefused(
        QueryFault.CONSTRUCT, f"The SQL uses something that a query may not have here ({name})."
    )
