"""What the form of text on a PDF's page says, in signs: `10^6`, `~~five~~`."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage, PdfTextPage

from shared.documents.marks import mark_struck
from shared.documents.pdf.columns import Piece
from shared.documents.pdf.scripts import Edit, find_scripts
from shared.documents.pdf.strikes import find_struck


class _Sign(NamedTuple):
    """Where in the text it is put. `other` is the other end of its words, below zero, so that of
    what begins or ends at one place the longer one goes around the shorter."""

    at: int
    is_before: bool
    other: int
    sign: str


def add_signs(text: str, pieces: Iterable[Piece], page: PdfPage, textpage: PdfTextPage) -> str:
    """The pieces of the text of the page, a line each where they are several, with signs around
    what is struck out, and before what is raised or lowered."""
    signs = sorted(_list_signs(text, page, textpage), reverse=True)
    parts = []
    for start, end in pieces:
        part = text[start:end]
        for at, is_before, _, sign in signs:
            if start <= at < end if is_before else start < at <= end:
                part = part[: at - start] + sign + part[at - start :]
        parts.append(part)
    return "\n".join(parts)


def _list_signs(text: str, page: PdfPage, textpage: PdfTextPage) -> Iterator[_Sign]:
    raw = textpage.get_text_range()
    edits = [*_list_struck(raw, page, textpage), *find_scripts(raw, textpage)]
    if not edits:
        return
    here, there = _list_seen(text), _list_seen(raw)
    if [text[at] for at in here] != [raw[at] for at in there]:
        return
    places = dict(zip(there, here, strict=True))
    for start, end, mark in edits:
        first, last = places[start], places[end - 1] + 1
        before, _, after = mark(text[first:last]).partition(text[first:last])
        yield _Sign(first, True, -last, before)
        yield _Sign(last, False, -first, after)


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
