"""What people wrote on a PDF's pages rather than in them: comments, and the fields of a form."""

from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage

from shared.documents.extract import Block
from shared.documents.pdf.strings import line, read_string, tidy
from shared.documents.pdf.weights import too_large

_MAX_ANNOTATIONS = 5_000
_NOT_WRITTEN = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)
_UNCHECKED = "Off"


def asides(page: PdfPage, number: int) -> Iterator[Block]:
    """The comments and, where the document's forms are initialised, the filled-in fields of page
    `number`, as they lie in the file. Raises Unreadable when there are too many."""
    count = pdfium.FPDFPage_GetAnnotCount(page)
    if count > _MAX_ANNOTATIONS:
        raise too_large(f"has more than {_MAX_ANNOTATIONS} annotations on page {number}")
    seen = set()  # of a group of buttons, each tells the group's value
    for index in range(count):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            part, text = _read(annotation, page.formenv)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if text.strip() and (part, text) not in seen:
            seen.add((part, text))
            yield Block(text=tidy(text), page=number, part=part)


def _read(annotation: Any, forms: Any) -> tuple[str, str]:
    """What the annotation is, and its text; empty where it has none."""
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind in _NOT_WRITTEN:
        return "", ""
    if kind != pdfium.FPDF_ANNOT_WIDGET:
        return "annotation", read_string(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents")
    if forms is None:
        return "", ""
    name = read_string(pdfium.FPDFAnnot_GetFormFieldName, forms, annotation)
    value = read_string(pdfium.FPDFAnnot_GetFormFieldValue, forms, annotation)
    return f"form field {line(name)}", "" if value == _UNCHECKED else value
