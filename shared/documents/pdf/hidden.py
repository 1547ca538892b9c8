"""Text on a PDF's page that nobody sees: white on white, tiny, transparent, or not drawn at all."""

import ctypes
import math
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage, PdfTextPage

from shared.documents.pdf.drawn import (
    NEARLY_WHITE,
    Box,
    find_box,
    is_white,
    list_objects,
    read_colour,
)
from shared.documents.pdf.strings import read_string

_TINY = 2.0  # points
_NOT_DRAWN = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE


def has_hidden_text(page: PdfPage, textpage: PdfTextPage) -> bool:
    """Whether there is some. What is written invisibly on a page with an image is no secret, but
    what was recognised in that."""
    grounds: list[Box] = []  # what white letters can be seen on
    undrawn = has_image = False
    for item, kind in list_objects(page):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            if not _is_hidden(item, grounds) or not _says_something(item, textpage):
                continue
            if pdfium.FPDFTextObj_GetTextRenderMode(item) != _NOT_DRAWN:
                return True
            undrawn = True
        elif kind != pdfium.FPDF_PAGEOBJ_PATH or not is_white(item):
            has_image |= kind == pdfium.FPDF_PAGEOBJ_IMAGE
            grounds.append(find_box(item))
    return undrawn and not has_image


def _is_hidden(item: Any, grounds: list[Box]) -> bool:
    if pdfium.FPDFTextObj_GetTextRenderMode(item) == _NOT_DRAWN or _size(item) < _TINY:
        return True
    red, green, blue, alpha = read_colour(item)
    if alpha == 0:
        return True
    return min(red, green, blue) >= NEARLY_WHITE and not _stands_on(find_box(item), grounds)


def _says_something(item: Any, textpage: PdfTextPage) -> bool:
    return bool(read_string(pdfium.FPDFTextObj_GetText, item, textpage).strip())


def _size(item: Any) -> float:
    size, matrix = ctypes.c_float(), pdfium.FS_MATRIX()
    pdfium.FPDFTextObj_GetFontSize(item, size)
    pdfium.FPDFPageObj_GetMatrix(item, matrix)
    return abs(size.value) * math.hypot(matrix.c, matrix.d)


def _stands_on(box: Box, grounds: list[Box]) -> bool:
    """Whether the middle of a text lies on something."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(left <= x <= right and low <= y <= top for left, low, right, top in grounds)
