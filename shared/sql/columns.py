"""Which columns a query reads: each must be one of a table that it reads, or a name that the query
itself makes, which can reveal no more than the columns that it is made of."""

from collections.abc import Iterator, Sequence

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.scope import Scope, traverse_scope

from shared.errors import QueryFault, QueryRefused
from shared.sql import stars
from shared.sql.policy import ColumnName, TableName
from shared.sql.stars import Sources, Tables
from shared.sql.tables import Found

_ROW_NAMES = frozenset(("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"))
"""What FLATTEN and SPLIT_TO_TABLE give.
https://docs.snowflake.com/en/sql-reference/functions/flatten"""
_MAX_NAMED = 12


def check(tree: exp.Expr, found: Found, tables: Tables) -> tuple[ColumnName, ...]:
    """The columns of `tables` that the tree reads, sorted. Raises QueryRefused for a column that
    there is not. A star over a table becomes the table's columns."""
    try:
        scopes = {id(scope.expression): scope for scope in traverse_scope(tree)}
        read_by: dict[int, Sources] = {
            key: {name: found.get(id(node)) for name, (node, _) in scope.selected_sources.items()}
            for key, scope in scopes.items()
        }
    except OptimizeError as error:
        reason = f"The SQL is ambiguous: {str(error).rstrip('.')}."[:300]
        raise QueryRefused(QueryFault.SYNTAX, reason) from None
    for key, scope in scopes.items():
        if isinstance(scope.expression, exp.Select):
            stars.expand(scope.expression, read_by[key], tables)
    reader = _Reader(tree=tree, tables=tables, scopes=scopes, read_by=read_by)
    for column in tree.find_all(exp.Column):
        if not isinstance(column.this, exp.Star):
            reader.read(column)
    return tuple(sorted(reader.columns))


class _Reader:
    """Looks columns up from the query that they stand in outwards."""

    def __init__(
        self,
        *,
        tree: exp.Expr,
        tables: Tables,
        scopes: dict[int, Scope],
        read_by: dict[int, Sources],
    ) -> None:
        self.columns: set[ColumnName] = set()
        self._tables = tables
        self._scopes = scopes
        self._read_by = read_by
        self._made = set(_made_names(tree))
        self._made_sources = {alias.name for alias in tree.find_all(exp.TableAlias)}

    def read(self, column: exp.Column) -> None:
        """Note it when it is a table's. Raises QueryRefused when it is nobody's."""
        place = column.find_ancestor(exp.Pivot, exp.Query)
        if isinstance(place, exp.Pivot):
            self._check_turned(column, place)
            return
        around = list(self._around(column))
        if column.table:
            self._read_of(column.table, column.name, around)
            return
        sources = [source for scope in around for source in self._sources_of(scope).values()]
        tables = {table for table in sources if table}
        owners = {table for table in tables if column.name in self._tables[table]}
        self.columns |= {ColumnName(table, column.name) for table in owners}
        is_made = None in sources and column.name in self._made
        is_alias = any(column.name in _aliases(scope.expression) for scope in around)
        if tables and not (owners or is_made or is_alias):
            raise self._unknown(column.name, tables)

    def _check_turned(self, column: exp.Column, pivot: exp.Pivot) -> None:
        """A pivot turns a query, as tables in its place have become queries."""
        query = pivot.parent.this if isinstance(pivot.parent, exp.Subquery) else None
        if not isinstance(query, exp.Select) or query.is_star:
            return
        if column.name not in {*query.named_selects, *self._made}:
            raise QueryRefused(
                QueryFault.COLUMN, f"PIVOT gets no column {column.name[:100]} to work on."
            )

    def _around(self, column: exp.Column) -> Iterator[Scope]:
        node: exp.Expr | None = column
        while node is not None and id(node) not in self._scopes:
            node = node.parent
        scope = self._scopes.get(id(node))
        while scope is not None:
            yield scope
            scope = scope.parent

    def _sources_of(self, scope: Scope) -> Sources:
        return self._read_by[id(scope.expression)]

    def _read_of(self, source: str, name: str, around: Sequence[Scope]) -> None:
        names = next((n for n in map(self._sources_of, around) if source in n), None)
        table = names[source] if names else None
        if table:
            if name not in self._tables[table]:
                raise self._unknown(f"{source}.{name}", {table})
            self.columns.add(ColumnName(table, name))
        elif names is None and source not in self._made_sources:
            raise QueryRefused(
                QueryFault.COLUMN, f"{source}.{name}: nothing in FROM is called {source}."[:300]
            )

    def _unknown(self, name: str, tables: set[TableName]) -> QueryRefused:
        offered = "; ".join(
            f"{table} has {', '.join(self._tables[table][:_MAX_NAMED])}" for table in sorted(tables)
        )
        return QueryRefused(QueryFault.COLUMN, f"There is no column {name[:100]}: {offered}."[:600])


def _aliases(query: exp.Expr) -> list[str]:
    return [item.alias for item in query.expressions if isinstance(item, exp.Alias)]


def _made_names(tree: exp.Expr) -> Iterator[str]:
    """Every column name that the query makes, wherever."""
    for node in tree.walk():
        if isinstance(node, exp.Alias | exp.PivotAlias):
            yield node.alias
        elif isinstance(node, exp.TableAlias):
            yield from (column.name for column in node.columns)
        elif isinstance(node, exp.Lateral | exp.TableFromRows):
            yield from _ROW_NAMES
        elif isinstance(node, exp.Values):
            yield from (f"COLUMN{n}" for n in range(1, len(node.expressions[0].expressions) + 1))
        elif isinstance(node, exp.Pivot):
            names = node.find_all(exp.Identifier)
            yield from (name.name for name in names if not isinstance(name.parent, exp.Column))
