"""Where blobs arrive that clients put into storage by themselves, and where those are set aside
that cannot be taken. Each is taken, set aside and deleted in the version that was looked at.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from azure.core import MatchConditions
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobSasPermissions, BlobType, ContentSettings
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from shared.clients.signed_urls import sign_url
from shared.clients.storage_errors import translate_errors
from shared.errors import Unavailable, WriteConflict

_COPY_POLL_SECONDS = 1.0
_JSON = ContentSettings(content_type="application/json; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Version:
    """A blob as it is now; `size` is in bytes. Of another kind than a block blob the size says
    nothing of what reading it takes, as a page blob is mostly holes."""

    etag: str
    size: int
    metadata: Mapping[str, str]
    is_block_blob: bool = True


class UploadContainers:
    """Two containers of one account. Methods raise Unavailable when storage is away, and
    WriteConflict when a blob has another version by now."""

    def __init__(self, blobs: BlobServiceClient, arrivals: str, rejected: str) -> None:
        self._service = blobs
        self._arrivals = blobs.get_container_client(arrivals)
        self._rejected = blobs.get_container_client(rejected)

    async def upload_url(self, name: str, until: datetime) -> str:
        """An address at which whoever has it may write this one blob, and do nothing else, `until`
        then."""
        await _make_container(self._arrivals)
        blob = self._arrivals.get_blob_client(name)
        permission = BlobSasPermissions(create=True, write=True)
        return await sign_url(self._service, blob, permission, until)

    async def version(self, name: str) -> Version | None:
        """What has arrived under this name, None when there is nothing (any more)."""

        async def call() -> Version:
            found = await self._arrivals.get_blob_client(name).get_blob_properties()
            return Version(
                str(found.etag),
                int(found.size),
                dict(found.metadata or {}),
                found.blob_type == BlobType.BLOCKBLOB,
            )

        try:
            return await translate_errors(call)
        except ResourceNotFoundError:
            return None

    async def fetch(self, name: str, version: Version, into: BinaryIO) -> None:
        """Write a blob to a file, piece by piece."""

        async def call() -> None:
            into.seek(0)
            only = _only(version.etag)
            blob = await self._arrivals.download_blob(name, max_concurrency=1, **only)
            async for piece in blob.chunks():
                into.write(piece)

        await _require_same_version(call)

    async def delete(self, name: str, etag: str) -> None:
        """Delete the version with this ETag. Doing it again does no harm."""

        async def call() -> None:
            await self._arrivals.delete_blob(name, **_only(etag))

        with suppress(WriteConflict):
            await _require_same_version(call)

    async def is_set_aside(self, name: str, version: Version) -> bool:
        """Whether this version has been set aside, though perhaps not been deleted yet."""

        async def call() -> str:
            found = await self._rejected.get_blob_client(_reason(name)).get_blob_properties()
            return str(found.metadata.get("etag", ""))

        try:
            return await translate_errors(call) == version.etag.strip('"')
        except ResourceNotFoundError:
            return False

    async def set_aside(self, name: str, version: Version, reason: Mapping[str, str]) -> None:
        """Copy a blob among the rejected ones, with the reason beside it. However large it is, it
        passes through nobody's memory."""
        await _make_container(self._rejected)
        await self._copy(name, version)
        await self.leave_reason(name, version, reason)

    async def leave_reason(self, name: str, version: Version, reason: Mapping[str, str]) -> None:
        """Say among the rejected blobs why there is none of this name."""
        await _make_container(self._rejected)

        async def explain() -> None:
            await self._rejected.upload_blob(
                _reason(name),
                json.dumps(dict(reason)),
                overwrite=True,
                content_settings=_JSON,
                metadata={"etag": version.etag.strip('"')},
            )

        await translate_errors(explain)

    async def expire(self, before: datetime) -> int:
        """Delete the rejected blobs that lie there since before then; how many those were."""
        old: list[str] = []

        async def find() -> None:
            old.clear()
            async for blob in self._rejected.list_blobs():
                if blob.last_modified < before:
                    old.append(blob.name)

        with suppress(ResourceNotFoundError):
            await translate_errors(find)
        for name in old:
            with suppress(ResourceNotFoundError):
                await translate_errors(partial(self._rejected.delete_blob, name))
        return len(old)

    async def _copy(self, name: str, version: Version) -> None:
        target = self._rejected.get_blob_client(name)
        source = self._arrivals.get_blob_client(name).url

        async def copy() -> None:
            await target.start_copy_from_url(
                source,
                source_etag=version.etag,
                source_match_condition=MatchConditions.IfNotModified,
            )
            while (copied := await state()) == "pending":  # noqa: ASYNC110 - storage tells nobody
                await asyncio.sleep(_COPY_POLL_SECONDS)
            if copied != "success":
                raise Unavailable("Storage could not copy a blob; please try again.")

        async def state() -> str:
            return str((await target.get_blob_properties()).copy.status)

        await _require_same_version(copy)


def _reason(name: str) -> str:
    return f"{name}.reason.json"


def _only(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


async def _require_same_version(call: Any) -> None:
    try:
        await translate_errors(call)
    except (ResourceModifiedError, ResourceNotFoundError):
        raise WriteConflict from None


async def _make_container(container: ContainerClient) -> None:
    with suppress(ResourceExistsError):
        await translate_errors(container.create_container)
