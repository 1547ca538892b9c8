"""What people wrote on a PDF's pages: comments and form fields."""

import pytest

from shared.documents.extract import Extract, Places
from shared.documents.pdf.reader import read_pdf
from tests.support.files import pdfs
from tests.support.files.pdfs import drawn, shown

PAGES = (shown("The first page."), shown("The second page."))


def annotation(kind: str, entries: str) -> bytes:
    return f"<< /Type /Annot /Subtype /{kind} /Rect [9 9 99 29] {entries} >>".encode("latin-1")


def asides(extract: Extract) -> list[tuple[str | None, int | None, str]]:
    return [(block.part, block.page, block.text) for block in extract.blocks if block.part]


def test_comments_come_after_the_pages_with_their_place() -> None:
    notes = {
        6: annotation("Text", "/Contents (Is this so?) /T (Ann)"),
        7: annotation("FreeText", "/Contents (Typed on the page) /DA (/F1 1 Tf)"),
        8: annotation("Link", "/Contents (No comment)"),
        9: annotation("Highlight", "/Contents ()"),
    }
    page = b"/Annots [6 0 R 7 0 R 8 0 R 9 0 R 99 0 R]"
    extract = read_pdf(drawn(PAGES[0], more=notes, page=page))
    assert asides(extract) == [
        ("annotation", 1, "Is this so?\n"),
        ("annotation", 1, "Typed on the page\n"),
    ]
    assert extract.text.startswith("The first page.\n")
    start = extract.text.index("Is this")
    assert Places(extract.blocks).place(start, start + 5) == "annotation, p. 1"


def test_filled_in_fields_are_read_by_their_whole_names() -> None:
    button = "/FT /Btn /AP << /N << /Yes 101 0 R /Off 101 0 R >> >>"
    more = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 7 0 R 8 0 R 9 0 R 11 0 R] "
        b">> >>",
        6: annotation("Widget", "/FT /Tx /T (name) /V (Ann Lee)"),
        7: annotation("Widget", f"{button} /T (agreed) /V /Yes /AS /Yes"),
        8: annotation("Widget", f"{button} /T (refused) /V /Off /AS /Off"),
        9: b"<< /T (address) /Kids [10 0 R] >>",
        10: annotation("Widget", "/FT /Ch /T (city) /Parent 9 0 R /V (Oslo) /Opt [(Oslo)]"),
        11: annotation("Widget", "/FT /Tx /T (empty)"),
    }
    page = b"/Annots [6 0 R 7 0 R 8 0 R 10 0 R 11 0 R]"
    extract = read_pdf(drawn(PAGES[0], more=more, page=page))
    assert asides(extract) == [
        ("form field name", 1, "Ann Lee\n"),
        ("form field agreed", 1, "Yes\n"),
        ("form field address.city", 1, "Oslo\n"),
    ]


def test_a_blank_page_with_a_comment_is_a_document() -> None:
    note = annotation("Text", "/Contents (Only a comment)")
    extract = read_pdf(drawn(b"", more={6: note}, page=b"/Annots [6 0 R]"))
    assert extract.text == "Only a comment\n"
    assert (extract.pages, extract.pages_read) == (1, 1)


def test_an_xfa_form_and_attached_files_are_told_as_unread() -> None:
    more = {
        1: b"<< /Type /Catalog /Pages 2 0 R /NeedsRendering true /AcroForm << /Fields [] "
        b"/XFA 6 0 R >> /Names << /EmbeddedFiles << /Names [(a.txt) 7 0 R] >> >> >>",
        6: b"<< /Length 6 >>\nstream\n<xdp/>\nendstream",
        7: b"<< /Type /Filespec /F (a.txt) >>",
    }
    extract = read_pdf(drawn(PAGES[0], more=more))
    assert [gap.place for gap in extract.unread] == ["form"]
    assert extract.notes == ["Files attached to the PDF are not read: 1."]


def drawing(content: bytes, kind: str = "Stamp", entries: str = "") -> dict[int, bytes]:
    """An annotation that draws this."""
    box = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 300 100] /Resources << /Font << /F1 4 0 R >> >>"
    )
    return {
        6: annotation(kind, f"/AP << /N 7 0 R >> {entries}"),
        7: pdfs.stream(content, box),
    }


VOID = b"BT /F1 18 Tf 10 40 Td (VOID since 1 March) Tj ET 0 0 300 100 re S"
INK = b"2 w 10 10 m 100 90 l S"


def of_page_2(more: dict[int, bytes], content: bytes = b"", entries: bytes = b"") -> Extract:
    """A document whose second page has the annotation 6."""
    data = drawn(PAGES[0], content, more=more)
    start = data.rindex(b"/Type /Page ")
    annots = b"/Annots [6 0 R] " + entries
    return read_pdf(data[:start] + annots + data[start:])


@pytest.mark.parametrize("content", [b"", PAGES[1]])
@pytest.mark.parametrize(
    ("kind", "entries"), [("Stamp", ""), ("Stamp", "/Contents ()"), ("FreeText", "")]
)
def test_the_words_of_a_stamp_are_read(content: bytes, kind: str, entries: str) -> None:
    extract = of_page_2(drawing(VOID, kind, entries), content)
    assert asides(extract) == [("stamp", 2, "VOID since 1 March\n")]
    assert (extract.pages_read, extract.unread) == (2, [])


def test_a_signature_that_is_shown_is_read() -> None:
    signed = drawing(VOID, "Widget", "/FT /Sig /T (s)")
    form = {1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>"}
    assert asides(of_page_2({**signed, **form})) == [("stamp", 2, "VOID since 1 March\n")]


@pytest.mark.parametrize("kind", ["Stamp", "Ink", "Line", "Polygon"])
def test_a_page_with_nothing_but_a_drawing_by_hand_is_unread(kind: str) -> None:
    extract = of_page_2(drawing(INK, kind))
    assert [one.place for one in extract.unread] == ["p. 2"]
    assert extract.pages_read == 1


def test_a_stamp_without_words_beside_text_is_told() -> None:
    extract = of_page_2(drawing(pdfs.IMAGE), PAGES[1])
    assert [(one.place, "image" in one.reason) for one in extract.unread] == [("stamp, p. 2", True)]
    assert extract.pages_read == 2


@pytest.mark.parametrize("more", [drawing(INK, "Ink"), drawing(VOID, "Stamp", "/F 2")])
def test_marks_on_a_text_and_what_is_hidden_are_nothing_to_read(more: dict[int, bytes]) -> None:
    extract = of_page_2(more, PAGES[1])
    assert (asides(extract), extract.unread) == ([], [])


def test_a_stamp_may_be_too_heavy_to_be_read() -> None:
    bomb = pdfs.packed(pdfs.bomb(11_000_000, b"0 0 m 9 9 l S\n"), b"/Subtype /Form /BBox [0 0 9 9]")
    extract = of_page_2({**drawing(b""), 7: bomb}, PAGES[1])
    assert [(one.place, "10 MB" in one.reason) for one in extract.unread] == [("p. 2", True)]
