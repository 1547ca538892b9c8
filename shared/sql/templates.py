"""The statements that the program itself sends: fixed texts, into which only quoted names, quoted
texts and whole numbers are put. They do not pass the guard, which refuses what most of them read.

https://docs.snowflake.com/en/sql-reference/info-schema
"""

# ruff: noqa: S608 - putting statements together, with everything quoted, is what this is for

import re
from collections.abc import Sequence

from shared.sql.policy import TableName

_MAX_NAME = 255
_MAX_SCANNED = 10_000
_HISTORY_ROWS = 1_000
_TAG = re.compile(r"[A-Za-z0-9_-]{1,100}")
_QUERY_ID = re.compile(r"[0-9A-Fa-f-]{1,64}")


def quote_name(name: str) -> str:
    """An identifier as it is kept, whatever is in it. Raises ValueError for what is none."""
    if not 0 < len(name) <= _MAX_NAME or "\0" in name:
        raise ValueError("a name of Snowflake has 1 to 255 characters, none of them NUL")
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A string constant. Raises ValueError for NUL."""
    if "\0" in text:
        raise ValueError("a text of Snowflake has no NUL")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def list_tables(database: str, schemas: Sequence[str], limit: int) -> str:
    """TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ROW_COUNT, COMMENT, LAST_ALTERED; of all schemas where
    none are named."""
    return (
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ROW_COUNT, COMMENT, LAST_ALTERED "
        f"FROM {_information(database)}.TABLES WHERE {_within(schemas)} "
        f"ORDER BY TABLE_SCHEMA, TABLE_NAME LIMIT {int(limit)}"
    )


def list_columns(database: str, schemas: Sequence[str], limit: int) -> str:
    """TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COMMENT, in their order."""
    return (
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COMMENT "
        f"FROM {_information(database)}.COLUMNS WHERE {_within(schemas)} "
        f"ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION LIMIT {int(limit)}"
    )


def list_primary_keys(database: str, schema: str) -> str:
    """table_name, column_name, key_sequence, and more."""
    return f"SHOW PRIMARY KEYS IN SCHEMA {quote_name(database)}.{quote_name(schema)}"


def list_foreign_keys(database: str, schema: str) -> str:
    """pk_schema_name, pk_table_name, pk_column_name, fk_schema_name, fk_table_name, fk_column_name,
    and more."""
    return f"SHOW IMPORTED KEYS IN SCHEMA {quote_name(database)}.{quote_name(schema)}"


def sample_values(table: TableName, columns: Sequence[str], limit: int) -> str:
    """COLUMN_NAME, EXAMPLE: some distinct values of each column, out of the first rows that there
    are, so that a large table costs little."""
    return " UNION ALL ".join(_sample(table, column, int(limit)) for column in columns)


def latest_value(table: TableName, column: str) -> str:
    """LATEST: the greatest value of a column, to tell how fresh the table is."""
    return f"SELECT MAX({quote_name(column)}) AS LATEST FROM {_table(table)}"


def find_in_history(database: str, tag: str) -> str:
    """QUERY_ID, EXECUTION_STATUS, ERROR_MESSAGE, ROWS_PRODUCED of the last query with a `tag`, as
    far as the role may look. https://docs.snowflake.com/en/sql-reference/functions/query_history"""
    return (
        "SELECT QUERY_ID, EXECUTION_STATUS, ERROR_MESSAGE, ROWS_PRODUCED "
        f"FROM TABLE({_information(database)}.QUERY_HISTORY(RESULT_LIMIT => {_HISTORY_ROWS})) "
        f"WHERE ENDSWITH(QUERY_TEXT, {quote_text(_comment(tag))}) "
        "ORDER BY START_TIME DESC LIMIT 1"
    )


def result_of(query_id: str) -> str:
    """The rows of a query of the last 24 hours. Raises ValueError for what is no id."""
    if not _QUERY_ID.fullmatch(query_id):
        raise ValueError("a query id has hexadecimal digits and hyphens alone")
    return f"SELECT * FROM TABLE(RESULT_SCAN({quote_text(query_id)}))"


def tag_query(sql: str, tag: str) -> str:
    """Guarded SQL with a trailing comment, by which the query is found in the history. Raises
    ValueError for a tag of anything but letters, digits, _ and -."""
    return f"{sql} {_comment(tag)}"


def _comment(tag: str) -> str:
    if not _TAG.fullmatch(tag):
        raise ValueError("a tag has letters, digits, _ and - alone, 100 at most")
    return f"/* amida {tag} */"


def _sample(table: TableName, column: str, limit: int) -> str:
    name = quote_name(column)
    return (
        "SELECT COLUMN_NAME, EXAMPLE FROM ("
        f"SELECT DISTINCT {quote_text(column)} AS COLUMN_NAME, CAST({name} AS VARCHAR) AS EXAMPLE "
        f"FROM (SELECT {name} FROM {_table(table)} WHERE NOT {name} IS NULL LIMIT {_MAX_SCANNED}) "
        f"ORDER BY EXAMPLE LIMIT {limit})"
    )


def _table(table: TableName) -> str:
    return ".".join(map(quote_name, table))


def _information(database: str) -> str:
    return f"{quote_name(database)}.INFORMATION_SCHEMA"


def _within(schemas: Sequence[str]) -> str:
    if not schemas:
        return "TABLE_SCHEMA <> 'INFORMATION_SCHEMA'"
    return f"TABLE_SCHEMA IN ({', '.join(map(quote_text, schemas))})"
