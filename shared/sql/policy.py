"""What a query may read, and what the guard makes of one. Loading this loads no parser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_CHARACTERS = 20_000


class TableName(NamedTuple):
    """Names as Snowflake keeps them: in capitals unless they were made with quotation marks."""

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        return ".".join(self)


class ColumnName(NamedTuple):
    """A column of a table."""

    table: TableName
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be read, and how much of it.

    `databases` are allowed, and of them `schemas` ("SCHEMA" or "DATABASE.SCHEMA"; without any, all
    but INFORMATION_SCHEMA). `tables` are those that there are, each with all columns that the role
    sees; None: any table of the schemas, its columns unchecked. A name without database or schema
    lies in `database` and `schema`. The query gives `max_rows` + 1 rows at most: the last of them
    shows that there are more.
    """

    databases: frozenset[str]
    schemas: frozenset[str] = frozenset()
    tables: Mapping[TableName, Sequence[str]] | None = None
    database: str = ""
    schema: str = ""
    max_rows: int = 1000


@dataclass(frozen=True, slots=True)
class GuardedQuery:
    """A query that may run. `columns` are those that it reads, as far as the policy knows them;
    `outputs` the names of its result's columns, none where a star hides them."""

    sql: str
    tables: tuple[TableName, ...]
    columns: tuple[ColumnName, ...]
    outputs: tuple[str, ...]
    max_rows: int
