"""Snowflake's SQL on DuckDB, and what fakesnow leaves out: roles, foreign keys, query history."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow
import snowflake.connector.constants as types
import sqlglot
from fakesnow import transforms
from fakesnow.instance import FakeSnow
from sqlglot import exp

from infra.local.snowflake import DATABASE
from infra.local.snowflake.sample import Table

MAX_ROWS = 10_000
_HISTORY = "LOCAL_HISTORY.PUBLIC.QUERIES"
_HISTORY_CALL = re.compile(
    r"TABLE\(\s*\"?\w+\"?\.INFORMATION_SCHEMA\.QUERY_HISTORY\([^()]*\)\s*\)", re.IGNORECASE
)
_KEYS = re.compile(
    r"SHOW\s+(PRIMARY|IMPORTED)\s+KEYS\s+IN\s+SCHEMA\s+\"?(\w+)\"?\.\"?(\w+)\"?", re.IGNORECASE
)
_READING = (exp.Query, exp.Show, exp.Describe)
_PRIMARY_COLUMNS = ["database_name", "schema_name", "table_name", "column_name", "key_sequence"]
_FOREIGN_COLUMNS = [
    *("pk_database_name", "pk_schema_name", "pk_table_name", "pk_column_name"),
    *("fk_database_name", "fk_schema_name", "fk_table_name", "fk_column_name", "key_sequence"),
]

Json = dict[str, Any]


class QueryError(Exception):
    """A statement that is refused or fails; the text says why, as Snowflake does."""


@dataclass(frozen=True)
class Result:
    """`types` are what Snowflake's REST API calls them; every value is text, or None."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]
    query_id: str

    def as_json(self) -> Json:
        described = [
            {"name": name, "type": kind, "nullable": True}
            for name, kind in zip(self.columns, self.types, strict=True)
        ]
        meta = {"numRows": len(self.rows), "format": "jsonv2", "rowType": described}
        table = {"data": self.rows, "resultSetMetaData": meta}
        return {"result_set": table, "query_id": self.query_id}


@contextmanager
def _as_query_error() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever fakesnow and DuckDB have against it
        raise QueryError(" ".join(str(error).split())[:500]) from None


def _keep_exact(expression: exp.Expr) -> exp.Expr:
    """fakesnow lets aggregates calculate in binary floating point; Snowflake adds decimals."""
    if not isinstance(expression.parent, exp.Select) or not isinstance(expression, exp.AggFunc):
        return expression
    name = transforms.transforms._numeric_agg_col_name(expression, expression.this)
    return exp.alias_(expression, name, quoted=True) if name else expression


transforms.numeric_agg_implicit_cast = _keep_exact


