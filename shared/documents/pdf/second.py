"""The second reader of PDFs, for what pdfium cannot read: pypdf is slower and orders words less
well, but makes more of some damaged files."""

import io
from typing import Any

import pypdf

from shared.documents.pdf.gaps import Gap
from shared.documents.pdf.pages import Page, page_of


class SecondReader:
    """A file as pypdf reads it. Raises whatever its damage brings about in pypdf."""

    def __init__(self, data: bytes) -> None:
        self._pages = pypdf.PdfReader(io.BytesIO(data)).pages
        self.count = len(self._pages)

    def page(self, number: int) -> Page:
        """Page `number`, from 1; damaged ones have that as their `gap`."""
        try:
            page = self._pages[number - 1]
            text = page.extract_text()
            return page_of(number, text, None if text.strip() else _find_gap(page), [])
        except MemoryError:
            raise
        except Exception:  # damage breaks pypdf in any way
            return Page(number, gap=Gap.DAMAGED)


def _find_gap(page: pypdf.PageObject) -> Gap | None:
    resources: Any = page.get("/Resources", {})
    objects: Any = resources.get_object().get("/XObject", {})
    if any(drawn.get("/Subtype") == "/Image" for drawn in objects.get_object().values()):
        return Gap.IMAGE
    contents = page.get_contents()
    return Gap.DRAWING if contents is not None and contents.get_data().strip() else None
