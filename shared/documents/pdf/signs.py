"""What the form of text on a PDF's page says, in signs: `10^6`, `~~five~~`."""

from collections.abc import Iterator

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage, PdfTextPage

from shared.documents.marks import mark_struck
from shared.documents.pdf.scripts import Edit, find_scripts
from shared.documents.pdf.strikes import find_struck


def add_signs(text: str, page: PdfPage, textpage: PdfTextPage) -> str:
    """The text of the page with signs around what is struck out, and before what is raised or
    lowered."""
    raw = textpage.get_text_range()
    edits = [*_list_struck(raw, page, textpage), *find_scripts(raw, textpage)]
    if not edits:
        return text
    here, there = _list_seen(text), _list_seen(raw)
    if [text[at] for at in here] != [raw[at] for at in there]:
        return text
    places = dict(zip(there, here, strict=True))
    signs: list[tuple[int, bool, int, str]] = []
    for start, end, mark in edits:
        first, last = places[start], places[end - 1] + 1
        words = text[first:last]
        before, _, after = mark(words).partition(words)
        # Of what begins or ends at one place the longer one goes around the shorter.
        signs += [(first, True, -last, before), (last, False, -first, after)]
    for at, *_, sign in sorted(signs, reverse=True):
        text = text[:at] + sign + text[at:]
    return text


def _list_struck(raw: str, page: PdfPage, textpage: PdfTextPage) -> Iterator[Edit]:
    for start, end in find_struck(page, textpage):
        first = pdfium.FPDFText_GetTextIndexFromCharIndex(textpage, start)
        last = pdfium.FPDFText_GetTextIndexFromCharIndex(textpage, end - 1) + 1
        words = raw[first:last] if 0 <= first < last else ""
        if any(map(str.isalnum, words)):
            first += len(words) - len(words.lstrip())
            yield first, first + len(words.strip()), mark_struck


def _list_seen(text: str) -> list[int]:
    return [at for at, char in enumerate(text) if not char.isspace()]