class Warehouse:
    """What one role sees: only the schemas that it may see are there at all."""

    def __init__(
        self,
        tables: Iterable[Table],
        schemas: Sequence[str],
        script: str = "",
        reads_only: bool = True,
    ) -> None:
        snowflake = FakeSnow()
        self._tables = [table for table in tables if table.schema in schemas]
        self._reads_only = reads_only
        self._connection = snowflake.connect(database=DATABASE, schema="PUBLIC")
        self._duck = snowflake.duck_conn.cursor()
        self._lock = threading.Lock()
        for schema in schemas:
            self._execute(f"CREATE SCHEMA IF NOT EXISTS {DATABASE}.{schema}")
        for table in self._tables:
            self._load(table)
        for statement in filter(str.strip, script.split(";\n")):
            self._execute(statement)
        self._make_history()
        self._execute(f"USE SCHEMA {DATABASE}.PUBLIC")
        # As far as DuckDB goes: no files and no network for what comes from outside.
        snowflake.duck_conn.execute("SET enable_external_access = false")

    def run(self, sql: str) -> Result:
        """One statement that reads. Raises QueryError."""
        with self._lock:
            start = datetime.now(UTC)
            keys = _KEYS.match(sql)
            if keys:
                return self._keys(keys[1].upper() == "PRIMARY", keys[2].upper(), keys[3].upper())
            try:
                result = self._query(sql)
            except QueryError as error:
                self._remember("", sql, start, error=str(error))
                raise
            self._remember(result.query_id, sql, start, rows=len(result.rows))
            return result

    def _query(self, sql: str) -> Result:
        self._check(sql)
        cursor = self._execute(_HISTORY_CALL.sub(_HISTORY, sql))
        with _as_query_error():
            described = cursor.description or []
            rows = cursor.fetchmany(MAX_ROWS)
        return Result(
            [column.name for column in described],
            [types.FIELD_ID_TO_NAME[column.type_code].lower() for column in described],
            [[_text(value) for value in row] for row in rows],
            cursor.sfqid or "",
        )

    def _check(self, sql: str) -> None:
        """As a managed server whose SQL tool is configured as `read_only`."""
        try:
            parsed = sqlglot.parse(sql, dialect="snowflake")
        except (sqlglot.errors.SqlglotError, RecursionError) as error:
            raise QueryError(f"SQL compilation error: {str(error)[:300]}") from None
        if len(parsed) != 1 or parsed[0] is None:
            raise QueryError("Actual statement count did not match the desired statement count 1.")
        writes = list(parsed[0].find_all(exp.DML, exp.DDL, exp.Into, exp.Command))
        writes = [node for node in writes if not isinstance(node, exp.Query)]
        if self._reads_only and (writes or not isinstance(parsed[0], _READING)):
            raise QueryError("SQL execution is restricted to read-only statements.")

    def _execute(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        with _as_query_error():
            cursor.execute(sql)
        return cursor

    def _load(self, table: Table) -> None:
        columns = ", ".join(f"{name} {kind}" for name, kind, _ in table.columns)
        keys = ", ".join(table.key)
        name = f"{DATABASE}.{table.schema}.{table.name}"
        self._execute(f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({keys}))")
        self._execute(f"COMMENT ON TABLE {name} IS '{table.comment}'")
        for column, _, comment in table.columns:
            # fakesnow reads DuckDB's comments of columns, but sets none.
            self._duck.execute(f"COMMENT ON COLUMN {name}.{column} IS '{comment}'")
        names = [column for column, *_ in table.columns]
        values = [list(column) for column in zip(*table.rows, strict=True)]
        self._duck.register("loaded", pyarrow.table(values, names=names))
        self._duck.execute(f"INSERT INTO {name} SELECT * FROM loaded")  # noqa: S608  our own names
        self._duck.unregister("loaded")

    def _make_history(self) -> None:
        self._execute("CREATE DATABASE LOCAL_HISTORY")
        self._execute("CREATE SCHEMA IF NOT EXISTS LOCAL_HISTORY.PUBLIC")
        self._execute(
            f"CREATE TABLE {_HISTORY} (QUERY_ID VARCHAR, QUERY_TEXT VARCHAR, "
            "EXECUTION_STATUS VARCHAR, ERROR_MESSAGE VARCHAR, ROWS_PRODUCED INTEGER, "
            "START_TIME TIMESTAMP)"
        )

    def _remember(
        self, query_id: str, sql: str, start: datetime, error: str | None = None, rows: int = 0
    ) -> None:
        status = "FAILED_WITH_ERROR" if error else "SUCCESS"
        self._duck.execute(
            f"INSERT INTO {_HISTORY} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
            [query_id, sql, status, error, rows, start.replace(tzinfo=None)],
        )

    def _keys(self, primary: bool, database: str, schema: str) -> Result:
        tables = [t for t in self._tables if (DATABASE, t.schema) == (database, schema)]
        names = _PRIMARY_COLUMNS if primary else _FOREIGN_COLUMNS
        rows: list[list[str | None]] = []
        for table in tables:
            own = [database, schema, table.name]
            if primary:
                rows += [[*own, name, str(place)] for place, name in enumerate(table.key, 1)]
            else:
                rows += [
                    [database, "PUBLIC", to, key, *own, name, "1"]
                    for name, to, key in table.foreign
                ]
        return Result(names, ["text"] * (len(names) - 1) + ["fixed"], rows, "")


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | timedelta):
        return str(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
