"""Text on a PDF's page that is struck out: by a line that is drawn through it, or by an annotation
(ISO 32000-2, 12.5.6.10)."""

import ctypes
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage, PdfTextPage

from shared.documents.pdf.drawn import Box, find_box, is_white, list_objects

_MAX_BARS = 1_000
_MAX_SEGMENTS = 2_000
_MAX_CHARACTERS = 2_000
_THICK = 3.0  # points
_LOW, _HIGH = 0.1, 0.6  # above the line that letters stand on, of their size
_LEAST_COVERED = 0.75
_PROBES = (0.03, 0.25, 0.5, 0.75, 0.97)
_REACH = 2.0
_APART = 1.0


class _Bar(NamedTuple):
    left: float
    right: float
    y: float


def find_struck(page: PdfPage, textpage: PdfTextPage) -> list[tuple[int, int]]:
    """The characters that are struck out, from the first to behind the last, by their indexes as
    pdfium counts them. Rules of tables and lines below words strike nothing out: they do not go
    through letters, or go on beyond them."""
    bars = [*_list_annotated(page), *islice(_join_bars(_list_drawn(page)), _MAX_BARS)]
    found = (_find_letters(bar, textpage) for bar in bars)
    return sorted({struck for struck in found if struck is not None})


def _join_bars(bars: Iterable[_Bar]) -> Iterator[_Bar]:
    """Lines that go on one behind the other as one."""
    last = None
    for bar in sorted(bars, key=lambda one: (round(one.y), one.left)):
        if last and abs(last.y - bar.y) <= _APART / 2 and _touches(last, bar):
            last = last._replace(right=max(last.right, bar.right))
            continue
        if last:
            yield last
        last = bar
    if last:
        yield last


def _touches(one: _Bar, other: _Bar) -> bool:
    return one.left - _APART <= other.left <= one.right + _APART


def _list_drawn(page: PdfPage) -> Iterator[_Bar]:
    """Drawn lines that lie flat, and boxes that are as thin as lines."""
    for item, kind in list_objects(page):
        if kind == pdfium.FPDF_PAGEOBJ_PATH and not is_white(item):
            left, low, right, high = find_box(item)
            if high - low <= _THICK:
                yield _Bar(left, right, (low + high) / 2)
            else:
                yield from _list_lines(item)


def _list_lines(path: Any) -> Iterator[_Bar]:
    """The flat lines of a path that is drawn as several."""
    count = pdfium.FPDFPath_CountSegments(path)
    if count > _MAX_SEGMENTS:
        return
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(path, matrix)
    last = (0.0, 0.0)
    for at in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, at)
        x, y = ctypes.c_float(), ctypes.c_float()
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        here = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        is_line = pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_LINETO
        if is_line and abs(here[1] - last[1]) <= 1:
            yield _Bar(min(here[0], last[0]), max(here[0], last[0]), (here[1] + last[1]) / 2)
        last = here


def _list_annotated(page: PdfPage) -> Iterator[_Bar]:
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_STRIKEOUT:
                yield from _list_quads(annotation)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _list_quads(annotation: Any) -> Iterator[_Bar]:
    for at in range(min(pdfium.FPDFAnnot_CountAttachmentPoints(annotation), _MAX_BARS)):
        quad = pdfium.FS_QUADPOINTSF()
        if pdfium.FPDFAnnot_GetAttachmentPoints(annotation, at, quad):
            xs, ys = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
            yield _Bar(min(xs), max(xs), (min(ys) + max(ys)) / 2)


def _find_letters(bar: _Bar, textpage: PdfTextPage) -> tuple[int, int] | None:
    """The letters that a bar goes through, from its beginning to its end."""
    width = bar.right - bar.left
    for share in _PROBES:
        x = bar.left + share * width
        hit = pdfium.FPDFText_GetCharIndexAtPos(textpage, x, bar.y, _REACH, _REACH)
        if hit >= 0 and _goes_through_middle(bar, textpage, hit):
            break
    else:
        return None
    start, end = _walk(bar, textpage, hit, -1), _walk(bar, textpage, hit, 1) + 1
    left, right = _find_box(textpage, start).left, _find_box(textpage, end - 1).right
    return (start, end) if right - left >= _LEAST_COVERED * width else None


def _walk(bar: _Bar, textpage: PdfTextPage, at: int, step: int) -> int:
    """The farthest letter on that side; blanks between words are gone over."""
    last = at
    for _ in range(_MAX_CHARACTERS):
        at += step
        code = pdfium.FPDFText_GetUnicode(textpage, at) if at >= 0 else 0
        if not code or chr(code) in "\r\n":
            break
        if chr(code).isspace():
            continue
        if not _goes_through(bar, _find_box(textpage, at)):
            break
        last = at
    return last


def _goes_through(bar: _Bar, box: Box) -> bool:
    is_beside = bar.left - 1 <= (box.left + box.right) / 2 <= bar.right + 1
    return is_beside and box.low <= bar.y <= box.high


def _goes_through_middle(bar: _Bar, textpage: PdfTextPage, at: int) -> bool:
    """And neither over the letters nor below them."""
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(textpage, at, x, y)
    size = pdfium.FPDFText_GetFontSize(textpage, at) * _scale(textpage, at)
    if not size or not _goes_through(bar, _find_box(textpage, at)):
        return False
    rise: float = (bar.y - y.value) / size
    return _LOW <= rise <= _HIGH


def _scale(textpage: PdfTextPage, at: int) -> float:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(textpage, at, matrix)
    return abs(float(matrix.d))


def _find_box(textpage: PdfTextPage, at: int) -> Box:
    """What a letter takes up, with the room around it."""
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(textpage, at, box)
    return Box(box.left, box.bottom, box.right, box.top)
