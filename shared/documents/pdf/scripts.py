"""Digits on a PDF's page that are raised or lowered: `10^6`, `H_2O`."""

import ctypes
import math
import re
from collections.abc import Callable, Iterator

import pypdfium2.raw as pdfium
from pypdfium2 import PdfTextPage

from shared.documents.marks import mark_lowered, mark_raised

_DIGITS = re.compile(r"[+\-−–]?\d{1,12}")  # noqa: RUF001
_MIN_RISE, _MAX_RISE = 0.12, 0.8  # of the size of the letters

Edit = tuple[int, int, Callable[[str], str]]


def find_scripts(raw: str, textpage: PdfTextPage) -> Iterator[Edit]:
    """Where in the text of the page, as pdfium orders it, digits are raised or lowered."""
    for digits in _DIGITS.finditer(raw):
        start, end = digits.span()
        base = start - 1 if start and not raw[start - 1].isspace() else start
        if base == end - 1:
            continue
        rise = _rise(textpage, base, end - 1)
        if not rise:
            continue
        while end - 1 > start and not _rise(textpage, base, start):
            start += 1
        yield start, end, mark_raised if rise > 0 else mark_lowered


def _rise(textpage: PdfTextPage, base: int, at: int) -> float:
    """How much higher than the character `base` the one at `at` stands, in its size; 0 where it is
    in the same line or in another one."""
    x, y, size = _place(textpage, base)
    right, high, own = _place(textpage, at)
    if not size or right <= x or own > size:
        return 0
    rise = (high - y) / size
    return rise if _MIN_RISE <= abs(rise) <= _MAX_RISE else 0


def _place(textpage: PdfTextPage, index: int) -> tuple[float, float, float]:
    """Where the character at an index of the text stands, and its size, in points."""
    at = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, index)
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), pdfium.FS_MATRIX()
    pdfium.FPDFText_GetCharOrigin(textpage, at, x, y)
    pdfium.FPDFText_GetMatrix(textpage, at, matrix)
    size = pdfium.FPDFText_GetFontSize(textpage, at) * math.hypot(matrix.c, matrix.d)
    return x.value, y.value, size
