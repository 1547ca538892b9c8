"""Azure Table Storage (or Cosmos DB for Table): rows, ETags, transactions. Only this speaks to it.

A row is a plain dict with PartitionKey and RowKey. Tables are made when they are first missed.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
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
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.clients.azure_transport import ConnectionPool, ObservedTransport
from shared.clients.storage_errors import translate_errors
from shared.clients.table_batches import BatchRefusal, Verb, Write, decode_batch, encode_batch
from shared.clients.table_reads import (
    HEADERS,
    Row,
    RowRange,
    Token,
    next_token,
    read_row,
    read_rows,
    row_path,
    rows_path,
)
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
        path = row_path(self._client.table_name, partition, key)

        async def call() -> Row:
            return read_row((await self._get(path))[0])

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
        wanted = RowRange(partition, start, end, equal or {})
        token: Token = {}
        while True:
            rows, token = await self._read_page(wanted, columns, page, token)
            for row in rows:
                yield row
            if not token:
                return

    async def page(self, token: str) -> tuple[list[Row], str]:
        """Up to 1,000 rows of the whole table, and where the next page begins: "" after the last
        and, as `token`, for the first."""
        rows, following = await self._read_page(
            None, (), MAX_ROWS, json.loads(token) if token else {}
        )
        return rows, json.dumps(following) if following else ""

    async def _read_page(
        self, wanted: RowRange | None, columns: Sequence[str], page: int, token: Token
    ) -> tuple[list[Row], Token]:
        """One storage call. A table that is not there has no rows."""
        path = rows_path(self._client.table_name, wanted, columns, page, token)

        async def call() -> tuple[list[Row], Token]:
            content, headers = await self._get(path)
            return read_rows(content), next_token(headers)

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return [], {}

    async def _get(self, path: str) -> tuple[bytes, Mapping[str, str]]:
        """Content and headers of an answer."""
        headers = HEADERS | {"x-ms-version": self._client.api_version}
        request = HttpRequest("GET", f"{self._account}/{path}", headers=headers)
        response = await self._pipeline.send_request(request, stream=True)
        content = await response.read()
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise ResourceNotFoundError(response=response)
        if response.status_code != HTTPStatus.OK:
            raise HttpResponseError(response=response)
        return content, response.headers

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


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", "")
    return str(getattr(code, "value", code) or "")
