"""Finds out what tables there are, by the program's own statements: tables and columns of all
allowed schemas, keys and example values of those that the question may be about."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from shared.clients.mcp.rows import Rows
from shared.clients.side_by_side import gather_within
from shared.errors import PermanentFailure, QueryFailed
from shared.sql import templates
from shared.sql.policy import TableName
from shared.tasks.snowflake_query.catalogue import (
    Catalogue,
    ColumnInfo,
    ForeignKey,
    TableInfo,
    prune,
)
from shared.tasks.snowflake_query.semantic_layer import SemanticLayer
from shared.tasks.snowflake_query.warehouse import Place

_MAX_TABLES = 5_000
_MAX_COLUMNS = 50_000
_EXAMPLES = 8
_MAX_EXAMPLE = 60
_MAX_EXAMPLED = 20
_AT_ONCE = 4

_Keys = dict[tuple[str, str], list[str]]
_Foreign = dict[tuple[str, str], list[ForeignKey]]


async def discover(place: Place) -> Catalogue:
    """All tables that may be read, with their columns. Raises StepError."""
    found = await asyncio.gather(*(_remember(place, database) for database in place.databases))
    tables = [table for one in found for table in one.tables]
    if not tables:
        raise PermanentFailure(
            "The role of this Snowflake connection sees no table that may be asked."
        )
    return Catalogue(tables=tables, is_partial=any(one.is_partial for one in found))


async def narrow(
    place: Place, catalogue: Catalogue, question: str, layer: SemanticLayer
) -> tuple[Catalogue, Catalogue]:
    """All tables with the keys that are known, and those that the question may be about, with
    examples. Raises StepError."""
    schemas = {(one.database, one.schema_name) for one in catalogue.tables}
    if len(schemas) > _AT_ONCE:  # Too many to ask: only those of what seems to be meant.
        meant = prune(catalogue, question, layer)
        schemas = {(one.database, one.schema_name) for one in meant.tables}
    keyed = await _with_keys(place, catalogue, schemas)
    pruned = prune(keyed, question, layer)
    tables = await gather_within(
        _AT_ONCE, lambda table: _with_examples(place, table), pruned.tables
    )
    return keyed, pruned.model_copy(update={"tables": tables})


async def _remember(place: Place, database: str) -> Catalogue:
    schemas = _schemas_in(place.schemas, database)

    async def ask() -> Catalogue:
        tables, columns = await asyncio.gather(
            place.connection.query(templates.list_tables(database, schemas, _MAX_TABLES)),
            place.connection.query(templates.list_columns(database, schemas, _MAX_COLUMNS)),
        )
        return _catalogue(database, tables, columns)

    return await place.memory.recall(f"tables {database} {' '.join(schemas)}", ask)


def _schemas_in(schemas: Iterable[str], database: str) -> list[str]:
    """The names of the allowed schemas within a database."""
    parts = (one.rpartition(".") for one in schemas)
    return sorted({name for owner, _, name in parts if owner in ("", database)})


def _catalogue(database: str, tables: Rows, columns: Rows) -> Catalogue:
    by_table: dict[tuple[str, str], list[ColumnInfo]] = defaultdict(list)
    for schema, table, name, kind, _, comment in (map(_text, row[:6]) for row in columns.rows):
        by_table[schema, table].append(ColumnInfo(name=name, type=kind, comment=comment))
    found = [
        TableInfo(
            database=database,
            schema_name=_text(row[0]),
            name=_text(row[1]),
            row_count=row[3] if isinstance(row[3], int) else None,
            comment=_text(row[4]),
            columns=by_table[_text(row[0]), _text(row[1])],
        )
        for row in tables.rows
    ]
    is_partial = len(tables.rows) >= _MAX_TABLES or len(columns.rows) >= _MAX_COLUMNS
    return Catalogue(tables=[one for one in found if one.columns], is_partial=is_partial)


async def _with_keys(
    place: Place, catalogue: Catalogue, schemas: Iterable[tuple[str, str]]
) -> Catalogue:
    async def keys_of(pair: tuple[str, str]) -> tuple[_Keys, _Foreign]:
        database, schema = pair
        return await place.memory.recall(
            f"keys {database} {schema}", lambda: _ask_keys(place, database, schema)
        )

    wanted = sorted(schemas)
    found = dict(zip(wanted, await gather_within(_AT_ONCE, keys_of, wanted), strict=True))

    def keyed(table: TableInfo) -> TableInfo:
        primary, foreign = found.get((table.database, table.schema_name), ({}, {}))
        name = (table.schema_name, table.name)
        known = {"key": primary.get(name, []), "foreign": foreign.get(name, [])}
        return table.model_copy(update=known)

    return catalogue.model_copy(update={"tables": list(map(keyed, catalogue.tables))})


async def _ask_keys(place: Place, database: str, schema: str) -> tuple[_Keys, _Foreign]:
    """Nothing of either where the role may not look, or the server knows no SHOW."""
    primary, imported = await asyncio.gather(
        _rows(place, templates.list_primary_keys(database, schema)),
        _rows(place, templates.list_foreign_keys(database, schema)),
    )
    ordered = sorted(primary, key=lambda row: int(row.get("key_sequence") or 0))
    keys: _Keys = defaultdict(list)
    for row in ordered:
        keys[row.get("schema_name", schema), row["table_name"]].append(row["column_name"])
    foreign: _Foreign = defaultdict(list)
    for row in imported:
        foreign[row["fk_schema_name"], row["fk_table_name"]].append(
            ForeignKey(
                column=row["fk_column_name"],
                to_schema=row["pk_schema_name"],
                to_table=row["pk_table_name"],
                to_column=row["pk_column_name"],
            )
        )
    return dict(keys), dict(foreign)


async def _rows(place: Place, sql: str) -> list[dict[str, str]]:
    try:
        found = await place.connection.query(sql)
    except QueryFailed:
        return []
    names = [name.lower() for name in found.columns]
    rows = [dict(zip(names, map(_text, row), strict=True)) for row in found.rows]
    known = ({"table_name", "column_name"}, {"fk_table_name", "pk_table_name", "fk_column_name"})
    return [row for row in rows if any(want <= set(row) for want in known)]


async def _with_examples(place: Place, table: TableInfo) -> TableInfo:
    """Values of text columns, so that a filter is written as the data is."""
    texts = [column.name for column in table.columns if column.is_text][:_MAX_EXAMPLED]
    if not texts:
        return table
    found = await place.memory.recall(
        f"examples {table.full_name} {' '.join(texts)}",
        lambda: _ask_examples(place, table.full_name, texts),
    )
    columns = [
        column.model_copy(update={"examples": found.get(column.name, [])})
        for column in table.columns
    ]
    return table.model_copy(update={"columns": columns})


async def _ask_examples(
    place: Place, table: TableName, columns: Sequence[str]
) -> dict[str, list[str]]:
    try:
        rows = await place.connection.query(templates.sample_values(table, columns, _EXAMPLES))
    except QueryFailed:  # A view that does not work any more, or a masked column.
        return {}
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in (map(_text, row[:2]) for row in rows.rows):
        found[name].append(value[:_MAX_EXAMPLE])
    return dict(found)


def _text(value: object) -> str:
    return "" if value is None else str(value)
