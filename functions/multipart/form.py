"""The parts of a multipart body, as views of it, so that no file is held twice."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import azure.functions as func

from functions.http import body_of
from functions.multipart.names import check_header, make_fault, read_filename
from shared.errors import Invalid, Malformed, TooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from shared.attachments.store import NewFile

_TYPE = "multipart/form-data"
_INDEX = re.compile(r"\[\d*\]$", re.ASCII)
_AS_IT_IS = {
    "content-encoding": {"", "identity"},
    "content-transfer-encoding": {"", "7bit", "8bit", "binary"},
}
"""The headers of a part that say how it is packed, and what they say of one that is not."""
_MAX_PARTS = 128
_MAX_DELIMITERS = 8 * _MAX_PARTS
_MAX_PADDING = 64
"""Bytes that may be blank behind a delimiter. The parser goes through these and what follows each
delimiter byte by byte, through all else in large steps."""


@dataclass(slots=True)
class FormPart:
    """`headers` have names in lower case; `start` and `end` are places in the body."""

    headers: dict[str, bytes] = field(default_factory=dict)
    start: int = 0
    end: int = 0

    @property
    def disposition(self) -> bytes:
        """What the part is called, and its file."""
        return self.headers.get("content-disposition", b"")


class MultipartForm:
    """The parts of a request's body, in order. Raises LengthRequired, Malformed, TooLarge, and
    UnsupportedMediaType."""

    def __init__(self, req: func.HttpRequest, max_bytes: int) -> None:
        body = body_of(req, max_bytes)
        self._view = memoryview(body)
        self._parts = [(_disposition(part), part) for part in _parts(body, _boundary(req))]

    def files(self, *names: str, fields: tuple[str, ...] = ()) -> "list[NewFile]":
        """The files of the fields `names`, of which clients make lists in their ways; `fields` are
        none although clients may give them the name of a file. Raises Invalid for a file without a
        name, and for one in any other field."""
        from shared.attachments.store import NewFile
        from shared.documents.file_types import InMemory

        found = []
        for options, part in self._parts:
            field = options[b"name"].decode(errors="replace")
            name = read_filename(part.disposition, options.get(b"filename"))
            is_file = _INDEX.sub("", field) in names
            if not is_file and (name is None or field in fields):
                continue
            if not is_file:
                raise Invalid(
                    f"The file in part {field[:50]!r} is not expected: call the part {names[0]}.",
                    [{"loc": [field[:50]], "msg": "is not expected", "type": "part"}],
                )
            view = self._view[part.start : part.end]
            if name == "" and not view:
                continue  # So browsers send a choice of files in which there is none.
            if not name:
                raise Invalid("Every file needs a name.", [make_fault("has no file name")])
            found.append(NewFile(name, InMemory(view)))
        return found

    def field(self, name: str, max_bytes: int) -> bytes | None:
        """What a field holds, None when there is none. Raises TooLarge."""
        for options, part in self._parts:
            if options.get(b"name") == name.encode():
                if part.end - part.start > max_bytes:
                    raise TooLarge(f"The part {name} may have at most {max_bytes} bytes.")
                return bytes(self._view[part.start : part.end])
        return None


async def read_form(req: func.HttpRequest, max_bytes: int) -> MultipartForm:
    """The form in a request's body, read where it keeps nobody waiting. Raises what MultipartForm
    does."""
    return await asyncio.to_thread(MultipartForm, req, max_bytes)


def is_multipart(req: func.HttpRequest) -> bool:
    return str(req.headers.get("Content-Type", "")).lower().startswith("multipart/")


def _boundary(req: func.HttpRequest) -> bytes:
    from python_multipart.multipart import parse_options_header

    kind, options = parse_options_header(req.headers.get("Content-Type", ""))
    if kind != _TYPE.encode():
        raise UnsupportedMediaType(f"The body must be {_TYPE}.")
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise Malformed("The Content-Type names no boundary.")
    return boundary


def _parts(body: bytes, boundary: bytes) -> list[FormPart]:
    """Where the parts lie. The parser gets the body in one piece: what it reports are places."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser

    _check_delimiters(body, b"\r\n--" + boundary)
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Malformed("The body cannot be read: no multipart form.") from None
    if not reader.ended:
        raise Malformed("The body cannot be read: its last part does not end.")
    return reader.parts


def _check_delimiters(body: bytes, delimiter: bytes) -> None:
    """Raises Malformed for what no client sends: parts that hold their own delimiter (RFC 2046,
    5.1.1), or long padding."""
    count, at = 0, body.find(delimiter)
    while at >= 0:
        count += 1
        behind = at + len(delimiter)
        padding = body[behind : behind + _MAX_PADDING]
        is_long = len(padding) == _MAX_PADDING and not padding.strip(b" \t")
        if is_long or count > _MAX_DELIMITERS:
            raise Malformed("The body cannot be read: its boundary stands within its parts.")
        at = body.find(delimiter, behind)


class _Reader:
    """Collects what the parser reports."""

    def __init__(self) -> None:
        self.parts: list[FormPart] = []
        self.ended = False
        self._name = b""
        self._value = b""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == _MAX_PARTS:
            raise Malformed(f"A form may have at most {_MAX_PARTS} parts.")
        self.parts.append(FormPart())

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def _data(self, _: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.start, part.end = part.start or start, end

    def _end(self) -> None:
        self.ended = True


def _disposition(part: FormPart) -> dict[bytes, bytes]:
    from python_multipart.multipart import parse_options_header

    check_header(part.disposition)
    kind, options = parse_options_header(part.disposition.decode("latin-1"))
    if kind != b"form-data" or b"name" not in options:
        raise Malformed("The body cannot be read: a part without a name.")
    _check_packing(part)
    return options


def _check_packing(part: FormPart) -> None:
    """As for whole bodies. Transfer encodings are for mail (RFC 7578, 4.7)."""
    for name, unpacked in _AS_IT_IS.items():
        packing = part.headers.get(name, b"").decode("latin-1").strip()[:50]
        if packing.lower() not in unpacked:
            raise UnsupportedMediaType(
                f"A part comes packed ({name.title()}: {packing}); please send it as it is."
            )
