"""Reading PDFs: pdfium reads the text, the outline and what is written beside; pypdf tells
beforehand what is too much, and reads what pdfium cannot.

Limits: 10,000 pages, 10 million characters, 10 MB of drawing instructions on a page, unpacked.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pypdf
import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument, PdfiumError

from shared.documents.extract import Block, Extract, Unread
from shared.documents.pdf.gaps import Gap
from shared.documents.pdf.margins import describe_margin, without_margins
from shared.documents.pdf.outline import headings
from shared.documents.pdf.pages import Page, read_page
from shared.documents.pdf.second import SecondReader
from shared.documents.pdf.strings import line, read_string
from shared.documents.pdf.weights import (
    LIMITS,
    MAX_PAGE_BYTES,
    MAX_PAGES,
    Weight,
    too_large,
    weights,
)
from shared.errors import DocumentFault, Unreadable

_MAX_CHARACTERS = 10_000_000
_PROTECTED = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)


def read_pdf(data: bytes) -> Extract:
    """A block for each page with text, in which running headers and footers are left out where they
    come again; then the comments, stamps and form fields.

    Every page counts as read (it has text, or is blank) or is listed as unread. Raises Unreadable
    when nothing can be read, or a limit is passed.
    """
    if not data:
        raise Unreadable(DocumentFault.EMPTY, "This file is empty; please send it again.")
    with pypdf.apply_configuration(LIMITS):
        found = weights(data)
        try:
            document = PdfDocument(data)
        except PdfiumError as error:
            if error.err_code in _PROTECTED:
                raise _refuse_protected() from None
            return _read_second(data)
        with document:
            return _read(document, data, found)


def _refuse_protected() -> Unreadable:
    advice = "remove the password (print or save a copy without one) and send it again."
    return Unreadable(DocumentFault.ENCRYPTED, f"This PDF needs a password; {advice}")


def _broken() -> Unreadable:
    advice = "open it and save it as a new PDF, or send the file it was made from."
    return Unreadable(DocumentFault.BROKEN, f"This PDF is damaged or cut off; {advice}")


def _read(document: PdfDocument, data: bytes, found: list[Weight]) -> Extract:
    unread = _open_form(document)
    count = len(document)
    if count > MAX_PAGES:
        raise too_large(f"has more than {MAX_PAGES} pages")
    if len(found) != count:  # nobody knows which page weighs what
        if any(map(_is_heavy, found)):
            raise too_large("unpacks to more than a document can need")
        found = [0] * count
    pages, notes = _again(data, _bound_pages(_pages(document, found)))
    if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1:
        notes.append("The file is encrypted, but opens without a password.")
    if attached := document.count_attachments():
        notes.append(f"Files attached to the PDF are not read: {attached}.")
    extract = _extract(pages, headings(document), notes)
    title, author = (_said(document, key) for key in (b"Title", b"Author"))
    more = {"title": title, "author": author, "unread": extract.unread + unread}
    return extract.model_copy(update=more)


def _open_form(document: PdfDocument) -> list[Unread]:
    """What will not be read of the document's form, the fields of which are read with the pages."""
    try:
        document.init_forms()
    except PdfiumError:
        return [Unread(place="form", reason="its fields are damaged; print it to a new PDF")]
    if document.get_formtype() == pdfium.FORMTYPE_XFA_FULL:
        return [Unread(place="form", reason="an XFA form; print it to a new PDF")]
    return []


def _said(document: PdfDocument, key: bytes) -> str | None:
    return line(read_string(pdfium.FPDF_GetMetaText, document, key)) or None


def _is_heavy(weight: Weight) -> bool:
    return weight is not None and weight > MAX_PAGE_BYTES


def _pages(document: PdfDocument, found: list[Weight]) -> Iterator[Page]:
    for number, weight in enumerate(found, 1):
        if _is_heavy(weight):
            yield Page(number, gap=Gap.HEAVY)
            continue
        page = read_page(document, number)
        is_blank = not page.text.strip() and page.shown is None and page.gap is None
        yield replace(page, gap=Gap.DAMAGED) if weight is None and is_blank else page


def _bound_pages(pages: Iterable[Page]) -> list[Page]:
    """All pages. Raises Unreadable as soon as their text is too long."""
    kept, characters = [], 0
    for page in pages:
        kept.append(page)
        characters += len(page.text) + sum(len(block.text) for block in page.asides)
        if characters > _MAX_CHARACTERS:
            raise too_large("has more than 10 million characters")
    return kept


def _again(data: bytes, pages: list[Page]) -> tuple[list[Page], list[str]]:
    """The pages, damaged ones as the second reader reads them; and a sentence that says so."""
    damaged = [page.number for page in pages if page.gap is Gap.DAMAGED]
    second = _second(data) if damaged else None
    if second is None or second.count != len(pages):
        return pages, []
    mended = {number: page for number in damaged if (page := second.page(number)).text.strip()}
    places = ", ".join(f"p. {number}" for number in mended)
    notes = [f"Read in a way that may order words less well: {places}."] if mended else []
    return [mended.get(page.number, page) for page in pages], notes


def _second(data: bytes) -> SecondReader | None:
    try:
        return SecondReader(data)
    except MemoryError:
        raise
    except Exception:  # damage breaks pypdf in any way
        return None


def _read_second(data: bytes) -> Extract:
    second = _second(data)
    if second is None:
        raise _broken()
    if not second.count:
        raise Unreadable(DocumentFault.EMPTY, "This PDF has no pages; please send another file.")
    pages = _bound_pages(second.page(number) for number in range(1, second.count + 1))
    notes = ["The file is damaged; it was read in a way that may order words less well."]
    return _extract(pages, [[]] * second.count, notes)


def _note_hidden(pages: list[Page]) -> list[str]:
    places = ", ".join(f"p. {page.number}" for page in pages if page.has_hidden_text)
    told = "The document has text that is white, tiny or not drawn, which was read like the rest"
    return [f"{told}: {places}."] if places else []


def _extract(pages: list[Page], paths: list[list[str]], notes: list[str]) -> Extract:
    pages, margins = without_margins(pages)
    gaps = {
        page.number: reason
        for page in pages
        if (reason := page.gap or (page.shown if not page.text.strip() else None))
    }
    blocks = [
        Block(text=page.text, page=page.number, headings=path)
        for page, path in zip(pages, paths, strict=True)
        if page.text.strip()
    ]
    blocks += [block for page in pages for block in page.asides]
    if not blocks:
        raise _without_text(list(gaps.values()))
    unread = [Unread(place=f"p. {number}", reason=reason) for number, reason in gaps.items()]
    unread += [
        Unread(place=f"stamp, p. {page.number}", reason=page.stamped)
        for page in pages
        if page.stamped
    ]
    read = len(pages) - len(gaps)
    return Extract(
        blocks=blocks,
        pages=len(pages),
        pages_read=read,
        unread=unread,
        notes=[*notes, *_note_hidden(pages), *itertools.starmap(describe_margin, margins.items())],
        left_out=list(margins),
    )


def _without_text(gaps: list[Gap]) -> Unreadable:
    """Why there is nothing to read: the reason that most pages have."""
    if not gaps:
        return Unreadable(
            DocumentFault.EMPTY, "This PDF has only blank pages; please send another file."
        )
    reason = max(Gap, key=gaps.count)
    if reason is Gap.DAMAGED:
        return _broken()
    return Unreadable(reason.fault, f"No page of this PDF can be read: {reason}, and send that.")
