"""What annotations of a PDF's page show on it beside what is said of them: stamps, signatures,
drawings by hand (ISO 32000-2, 12.5.5)."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument, PdfPage

from shared.documents.pdf.gaps import Gap, gap
from shared.documents.pdf.strings import EVERYWHERE, read_string

_STAMPS = (pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_WATERMARK, pdfium.FPDF_ANNOT_REDACT)
_DRAWINGS = (
    *(pdfium.FPDF_ANNOT_INK, pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_SQUARE),
    *(pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE),
)
_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_SIGNATURE = pdfium.FPDF_FORMFIELD_SIGNATURE


def read_stamps(document: PdfDocument, page: PdfPage, number: int) -> tuple[str, Gap | None]:
    """The text of stamps, signatures and the like on page `number`; or what they show without."""
    return _read(document, page, number, _is_stamp)


def find_drawing(document: PdfDocument, page: PdfPage, number: int) -> Gap | None:
    """What was drawn by hand on page `number`."""
    return _read(document, page, number, lambda annotation, _: _subtype(annotation) in _DRAWINGS)[1]


def _read(
    document: PdfDocument, page: PdfPage, number: int, is_meant: Callable[[Any, Any], bool]
) -> tuple[str, Gap | None]:
    others = [at for at, found in enumerate(_each(page, is_meant)) if not found]
    if len(others) == pdfium.FPDFPage_GetAnnotCount(page):
        return "", None
    with PdfDocument.new() as copy:
        copy.import_pages(document, [number - 1])
        with closing(copy[0]) as bare:
            for item in list(bare.get_objects(max_depth=1)):
                bare.remove_obj(item)
            bare.gen_content()
            for at in reversed(others):
                pdfium.FPDFPage_RemoveAnnot(bare, at)
            pdfium.FPDFPage_Flatten(bare, pdfium.FLAT_NORMALDISPLAY)
        with closing(copy[0]) as flat, closing(flat.get_textpage()) as textpage:
            text = textpage.get_text_bounded(*EVERYWHERE)
            return text, None if text.strip() else gap(flat) or Gap.DRAWING


def _each(page: PdfPage, is_meant: Callable[[Any, Any], bool]) -> list[bool]:
    found = []
    for at in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, at)
        seen = annotation and not pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN
        found.append(bool(seen) and is_meant(annotation, page.formenv))
        if annotation:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return found


def _is_stamp(annotation: Any, forms: Any) -> bool:
    kind = _subtype(annotation)
    if kind == pdfium.FPDF_ANNOT_WIDGET and forms is not None:
        return bool(pdfium.FPDFAnnot_GetFormFieldType(forms, annotation) == _SIGNATURE)
    if kind == pdfium.FPDF_ANNOT_FREETEXT:
        return not read_string(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents").strip()
    return kind in _STAMPS


def _subtype(annotation: Any) -> int:
    return int(pdfium.FPDFAnnot_GetSubtype(annotation))
