"""What a file is, judged by its name and its content together; what a client says of it counts for
nothing."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import PurePath
from typing import Any, Protocol

from shared.documents.text.encodings import find_encoding, read_declaration
from shared.errors import UnsupportedMediaType

HEAD = 1024
_STEP = 256 * 1024
_MAX_ENTRIES = 10_000
_MAX_UNPACKED = 512 * 1024 * 1024
_MAX_DIRECTORY = 4 * 1024 * 1024
_END_RECORD = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20
_ZIP64_END_RECORD = struct.Struct("<4sQ2H2L4Q")
# With the longest comment.
_MAX_TAIL = _ZIP64_END_RECORD.size + _ZIP64_LOCATOR_BYTES + _END_RECORD.size + 65_535

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SOURCE = "text/x-source"
_KINDS = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".xml": "application/xml",
}
_SOURCE_SUFFIXES = (
    "bash bat bicep c cc cfg clj cljs cmake conf cpp cs css cxx dart diff erl ex exs fs fsx "
    "go gradle graphql groovy h hcl hh hpp hrl hs ini ipynb java jl js jsonc jsonl jsx kt kts "
    "less lisp lua m mjs mk ml mm nim patch php pl pm proto ps1 py pyi r rb rs rst sass scala "
    "scm scss sh sol sql svelte swift tcl tex tf toml ts tsx v vb vhd vue yaml yml zig zsh"
)
_KINDS |= {f".{suffix}": SOURCE for suffix in _SOURCE_SUFFIXES.split()}
_SOURCE_NAMES = {"dockerfile", "makefile", "jenkinsfile", "gemfile", "rakefile"}


class Bytes(Protocol):
    """A file that can be looked at piece by piece."""

    @property
    def size(self) -> int: ...

    def part(self, start: int, length: int) -> bytes:
        """Fewer bytes at the end."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """A file that is here, not copied."""

    view: memoryview

    @property
    def size(self) -> int:
        return len(self.view)

    def part(self, start: int, length: int) -> bytes:
        return bytes(self.view[start : start + length])


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The head of Microsoft's old files, and of new ones under a password."""
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
HOW_TO_UNLOCK = "is protected by a password; please remove the password and send it again."
_PROGRAMS = (b"MZ", b"\x7fELF", b"PK\x03\x04")  # which may hold a PDF further on
_TYPES = "[Content_Types].xml"
_MAX_TYPES = 1024 * 1024
_MAIN_TYPE = b"wordprocessingml.document.main+xml"
_NOT_TAKEN = (
    "Files of this type are not taken; please send pdf, docx, txt, md, html, csv, json, xml or "
    "source text."
)


def kind_of_name(filename: str) -> str:
    """The content type that a file of this name must have. Raises UnsupportedMediaType."""
    path = PurePath(filename.lower())
    kind = SOURCE if path.name in _SOURCE_NAMES else _KINDS.get(path.suffix)
    if kind is None:
        raise UnsupportedMediaType(_NOT_TAKEN)
    return kind


def kind_of(filename: str, content: Bytes) -> str:
    """The content type of a file. Raises UnsupportedMediaType when the content is not what the name
    says."""
    kind = kind_of_name(filename)
    head = content.part(0, HEAD)
    if kind == PDF:
        fits = b"%PDF-" in head and not head.startswith(_PROGRAMS)
    elif kind == DOCX:
        fits = _is_docx(content)
    else:
        fits = _is_text(kind, content)
    if not fits:
        raise UnsupportedMediaType(_tell_misfit(filename, content))
    return kind


def _tell_misfit(filename: str, content: Bytes) -> str:
    """What is wrong with a file that is not what its name says."""
    head = content.part(0, HEAD)
    if not head.strip():
        return "This file is empty; please send it again."
    if head.startswith(OLE) and any(ENCRYPTED_PACKAGE in piece for piece in _pieces(content)):
        return f"This file {HOW_TO_UNLOCK}"
    suffix = PurePath(filename).suffix.lower().lstrip(".") or "text"
    return f"This file is called {suffix}, but its content is something else."


def _is_text(kind: str, content: Bytes) -> bool:
    """Text in an encoding that can be told, which begins as its kind does. JSON and XML show in
    their first character, or in a comment."""
    head = content.part(0, HEAD)
    encoding = find_encoding(lambda: _pieces(content), read_declaration(kind, head))
    if encoding is None:
        return False
    first = head.decode(encoding, "ignore").lstrip("\ufeff \t\r\n")[:1]
    begin = {"application/json": '{["-0123456789tfn/#', "application/xml": "<"}.get(kind)
    return begin is None or (first != "" and first in begin)


def _pieces(content: Bytes) -> Iterator[bytes]:
    for start in range(0, content.size, _STEP):
        yield content.part(start, _STEP)


def _is_docx(content: Bytes) -> bool:
    """A zip archive with Word's document in it, without macros, and no bomb by its own words; of a
    directory that is too long nothing is read."""
    if content.part(0, 4) != b"PK\x03\x04" or not _has_short_directory(content):
        return False
    try:
        with zipfile.ZipFile(BufferedReader(_Seekable(content), _STEP)) as archive:
            return _holds_document(archive)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError):
        return False
    except RuntimeError:  # encrypted, or packed in a way that is not known
        return False


def _holds_document(archive: zipfile.ZipFile) -> bool:
    """Only the list of the parts' types is unpacked, and only where the document has another name
    than usual."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    lower = set(map(str.lower, names))
    texts = [entry for entry in entries if entry.filename.endswith((".xml", ".rels"))]
    if (
        _TYPES not in names
        or any(name.endswith("vbaproject.bin") for name in lower)
        or len(entries) > _MAX_ENTRIES
        or sum(entry.file_size for entry in texts) > _MAX_UNPACKED
    ):
        return False
    if "word/document.xml" in lower:
        return True
    with archive.open(_TYPES) as types:
        return _MAIN_TYPE in types.read(_MAX_TYPES).replace(b"\0", b"")  # in UTF-16 too


def _has_short_directory(content: Bytes) -> bool:
    """Judged by the archive's end record alone: the standard library makes an object of each entry
    that there is before anybody can count them.

    https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
    """
    tail = content.part(max(0, content.size - _MAX_TAIL), _MAX_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END_RECORD.size:
        return False
    *_, entries, directory, _, _ = _END_RECORD.unpack_from(tail, at)
    if tail[max(0, at - _ZIP64_LOCATOR_BYTES) : at].startswith(b"PK\x06\x07"):
        # Then only the record before it counts for the standard library.
        before = at - _ZIP64_LOCATOR_BYTES - _ZIP64_END_RECORD.size
        if before < 0 or not tail.startswith(b"PK\x06\x06", before):
            return False
        *_, entries, directory, _ = _ZIP64_END_RECORD.unpack_from(tail, before)
    return int(entries) <= _MAX_ENTRIES and int(directory) <= _MAX_DIRECTORY


class _Seekable(RawIOBase):
    """Bytes as the standard library wants to read them."""

    def __init__(self, content: Bytes) -> None:
        self._content = content
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._content.size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._content.part(self._at, len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
