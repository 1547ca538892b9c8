"""How much work a page is, told before it is read: a PDF of 15 KB can hold a page of 5 MB of
drawing instructions, or a form that draws ten forms that draw ten forms.

pypdf reads the structure within its limits; the instructions themselves are only measured.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.errors import LimitReachedError
from pypdf.filters import decode_stream_data
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from shared.errors import DocumentFault, Unreadable

MAX_PAGES = 10_000
MAX_PAGE_BYTES = 10_000_000  # for which pdfium needs 180 MB and half a second
_MAX_BYTES = 1_000_000_000
_MAX_DEPTH = 30
_PAGES_KEPT = 200
_EMPTY_PACKED = 20
_DRAWN = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+Do\b")

LIMITS = pypdf.Configuration(
    zlib_maximum_output_length=MAX_PAGE_BYTES,
    zlib_maximum_recovery_input_length=100_000,
    lzw_maximum_output_length=MAX_PAGE_BYTES,
    run_length_maximum_output_length=MAX_PAGE_BYTES,
    array_based_stream_maximum_output_length=MAX_PAGE_BYTES,
    page_tree_maximum_entries=2 * MAX_PAGES,
    stream_parsing_work_maximum_count=200_000,  # a second's work
)


def too_large(what: str) -> Unreadable:
    """`what` continues the sentence "This PDF …"."""
    advice = "print the part that matters to a new PDF and send that."
    return Unreadable(DocumentFault.TOO_LARGE, f"This PDF {what}; {advice}")


Weight = int | None
"""The bytes of a page's drawing instructions, unpacked, those of a form as often as it is drawn;
None when they cannot be unpacked."""


def weights(data: bytes) -> list[Weight]:
    """The weight of every page; none of any when pypdf finds no pages. To be called under LIMITS.
    Raises Unreadable for a file that is too large."""
    try:
        with pypdf.PdfReader(io.BytesIO(data)) as reader:
            return _weigh(reader)
    except LimitReachedError:
        raise too_large("unpacks to more than a document can need") from None
    except (Unreadable, MemoryError):
        raise
    except Exception:  # damage breaks pypdf in any way; pdfium may still read the file
        return []


def _weigh(reader: pypdf.PdfReader) -> list[Weight]:
    if len(reader.pages) > MAX_PAGES:
        raise too_large(f"has more than {MAX_PAGES} pages")
    scales: dict[Any, _Scale] = {}
    total = 0
    found: list[Weight] = []
    for number, page in enumerate(reader.pages, 1):
        resources = page.get("/Resources")
        key = resources if isinstance(resources, IndirectObject) else id(resources)
        scale = scales.setdefault(key, _Scale(resources))
        found.append(scale.page(page))
        total += found[-1] or 0
        if total > _MAX_BYTES:
            raise too_large("unpacks to more than a document can need")
        if number % _PAGES_KEPT == 0:
            reader.resolved_objects.clear()
    return found


class _Scale:
    """Weighs the streams of pages with the same resources, each once."""

    def __init__(self, resources: Any) -> None:
        self._resources = resources
        self._known: dict[Any, int] = {}

    def page(self, page: DictionaryObject) -> Weight:
        contents = _resolve_item(page.get("/Contents"))
        parts = contents if isinstance(contents, ArrayObject) else [contents]
        streams = [part for part in map(_resolve_item, parts) if isinstance(part, StreamObject)]
        try:
            weight = sum(self._stream(stream, self._resources, 0) for stream in streams)
            stamps = sum(self._stream(stream, self._resources, 0) for stream in _appearances(page))
        except LimitReachedError:
            return MAX_PAGE_BYTES + 1
        packed = sum(len(stream._data) for stream in streams)
        is_empty = weight == 0 and packed > _EMPTY_PACKED
        return None if is_empty else min(weight + stamps, MAX_PAGE_BYTES + 1)

    def _stream(self, stream: StreamObject, resources: Any, depth: int) -> int:
        """The size of a content stream together with that of the forms it draws."""
        if depth > _MAX_DEPTH:
            raise LimitReachedError
        key = stream.indirect_reference
        if key not in self._known:
            self._known[key] = MAX_PAGE_BYTES + 1  # to itself, should it draw itself
            content = _content(stream)
            forms = self._forms(content, stream.get("/Resources", resources), depth)
            self._known[key] = len(content) + forms
        return self._known[key]

    def _forms(self, content: bytes, resources: Any, depth: int) -> int:
        """As pdfium does, names are looked up in the stream's resources, then in the page's."""
        total = 0
        for name, times in Counter(_DRAWN.findall(content)).items():
            path = ("/XObject", f"/{name.decode('latin-1')}")
            drawn = _resolve_item(resources, *path) or _resolve_item(self._resources, *path)
            if isinstance(drawn, StreamObject) and drawn.get("/Subtype") == "/Form":
                total += times * self._stream(drawn, resources, depth + 1)
        return total


def _appearances(page: DictionaryObject) -> Iterator[StreamObject]:
    """What annotations draw."""
    annotations = _resolve_item(page.get("/Annots"))
    for annotation in annotations if isinstance(annotations, ArrayObject) else ():
        drawn = _resolve_item(annotation, "/AP", "/N")
        if isinstance(drawn, StreamObject):
            yield drawn


def _resolve_item(item: Any, *path: str) -> Any:
    """What a reference leads to, and a path of keys from there; None where it leads nowhere."""
    try:
        item = item.get_object()
        return _resolve_item(item[path[0]], *path[1:]) if path else item
    except (LimitReachedError, MemoryError):
        raise
    except Exception:  # damage breaks pypdf in any way
        return None


def _content(stream: StreamObject) -> bytes:
    """Nothing where pypdf cannot unpack it, nor for LZW, which it unpacks slowly and which nobody
    writes any more."""
    try:
        return b"" if "LZW" in str(stream.get("/Filter")) else decode_stream_data(stream)
    except (LimitReachedError, MemoryError):
        raise
    except Exception:  # damage breaks pypdf in any way
        return b""
