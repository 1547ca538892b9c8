"""The read-only guard: what a model, an analyst or a file wrote becomes one query that reads
allowed columns of allowed tables, or is refused with a reason.

What is sent is not the text that came but SQL made anew from what was checked: without comments,
tables with database and schema, rows limited. Everything is an allow-list, the kinds of syntax too,
so that what nobody thought of is refused.
"""

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


def guard(sql: str, policy: Policy) -> GuardedQuery:
    """The query as it may run. Raises QueryRefused.

    Takes some milliseconds, the worst that its limits let through a second: from a coroutine, call
    it on a thread.
    """
    from shared.sql import checking  # sqlglot is for tickets that ask

    return checking.guarded(sql, policy)
