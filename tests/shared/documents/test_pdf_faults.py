"""PDFs that are encrypted or damaged: a named fault, or what can be read with an account of the
rest."""

import pytest

from shared.documents.pdf.reader import read_pdf
from shared.errors import DocumentFault, Unreadable
from tests.support.files import pdfs
from tests.support.files.pdfs import IMAGE, Algorithm, drawn, packed, shown

HELLO = shown("Hello there.")
DAMAGED = "damaged or missing; save the document as a new PDF"
SECOND = "The file is damaged; it was read in a way that may order words less well."


def fault(data: bytes) -> tuple[DocumentFault, str]:
    with pytest.raises(Unreadable) as caught:
        read_pdf(data)
    return caught.value.fault, caught.value.advice


ALGORITHMS: list[Algorithm] = ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_password_is_asked_for_only_where_there_is_one(algorithm: Algorithm) -> None:
    plain = pdfs.written([["Secret."]])
    extract = read_pdf(pdfs.encrypted(plain, "", algorithm))
    assert extract.text == "Secret.\n"
    assert extract.notes == ["The file is encrypted, but opens without a password."]
    assert fault(pdfs.encrypted(plain, "word", algorithm)) == (
        DocumentFault.ENCRYPTED,
        "This PDF needs a password; remove the password (print or save a copy without one) and "
        "send it again.",
    )


def test_an_unknown_way_of_encrypting_is_told_as_such() -> None:
    data = pdfs.encrypted(pdfs.written([["Secret."]]), "", "AES-256")
    assert fault(data.replace(b"/Standard", b"/Certific"))[0] == DocumentFault.ENCRYPTED


WHOLE = drawn(HELLO)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", DocumentFault.EMPTY),
        (b"%PDF-1.7\n", DocumentFault.BROKEN),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, DocumentFault.BROKEN),
        (WHOLE[: len(WHOLE) // 2], DocumentFault.BROKEN),
        (WHOLE[: WHOLE.index(b"xref\n0")], DocumentFault.BROKEN),
        (drawn(), DocumentFault.EMPTY),
        (drawn(b"", b""), DocumentFault.EMPTY),
        (drawn(IMAGE, IMAGE), DocumentFault.NO_TEXT),
        (
            drawn(HELLO, more={2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}),
            DocumentFault.BROKEN,
        ),
        (drawn(HELLO, more={101: packed(b"not packed at all, " * 9)}), DocumentFault.BROKEN),
    ],
)
def test_what_cannot_be_read_has_a_named_fault(data: bytes, expected: DocumentFault) -> None:
    found, advice = fault(data)
    assert found == expected
    assert "send" in advice


def test_a_scanned_document_is_no_empty_success() -> None:
    assert fault(drawn(IMAGE, IMAGE, b"")) == (
        DocumentFault.NO_TEXT,
        "No page of this PDF can be read: an image without text (scanned); run OCR over the file, "
        "and send that.",
    )


@pytest.mark.parametrize(
    "data",
    [
        WHOLE.replace(b"startxref\n", b"startxref\n9"),
        WHOLE.replace(b"%PDF-1.7\n", b"%PDF-1.7\n% everything lies elsewhere\n"),
        WHOLE[: WHOLE.index(b"xref\n0")] + b"trailer << /Root 1 0 R >>",
        b"\r\n" + WHOLE,
        WHOLE + b"\0" * 4000,
        drawn(HELLO, more={2: b"<< /Type /Pages /Kids [100 0 R] /Count 10100000 >>"}),
        drawn(HELLO, more={2: b"<< /Type /Pages /Kids [100 0 R] /Count -1 >>"}),
        drawn(HELLO, more={2: b"<< /Type /Pages /Kids [100 0 R] >>"}),
    ],
)
def test_damage_that_pdfium_mends(data: bytes) -> None:
    extract = read_pdf(data)
    assert (extract.text, extract.pages, extract.pages_read) == ("Hello there.\n", 1, 1)
    assert extract.unread == []


def test_what_pdfium_cannot_open_is_read_by_pypdf() -> None:
    extract = read_pdf(drawn(HELLO, IMAGE, b"", HELLO).replace(b"/Root 1 0 R", b""))
    assert extract.text == "Hello there.\n" * 2
    assert (extract.pages, extract.pages_read, extract.notes) == (4, 3, [SECOND])
    assert [gap.place for gap in extract.unread] == ["p. 2"]


def test_a_page_that_pdfium_cannot_find_is_read_by_pypdf() -> None:
    data = drawn(HELLO, shown("A second page."), HELLO)
    place = data.index(b"102 0 obj")
    extract = read_pdf(data.replace(b"%010d 00000 n" % place, b"%010d 00000 n" % (place + 3)))
    assert extract.blocks[1].text == "A second page.\n"
    assert (extract.pages, extract.pages_read) == (3, 3)
    assert extract.notes == ["Read in a way that may order words less well: p. 2."]


def test_pages_that_are_missing_or_damaged_are_listed() -> None:
    tree = b"<< /Type /Pages /Kids [99 0 R 100 0 R 102 0 R] /Count 4 >>"
    broken = packed(b"not packed at all, " * 9)
    extract = read_pdf(drawn(HELLO, HELLO, more={2: tree}))
    assert {gap.place: gap.reason for gap in extract.unread} == {"p. 1": DAMAGED, "p. 4": DAMAGED}
    assert [block.page for block in extract.blocks] == [2, 3]
    extract = read_pdf(drawn(HELLO, HELLO, more={103: broken}))
    assert {gap.place: gap.reason for gap in extract.unread} == {"p. 2": DAMAGED}
    assert (extract.pages, extract.pages_read) == (2, 1)


def test_a_tree_of_pages_that_leads_back_to_itself_ends() -> None:
    loop = b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>"
    tree = b"<< /Type /Pages /Kids [100 0 R 6 0 R] /Count 2 >>"
    extract = read_pdf(drawn(HELLO, more={2: tree, 6: loop}))
    assert set(extract.text.splitlines()) == {"Hello there."}


def test_an_outline_that_leads_back_to_itself_ends() -> None:
    entry = b"<< /Title (One) /Parent 6 0 R /Dest [100 0 R /Fit] /Next 7 0 R /First 7 0 R >>"
    outline = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
        6: b"<< /Type /Outlines /First 7 0 R /Last 7 0 R >>",
        7: entry,
    }
    assert read_pdf(drawn(HELLO, more=outline)).blocks[0].headings == ["One"]
