"""Azure Blob Storage: JSON documents and logs of one container. Nothing else speaks to it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol, TypeVar

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock, BlobSasPermissions, StorageErrorCode
from azure.storage.blob.aio import BlobServiceClient

from shared.clients.azure_transport import ConnectionPool, ObservedTransport
from shared.clients.blob_requests import BlobRequests
from shared.clients.signed_urls import sign_url
from shared.clients.storage_errors import translate_errors
from shared.settings.storage import StorageSettings
from shared.telemetry.spans import Service
from shared.text import strict_json

PATIENCE: dict[str, Any] = {
    "retry_total": 2,
    "retry_connect": 2,
    "retry_read": 2,
    "initial_backoff": 0.2,
    "increment_base": 2,
    # The SDK's own, 3 s, makes three tries take up to 8 s: nearly all the time of a short step.
    "random_jitter_range": 1,
    "connection_timeout": 5,
    "read_timeout": 30,
}

_BLOCK = 1024 * 1024
_PAGE = 100

T = TypeVar("T")


class File(Protocol):
    """What is stored piece by piece, so that it is not held in memory once more."""

    @property
    def size(self) -> int: ...

    def part(self, start: int, length: int) -> bytes: ...


def service(
    settings: StorageSettings,
    credential: AsyncTokenCredential | None = None,
    connections: ConnectionPool | None = None,
    **patience: Any,
) -> BlobServiceClient:
    """A client for a connection string or, without one, for an address and an identity; `patience`
    is what is to be otherwise than for all."""
    times = {**PATIENCE, **patience}
    options = {**times, "transport": ObservedTransport(Service.STORAGE, times, connections)}
    if settings.connection_string:
        return BlobServiceClient.from_connection_string(settings.connection_string, **options)
    return BlobServiceClient(settings.blob_uri, credential=credential, **options)


class Container:
    """One container, made when it is missed. Methods raise Unavailable when storage is away."""

    def __init__(self, blobs: BlobServiceClient, name: str) -> None:
        self._service = blobs
        self._client = blobs.get_container_client(name)
        self._requests = BlobRequests(self._client)

    async def read(self, name: str, part: range | None = None) -> bytes | None:
        """The whole blob or the bytes at these places, None when there is none."""
        start, length = (None, None) if part is None else (part.start, len(part))

        async def call() -> bytes:
            return await (await self._client.download_blob(name, start, length)).readall()

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return None

    async def download_url(
        self, name: str, until: datetime, *, disposition: str, content_type: str
    ) -> str:
        """An address at which whoever has it may read this one blob `until` then, with these
        headers."""
        blob = self._client.get_blob_client(name)
        permission = BlobSasPermissions(read=True)
        return await sign_url(
            self._service,
            blob,
            permission,
            until,
            disposition=disposition,
            content_type=content_type,
        )

    async def read_json(self, name: str) -> Any:
        """The JSON that `write_json` stored, None when there is none."""
        found = await self.read_tagged(name)
        return None if found is None else found[0]

    async def write_json(self, name: str, value: Any) -> None:
        """Store `value`, replacing what was there."""
        await self.write_json_text(name, strict_json.dumps(value))

    async def write_json_text(self, name: str, text: bytes) -> None:
        """Store a value that is JSON already, replacing what was there."""

        async def call() -> None:
            await self._requests.put(name, text, {})

        await self._with_container(call)

    async def create_json(self, name: str, value: Any) -> str | None:
        """Store `value` where there is nothing yet: its ETag, None where there is."""

        async def call() -> str:
            return await self._requests.put(name, strict_json.dumps(value), {"If-None-Match": "*"})

        try:
            return await self._with_container(call)
        except ResourceExistsError:
            return None

    async def write_file(self, name: str, file: File) -> None:
        """Store a file piece by piece, replacing what was there. Nobody is ever shown it by the
        type that storage keeps of it."""

        async def call() -> None:
            blob = self._client.get_blob_client(name)
            if file.size <= _BLOCK:
                await blob.upload_blob(file.part(0, _BLOCK), overwrite=True)
                return
            blocks = []
            for start in range(0, file.size, _BLOCK):
                block = f"{start:016d}"
                await blob.stage_block(block, file.part(start, _BLOCK))
                blocks.append(BlobBlock(block))
            await blob.commit_block_list(blocks)

        await self._with_container(call)

    async def delete(self, name: str) -> None:
        """Delete a blob; one that is not there is deleted already."""

        async def call() -> None:
            await self._client.delete_blob(name)

        with suppress(ResourceNotFoundError):
            await translate_errors(call)

    async def exists(self, name: str) -> bool:
        async def call() -> bool:
            return await self._client.get_blob_client(name).exists()

        return await translate_errors(call)

    async def names(self, prefix: str) -> list[str]:
        """The names of all blobs that begin with `prefix`, in order."""

        async def call() -> list[str]:
            return [name async for name in self._client.list_blob_names(name_starts_with=prefix)]

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return []

    async def list_blobs(self, prefix: str) -> list[tuple[str, datetime]]:
        """Names of the blobs that begin with `prefix`, and when each was last written."""

        async def call() -> list[tuple[str, datetime]]:
            blobs = self._client.list_blobs(name_starts_with=prefix)
            return [(blob.name, blob.last_modified) async for blob in blobs]

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return []

    async def page(self, prefix: str, token: str) -> tuple[list[str], str]:
        """Up to 100 names of blobs that begin with `prefix`, and where the next page begins: ""
        after the last and, as `token`, for the first."""
        listed = self._client.list_blobs(name_starts_with=prefix, results_per_page=_PAGE)
        pages = listed.by_page(continuation_token=token or None)
        try:
            blobs = await translate_errors(pages.__anext__)
        except (StopAsyncIteration, ResourceNotFoundError):
            return [], ""
        names = [blob.name async for blob in blobs]
        return names, pages.continuation_token or ""  # type: ignore[attr-defined]

    async def read_tagged(self, name: str) -> tuple[Any, str] | None:
        """The JSON that `write_json` stored with the ETag of its blob, None when there is none."""

        async def call() -> tuple[Any, str]:
            content, etag = await self._requests.read(name)
            return strict_json.loads(content), etag

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return None

    async def replace_json(self, name: str, value: Any, etag: str) -> str | None:
        """Store `value` in place of the version with this ETag: the new one, None if there is no
        such version any more."""

        async def call() -> str:
            return await self._requests.put(name, strict_json.dumps(value), {"If-Match": etag})

        try:
            return await translate_errors(call)
        except (ResourceModifiedError, ResourceNotFoundError):
            return None

    async def open_log(self, name: str) -> None:
        """Make an empty log; one that is there keeps what it holds."""

        try:
            await self._with_container(lambda: self._requests.open_log(name))
        except ResourceExistsError:
            return

    async def append_log(self, name: str, line: bytes) -> bool:
        """Add a line to a log that `open_log` made; whether it is still there."""

        try:
            await translate_errors(lambda: self._requests.append(name, line + b"\n"))
        except ResourceNotFoundError:
            return False
        return True

    async def _with_container(self, call: Callable[[], Awaitable[T]]) -> T:
        """Run `call`; should the container be missing, make it and run `call` again."""
        try:
            return await translate_errors(call)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) != StorageErrorCode.CONTAINER_NOT_FOUND:
                raise
        with suppress(ResourceExistsError):  # Another process was faster; that is as good.
            await translate_errors(self._client.create_container)
        return await translate_errors(call)
