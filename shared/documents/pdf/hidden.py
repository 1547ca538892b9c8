"""Text on a PDF's page that nobody sees: white on white, tiny, transparent, or not drawn at all."""

import ctypes
import math
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage, PdfTextPage

from shared.documents.pdf.strings import read_string

_MAX_OBJECTS = 5_000
_MAX_DEPTH = 3
_TINY = 2.0  # points
_NEARLY_WHITE = 250  # of 255
_NOT_DRAWN = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE

_Box = tuple[float, float, float, float]


def has_hidden_text(page: PdfPage, textpage: PdfTextPage) -> bool:
    """Whether there is some. What is written invisibly on a page with an image is no secret, but
    what was recognised in that."""
    grounds: list[_Box] = []  # what white letters can be seen on
    undrawn = has_image = False
    for item, kind in _objects(page):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            if not _is_hidden(item, grounds) or not _says_something(item, textpage):
                continue
            if pdfium.FPDFTextObj_GetTextRenderMode(item) != _NOT_DRAWN:
                return True
            undrawn = True
        elif kind != pdfium.FPDF_PAGEOBJ_PATH or not _is_white(item):
            has_image |= kind == pdfium.FPDF_PAGEOBJ_IMAGE
            grounds.append(_box(item))
    return undrawn and not has_image


def _objects(page: PdfPage) -> Iterator[tuple[Any, int]]:
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


def _is_hidden(item: Any, grounds: list[_Box]) -> bool:
    if pdfium.FPDFTextObj_GetTextRenderMode(item) == _NOT_DRAWN or _size(item) < _TINY:
        return True
    red, green, blue, alpha = _colour(item)
    if alpha == 0:
        return True
    return min(red, green, blue) >= _NEARLY_WHITE and not _stands_on(_box(item), grounds)


def _says_something(item: Any, textpage: PdfTextPage) -> bool:
    return bool(read_string(pdfium.FPDFTextObj_GetText, item, textpage).strip())


def _size(item: Any) -> float:
    size, matrix = ctypes.c_float(), pdfium.FS_MATRIX()
    pdfium.FPDFTextObj_GetFontSize(item, size)
    pdfium.FPDFPageObj_GetMatrix(item, matrix)
    return abs(size.value) * math.hypot(matrix.c, matrix.d)


def _is_white(item: Any) -> bool:
    red, green, blue, alpha = _colour(item)
    return alpha == 0 or min(red, green, blue) >= _NEARLY_WHITE


def _colour(item: Any) -> tuple[int, int, int, int]:
    parts = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(item, *parts):
        return 0, 0, 0, 255
    return parts[0].value, parts[1].value, parts[2].value, parts[3].value


def _box(item: Any) -> _Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
    return left.value, bottom.value, right.value, top.value


def _stands_on(box: _Box, grounds: list[_Box]) -> bool:
    """Whether the middle of a text lies on something."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(left <= x <= right and low <= y <= top for left, low, right, top in grounds)
