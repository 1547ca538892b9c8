"""The files of tickets: how one is looked at, and the blobs that keep them.

A file lies at `attachments/{ticket}/{attachment}`, under an id that is made for it: its name never
decides where it lies.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from shared.clients.blobs import Container
from shared.documents.file_types import Bytes, kind_of, kind_of_name
from shared.documents.filenames import safe_name
from shared.errors import TooLarge
from shared.models import Attachment

_STEP = 1024 * 1024
_LINK_VALID = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that somebody wants to add, as it came."""

    filename: str
    content: Bytes


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be added, and what will be said of it."""

    attachment: Attachment
    content: Bytes


async def examine(files: Iterable[NewFile], max_bytes: int, at: datetime) -> list[Examined]:
    """Look at every file before any is stored; `max_bytes` is for one file.

    Raises Invalid for a name, TooLarge, UnsupportedMediaType.
    """
    return [await asyncio.to_thread(_examine, file, max_bytes, at) for file in files]


def _examine(file: NewFile, max_bytes: int, at: datetime) -> Examined:
    name, content = safe_name(file.filename), file.content
    kind_of_name(name)
    if content.size > max_bytes:
        raise TooLarge(f"{name} has {content.size} bytes; at most {max_bytes} are allowed.")
    attachment = Attachment(
        id=secrets.token_hex(8),
        filename=name,
        file_size=content.size,
        content_type=kind_of(name, content),
        sha256=_digest(content),
        uploaded_at=at,
    )
    return Examined(attachment, content)


def _digest(content: Bytes) -> str:
    digest = sha256()
    for start in range(0, content.size, _STEP):
        digest.update(content.part(start, _STEP))
    return digest.hexdigest()


class AttachmentStore:
    """The blobs of attachments. Methods raise Unavailable when storage is away."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def store(self, ticket_id: str, file: Examined) -> None:
        name = _blob(ticket_id, file.attachment.id)
        await self._container.write_file(name, file.content)

    async def read(
        self, ticket_id: str, attachment_id: str, part: range | None = None
    ) -> bytes | None:
        """The whole file or the bytes at these places, None when there is none."""
        return await self._container.read(_blob(ticket_id, attachment_id), part)

    async def link(self, ticket_id: str, file: Attachment, disposition: str, at: datetime) -> str:
        """An address of the file that is good for 15 minutes from `at`, with this disposition."""
        return await self._container.download_url(
            _blob(ticket_id, file.id),
            at + _LINK_VALID,
            disposition=disposition,
            content_type=file.content_type,
        )

    async def remove(self, ticket_id: str, attachment_ids: Iterable[str]) -> None:
        """With the texts that were taken out of them. Doing it again does no harm."""
        for attachment_id in attachment_ids:
            await self._container.delete(_blob(ticket_id, attachment_id))
            for name in await self._container.names(f"texts/{ticket_id}/{attachment_id}/"):
                await self._container.delete(name)

    async def remove_others(self, ticket_id: str, kept: Collection[str], before: datetime) -> None:
        """Remove the files that are not the ticket's and were stored `before` then: whoever stored
        them died before the ticket knew of them."""
        names = {_blob(ticket_id, attachment_id) for attachment_id in kept}
        for name, changed in await self._container.list_blobs(f"attachments/{ticket_id}/"):
            if name not in names and changed < before:
                await self._container.delete(name)


def _blob(ticket_id: str, attachment_id: str) -> str:
    return f"attachments/{ticket_id}/{attachment_id}"
