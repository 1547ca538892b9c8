"""What is drawn on a PDF's page, object by object."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage

_MAX_OBJECTS = 5_000
_MAX_DEPTH = 3
NEARLY_WHITE = 250  # of 255


class Box(NamedTuple):
    """In points, from the lower left corner of the page."""

    left: float
    low: float
    right: float
    high: float


def list_objects(page: PdfPage) -> Iterator[tuple[Any, int]]:
    """What is drawn and of which kind, in its order; forms as what is in them."""
    left = _MAX_OBJECTS

    def walk(
        parent: Any, count: Callable[[Any], int], get: Callable[[Any, int], Any], depth: int
    ) -> Iterator[tuple[Any, int]]:
        nonlocal left
        for at in range(count(parent)):
            left -= 1
            if left < 0:
                return
            item = get(parent, at)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield item, kind
            elif depth < _MAX_DEPTH:
                within = pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject
                yield from walk(item, *within, depth + 1)

    return walk(page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, 0)


def is_white(item: Any) -> bool:
    """Whether it is filled with white, or with nothing."""
    red, green, blue, alpha = read_colour(item)
    return alpha == 0 or min(red, green, blue) >= NEARLY_WHITE


def read_colour(item: Any) -> tuple[int, int, int, int]:
    """Red, green, blue and how opaque it is, of 255 each; black where none is given."""
    parts = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(item, *parts):
        return 0, 0, 0, 255
    return parts[0].value, parts[1].value, parts[2].value, parts[3].value


def find_box(item: Any) -> Box:
    """What it takes up."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
    return Box(left.value, bottom.value, right.value, top.value)
