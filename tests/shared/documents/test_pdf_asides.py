"""What people wrote on a PDF's pages: comments and form fields."""

from shared.documents.extract import Extract, Places
from shared.documents.pdf.reader import read_pdf
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
