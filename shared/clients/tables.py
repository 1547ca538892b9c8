"""Azure Table Storage (or Cosmos DB for Table): rows, ETags, transactions. Only this speaks to it.

A row is a plain dict with PartitionKey and RowKey. Tables are made when they are first missed.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    DeserializationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.core.rest import HttpRequest
from azure.data.tables import EntityProperty
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.clients.azure_transport import ConnectionPool, ObservedTransport
from shared.clients.storage_errors import translate_errors
from shared.clients.table_batches import BatchRefusal, Verb, Write, decode_batch, encode_batch
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

MAX_ROWS = 1000
"""As many rows as storage gives in one answer."""

T = TypeVar("T")

__all__ = ["MAX_ROWS", "Row", "Table", "Verb", "Write", "service"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read; `etag` is for a write that must not overtake another."""

    values: dict[str, Any]
    etag: str

    @property
    def key(self) -> str:
        return str(self.values["RowKey"])


def service(
    settings: StorageSettings,
    credential: AsyncTokenCredential | None = None,
    connections: ConnectionPool | None = None,
    **patience: Any,
) -> TableServiceClient:
    """A client for a connection string or, without one, for an address and an identity; `patience`
    is what is to be otherwise than for all."""
    times = {**_PATIENCE, **patience}
    options = {**times, "transport": ObservedTransport(Service.STORAGE, times, connections)}
    if settings.connection_string:
        return TableServiceClient.from_connection_string(settings.connection_string, **options)
    return TableServiceClient(settings.table_uri, credential=credential, **options)


class Table:
    """One table. Every method raises Unavailable when storage is away."""

    def __init__(self, tables: TableServiceClient, name: str) -> None:
        self._client: TableClient = tables.get_table_client(name)
        self._account = tables.url.partition("?")[0].rstrip("/")
        # What signs, sends and tries again: the SDK shows nobody this part of a client.
        self._pipeline: AsyncPipelineClient[Any, Any] = self._client._client._client

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

        try:
            return await self._with_table(lambda: self._send(writes))
        except _RefusedError as error:
            if error.error_code in _OVERTAKEN:
                raise WriteConflict(error.index) from None
            raise

    async def _send(self, writes: Sequence[Write]) -> list[str]:
        content_type, content = encode_batch(self._account, self._client.table_name, writes)
        headers = {
            "Content-Type": content_type,
            "Accept": "application/json",
            "DataServiceVersion": "3.0",
            "MaxDataServiceVersion": "3.0;NetFx",
            "x-ms-version": self._client.api_version,
        }
        request = HttpRequest("POST", f"{self._account}/$batch", headers=headers, content=content)
        response = await self._pipeline.send_request(request, stream=True)
        made = decode_batch(response.status_code, await response.read())
        if isinstance(made, BatchRefusal):
            raise _RefusedError(made, response.headers.get("x-ms-error-code", ""))
        if len(made) != len(writes):
            raise DeserializationError("Storage answered a transaction with something else.")
        return made

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


class _RefusedError(HttpResponseError):
    """Storage said no to a transaction."""

    def __init__(self, refusal: BatchRefusal, code: str) -> None:
        self.error_code = refusal.code or code
        super().__init__(f"A transaction was refused: {refusal.status} {self.error_code}.")
        self.status_code, self.index = refusal.status, refusal.index


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
