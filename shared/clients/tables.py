"""Azure Table Storage (or Cosmos DB for Table): rows, ETags, transactions. Only this speaks to it.

A row is a plain dict with PartitionKey and RowKey. Tables are made when they are first missed.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.data.tables import EdmType, EntityProperty, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.clients.azure_transport import ObservedTransport
from shared.clients.storage_errors import translate_errors
from shared.errors import WriteConflict
from shared.settings.storage import StorageSettings
from shared.telemetry.spans import Service

# A storage call either works within seconds or the caller is told; nothing waits for minutes.
_PATIENCE: dict[str, Any] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
    "connection_timeout": 5,
    "read_timeout": 10,
}
# What storage answers when a row is there already, has another ETag by now, or is gone.
_OVERTAKEN = {
    "EntityAlreadyExists",
    "UpdateConditionNotSatisfied",
    "ConditionNotMet",
    "ResourceNotFound",
    "EntityNotFound",
}

_INT32_BITS = 31
"""Without the sign."""

MAX_ROWS = 1000
"""As many rows as storage gives in one answer."""

T = TypeVar("T")
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read; `etag` is for a write that must not overtake another."""

    values: dict[str, Any]
    etag: str

    @property
    def key(self) -> str:
        return str(self.values["RowKey"])


class Verb(StrEnum):
    INSERT = "create"
    MERGE = "update"
    REPLACE = "upsert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction. MERGE changes the given properties of the row with `etag`;
    REPLACE puts the row there whatever was before. Without an ETag any version will do."""

    verb: Verb
    values: Values
    etag: str = ""

    def operation(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        options: dict[str, Any] = {}
        if self.verb is Verb.MERGE:
            options["mode"] = UpdateMode.MERGE
        elif self.verb is Verb.REPLACE:
            options["mode"] = UpdateMode.REPLACE
        if self.etag:
            options |= {"etag": self.etag, "match_condition": MatchConditions.IfNotModified}
        values = {name: _add_type(value) for name, value in self.values.items()}
        return self.verb.value, values, options


def service(
    settings: StorageSettings, credential: AsyncTokenCredential | None = None, **patience: Any
) -> TableServiceClient:
    """A client for a connection string or, without one, for an address and an identity; `patience`
    is what is to be otherwise than for all."""
    times = {**_PATIENCE, **patience}
    options = {**times, "transport": ObservedTransport(Service.STORAGE, times)}
    if settings.connection_string:
        return TableServiceClient.from_connection_string(settings.connection_string, **options)
    return TableServiceClient(settings.table_uri, credential=credential, **options)


class Table:
    """One table. Every method raises Unavailable when storage is away."""

    def __init__(self, tables: TableServiceClient, name: str) -> None:
        self._client: TableClient = tables.get_table_client(name)

    async def read(self, partition: str, key: str) -> Row | None:
        async def call() -> Row:
            return _row(await self._client.get_entity(partition, key))

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return None

    async def write(self, writes: Sequence[Write]) -> list[str]:
        """Apply all writes, of one partition, or none; their new ETags in order.

        Raises WriteConflict with the index of the write that was overtaken.
        """

        async def call() -> list[str]:
            operations = [write.operation() for write in writes]
            done = await self._client.submit_transaction(operations)
            return [str(part.get("etag", "")) for part in done]

        try:
            return await self._with_table(call)
        except TableTransactionError as error:
            if _code(error) in _OVERTAKEN:
                raise WriteConflict(error.index) from None
            raise

    async def delete(self, partition: str, key: str) -> None:
        """Delete a row, whatever it holds; one that is not there is deleted already."""

        async def call() -> None:
            await self._client.delete_entity(partition, key)

        with suppress(ResourceNotFoundError):
            await translate_errors(call)

    async def query(
        self,
        partition: str,
        start: str,
        end: str,
        *,
        equal: Mapping[str, str] | None = None,
        columns: Sequence[str] = (),
        page: int = MAX_ROWS,
    ) -> AsyncIterator[Row]:
        """The rows of a partition with `start` <= RowKey < `end`, in order, and with the
        columns `equal`: all their columns, or those named. A storage call brings `page` rows."""
        wanted = {} if equal is None else {f"v{n}": pair for n, pair in enumerate(equal.items())}
        pages = self._client.query_entities(
            "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end"
            + "".join(f" and {column} eq @{name}" for name, (column, _) in wanted.items()),
            parameters={"partition": partition, "start": start, "end": end}
            | {name: value for name, (_, value) in wanted.items()},
            select=[*columns] or None,
            results_per_page=page,
        ).by_page()
        while True:
            try:
                entities = await translate_errors(pages.__anext__)
            except (StopAsyncIteration, ResourceNotFoundError):
                return
            async for entity in entities:
                yield _row(entity)

    async def page(self, token: str) -> tuple[list[Row], str]:
        """Up to 1,000 rows of the whole table, and where the next page begins: "" after the last
        and, as `token`, for the first."""
        pages = self._client.list_entities(results_per_page=MAX_ROWS).by_page(
            continuation_token=json.loads(token) if token else None
        )
        try:
            entities = await translate_errors(pages.__anext__)
        except (StopAsyncIteration, ResourceNotFoundError):
            return [], ""
        rows = [_row(entity) async for entity in entities]
        following = pages.continuation_token  # type: ignore[attr-defined]
        return rows, json.dumps(following) if following else ""

    async def _with_table(self, call: Callable[[], Awaitable[T]]) -> T:
        """Run `call`; should the table be missing, make it and run `call` again."""
        try:
            return await translate_errors(call)
        except HttpResponseError as error:
            if _code(error) != "TableNotFound":
                raise
        with suppress(ResourceExistsError):  # Another process was faster; that is as good.
            await translate_errors(self._client.create_table)
        return await translate_errors(call)


def _add_type(value: Any) -> Any:
    """The SDK takes an int for one of 32 bits; larger ones need their type beside them."""
    is_large = type(value) is int and value.bit_length() > _INT32_BITS
    return EntityProperty(value, EdmType.INT64) if is_large else value


def _row(entity: Mapping[str, Any]) -> Row:
    metadata = entity.metadata  # type: ignore[attr-defined]
    values = {
        name: value.value if isinstance(value, EntityProperty) else value
        for name, value in entity.items()
    }
    return Row(values, str(metadata["etag"]))


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", "")
    return str(getattr(code, "value", code) or "")
