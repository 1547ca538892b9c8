"""The pages of a PDF as pdfium reads them."""

import re
from contextlib import closing
from dataclasses import dataclass, field, replace

from pypdfium2 import PdfDocument, PdfiumError

from shared.documents.extract import Block
from shared.documents.pdf.appearances import find_drawing, read_stamps
from shared.documents.pdf.asides import asides
from shared.documents.pdf.columns import order_pieces
from shared.documents.pdf.gaps import Gap, gap
from shared.documents.pdf.hidden import has_hidden_text
from shared.documents.pdf.signs import add_signs
from shared.documents.pdf.strings import EVERYWHERE, HYPHEN, tidy

_LITTLE_TEXT = 300
_NO_LETTER = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Page:
    """`shown` is what is there beside text, looked for only where there is little of that; `gap`
    is why the page is not read; `stamped` is what a stamp beside the text shows without words."""

    number: int
    text: str = ""
    shown: Gap | None = None
    gap: Gap | None = None
    stamped: Gap | None = None
    has_hidden_text: bool = False
    asides: list[Block] = field(default_factory=list)


def read_page(document: PdfDocument, number: int) -> Page:
    """Page `number`, from 1; damaged ones have that as their `gap`."""
    try:
        with closing(document[number - 1]) as page, closing(page.get_textpage()) as textpage:
            written = textpage.get_text_bounded(*EVERYWHERE)
            text = add_signs(written, order_pieces(written, textpage), page, textpage)
            shown = gap(page) if len(text) < _LITTLE_TEXT else None
            beside = list(asides(page, number))
            stamps, stamped = read_stamps(document, page, number)
            if stamps.strip():
                beside.append(Block(text=tidy(stamps), page=number, part="stamp"))
            if not text.strip() and not shown and not stamps.strip():
                shown, stamped = stamped or find_drawing(document, page, number), None
            hidden = has_hidden_text(page, textpage)
            found = page_of(number, text, shown, beside)
            return replace(found, stamped=stamped, has_hidden_text=hidden)
    except PdfiumError:
        return Page(number, gap=Gap.DAMAGED)


def page_of(number: int, text: str, shown: Gap | None, beside: list[Block]) -> Page:
    """A page with the text that was found on it, unless most of that means nothing."""
    letters = "".join(text.replace(HYPHEN, "").split())
    if 2 * len(_NO_LETTER.findall(letters)) > len(letters) or (shown is Gap.LETTERS and not text):
        return Page(number, gap=Gap.LETTERS, asides=beside)
    return Page(number, tidy(text), None if shown is Gap.LETTERS else shown, asides=beside)
