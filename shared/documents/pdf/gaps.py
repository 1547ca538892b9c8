"""Why what a PDF's page shows is not in its text."""

import ctypes
from collections.abc import Callable
from enum import StrEnum
from itertools import islice

import pypdfium2.raw as pdfium
from pypdfium2 import PdfObject, PdfPage

from shared.errors import DocumentFault

_MAX_OBJECTS = 10_000
_WHITE = (255, 255, 255)


class Gap(StrEnum):
    """A reason for people. Of what a page shows beside text, the first is told."""

    IMAGE = "an image without text (scanned); run OCR over the file"
    LETTERS = "letters whose font does not say what they mean; run OCR over the file"
    DRAWING = "a drawing without text; if it shows letters, run OCR over the file"
    DAMAGED = "damaged or missing; save the document as a new PDF"
    HEAVY = "more than 10 MB of drawing instructions; save the page as an image and run OCR over it"

    @property
    def fault(self) -> DocumentFault:
        """What is wrong with a document of which nothing else is known."""
        return {Gap.DAMAGED: DocumentFault.BROKEN, Gap.HEAVY: DocumentFault.TOO_LARGE}.get(
            self, DocumentFault.NO_TEXT
        )


def gap(page: PdfPage) -> Gap | None:
    """What the page shows; None when it is blank. Raises PdfiumError when it is damaged."""
    found = {_find_gap(item) for item in islice(page.get_objects(), _MAX_OBJECTS)}
    return next((kind for kind in Gap if kind in found), None)


def _find_gap(item: PdfObject) -> Gap | None:
    if item.type == pdfium.FPDF_PAGEOBJ_PATH:
        return Gap.DRAWING if _is_drawn(item) else None
    return {
        pdfium.FPDF_PAGEOBJ_IMAGE: Gap.IMAGE,
        pdfium.FPDF_PAGEOBJ_TEXT: Gap.LETTERS,
        pdfium.FPDF_PAGEOBJ_SHADING: Gap.DRAWING,
    }.get(item.type)


def _is_drawn(path: PdfObject) -> bool:
    """Whether a path leaves more on the paper than white."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    return (fill.value != 0 and _is_inked(path, pdfium.FPDFPageObj_GetFillColor)) or (
        stroke.value != 0 and _is_inked(path, pdfium.FPDFPageObj_GetStrokeColor)
    )


def _is_inked(path: PdfObject, read: Callable[..., int]) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    read(path, red, green, blue, alpha)
    return alpha.value > 0 and (red.value, green.value, blue.value) != _WHITE
