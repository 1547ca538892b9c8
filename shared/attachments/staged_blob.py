"""A blob that has arrived, looked at in a file of ours: what was checked does not change then, and
it may be too large for memory."""

import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from shared.attachments.store import Examined, NewFile, examine
from shared.clients.upload_containers import UploadContainers, Version
from shared.documents.file_types import kind_of_name
from shared.errors import TooLarge, UnsupportedMediaType

CONTAINER = "uploads"


class NotABlockBlob(UnsupportedMediaType):
    """A page or append blob."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The content of a file on disk."""

    file: BinaryIO
    size: int

    def part(self, start: int, length: int) -> bytes:
        self.file.seek(start)
        return self.file.read(length)


@asynccontextmanager
async def examine_blob(
    landing: UploadContainers,
    path: str,
    version: Version,
    name: str,
    *,
    max_bytes: int,
    at: datetime,
) -> AsyncIterator[list[Examined]]:
    """The blob as a file called `name` of at most `max_bytes` that may be added.

    Raises NotABlockBlob, TooLarge, UnsupportedMediaType, WriteConflict, Unavailable.
    """
    if not version.is_block_blob:
        raise NotABlockBlob("Only block blobs are taken; please upload the file as one.")
    check_size(version.size, max_bytes)
    kind_of_name(name)
    with tempfile.TemporaryFile() as file:
        await landing.fetch(path, version, file)
        new = NewFile(name, OnDisk(file, file.seek(0, io.SEEK_END)))
        yield await examine([new], max_bytes, at)


def blob_id(path: str) -> str:
    """What the audit trail calls a blob that has arrived."""
    return f"{CONTAINER}/{path}"


def check_size(size: int, max_bytes: int) -> None:
    """Raises TooLarge."""
    if size > max_bytes:
        raise TooLarge(f"The file has {size} bytes; at most {max_bytes} are allowed.")
