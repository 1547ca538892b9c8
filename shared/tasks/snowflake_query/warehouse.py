"""The Snowflake of a department: its connection, what its role may read, and what is remembered of
its tables for a while."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self, TypeVar

from shared.clients.mcp.connection import SnowflakeConnection, SnowflakeConnections
from shared.errors import Forbidden, PermanentFailure, SettingsError
from shared.models import StoredUser
from shared.sql.policy import Policy, TableName
from shared.tasks.base import DataFault
from shared.tasks.dependencies import Provider
from shared.tasks.snowflake_query.models import TaskData
from shared.tasks.snowflake_query.semantic_layer import SemanticLayer

T = TypeVar("T")

REMEMBERED_SECONDS = 600.0
_MAX_REMEMBERED = 2_000


@dataclass
class Memory:
    """What one role was told of its tables, each for ten minutes."""

    known: dict[str, tuple[float, Any]] = field(default_factory=dict)
    turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def recall(self, name: str, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `ask` answered to this name a while ago at most."""
        until, value = self.known.get(name, (0.0, None))
        if time.monotonic() >= until:
            value = await ask()
            if len(self.known) >= _MAX_REMEMBERED:
                self.known.clear()
            self.known[name] = (time.monotonic() + REMEMBERED_SECONDS, value)
        found: T = value
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where names without a database or schema lie, and what may be read at all."""

    connection: SnowflakeConnection
    memory: Memory
    databases: tuple[str, ...]
    schemas: frozenset[str]
    database: str
    schema: str

    def policy(self, tables: Mapping[TableName, list[str]], max_rows: int) -> Policy:
        return Policy(
            databases=frozenset(self.databases),
            schemas=self.schemas,
            tables=tables,
            database=self.database,
            schema=self.schema,
            max_rows=max_rows,
        )


class Warehouses:
    """The Snowflakes that the settings name; `layer` is what people call things in them."""

    def __init__(self, connections: SnowflakeConnections, layer: SemanticLayer) -> None:
        self._connections = connections
        self.settings = connections.settings
        self.layer = layer
        self._memories: dict[int, Memory] = {}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        connections = SnowflakeConnections.from_environment(environment)
        if not connections.settings.databases:
            raise SettingsError(
                "The setting SNOWFLAKE_DATABASES is missing: list the databases that may be asked."
            )
        return cls(connections, SemanticLayer.from_environment(environment))

    def place_of(self, owner: StoredUser | None, data: TaskData) -> Place:
        """Raises PermanentFailure where the ticket wants a database or schema that is not
        allowed, or its owner's department has no connection."""
        connection = self._connections.connection_of(owner.given_department if owner else None)
        known, fault = self.settings, self.find_fault(data)
        if fault:
            raise PermanentFailure(f"{fault.key} {fault.text}")
        database, schema = _kept(data.database), _kept(data.schema_name)
        allowed = {one.rpartition(".")[2] for one in known.schemas}
        databases = (database,) if database else tuple(sorted(known.databases))
        return Place(
            connection=connection,
            memory=self._memories.setdefault(id(connection), Memory()),
            databases=databases,
            schemas=frozenset({schema}) if schema else known.schemas,
            database=databases[0] if len(databases) == 1 else "",
            schema=schema or (allowed.pop() if len(allowed) == 1 else "PUBLIC"),
        )

    def find_fault(self, data: TaskData) -> DataFault | None:
        """What is wrong with where the question is to be asked."""
        database, schema = _kept(data.database), _kept(data.schema_name)
        if database and database not in self.settings.databases:
            return DataFault(key="database", text="names a database that may not be asked here.")
        allowed = {one.rpartition(".")[2] for one in self.settings.schemas}
        if schema and (schema == "INFORMATION_SCHEMA" or (allowed and schema not in allowed)):
            return DataFault(key="schema", text="names a schema that may not be asked here.")
        return None

    def today(self, moment: datetime) -> date:
        return self.settings.today(moment)


def check_requester(user: StoredUser, _: TaskData, use: Provider) -> None:
    """Raises Forbidden for who may not ask Snowflake."""
    if not use(Warehouses).settings.may_ask(user.role, user.given_department):
        raise Forbidden(
            "You may not ask Snowflake: an administrator can add your role or department to the "
            "setting SNOWFLAKE_ALLOWED."
        )


async def find_fault(data: TaskData, use: Provider) -> DataFault | None:
    """Nothing where Snowflake is not set up: the ticket then fails with a sentence that says so."""
    try:
        return use(Warehouses).find_fault(data)
    except PermanentFailure:
        return None


def _kept(name: str | None) -> str:
    """As Snowflake keeps a name that stands without quotation marks, or within them."""
    name = name or ""
    quoted = name.startswith('"') and name.endswith('"') and len(name) > 2
    return name[1:-1] if quoted else name.upper()
