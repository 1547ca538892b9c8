"""The headings that each page of a PDF stands under, from its outline (its bookmarks)."""

from bisect import bisect_right
from itertools import islice
from operator import itemgetter

import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument

from shared.documents.pdf.strings import line, read_string

_MAX_ENTRIES = 10_000
_MAX_LEVELS = 6
_MAX_CHARACTERS = 200

Entry = tuple[int, list[str]]
"""The page on which a heading is, from 1, and the path down to it, outermost first."""


def headings(document: PdfDocument) -> list[list[str]]:
    """The path of each page, empty before the first heading and where there is no outline.

    A page under whose number several headings stand is under the first of them, and under those
    of their parts that also begin on it; the pages behind it are under the last.
    """
    found = sorted(_entries(document), key=itemgetter(0))
    starts = [page for page, _ in found]
    paths = []
    for page in range(1, len(document) + 1):
        before, behind = bisect_right(starts, page - 1), bisect_right(starts, page)
        here = found[before:behind]
        paths.append(_first(here) if here else found[before - 1][1] if before else [])
    return paths


def _entries(document: PdfDocument) -> list[Entry]:
    path: list[str] = []
    found = []
    for entry in islice(document.get_toc(_MAX_LEVELS), _MAX_ENTRIES):
        title = line(read_string(pdfium.FPDFBookmark_GetTitle, entry))[:_MAX_CHARACTERS]
        path = [*path[: entry.level], title]
        target = entry.get_dest()
        page = target.get_index() if target else None
        if title and page is not None:
            found.append((page + 1, path))
    return found


def _first(here: list[Entry]) -> list[str]:
    """The first path, followed down while the next one goes on where it ends."""
    path = here[0][1]
    for _, next_path in here[1:]:
        if next_path[:-1] != path:
            break
        path = next_path
    return path
