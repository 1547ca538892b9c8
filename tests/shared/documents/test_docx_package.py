"""Word documents that are broken, locked or made to do harm."""

import random
import zipfile

import pytest

from shared.documents.docx.reader import DocxLimits, read_docx
from shared.errors import DocumentFault, Unreadable
from tests.support.files import files
from tests.support.files.word import (
    docx,
    image,
    note,
    p,
    package,
    reference,
    relationships,
    root,
    run,
    styled,
    zipped,
)

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
MEGABYTE = 1024 * 1024
GOOD = docx(p("text"))
TAMED = DocxLimits(part=2 * MEGABYTE, total=4 * MEGABYTE, entries=20, markup=1000, characters=1000)


def fault(data: bytes, limits: DocxLimits = TAMED) -> tuple[DocumentFault, str]:
    with pytest.raises(Unreadable) as caught:
        read_docx(data, limits)
    return caught.value.fault, caught.value.advice


def document(xml: str | bytes) -> bytes:
    return zipped({"word/document.xml": xml if isinstance(xml, bytes) else xml.encode()})


def noise(characters: int) -> str:
    """Text that does not pack well."""
    return random.Random(1).randbytes(characters // 2).hex()


def flagged(data: bytes, at: int, value: int) -> bytes:
    """The archive with another two-byte field in the directory's entry of the document."""
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(b"word/document.xml"))
    field = slice(start + at, start + at + 2)
    changed = bytearray(data)
    changed[field] = value.to_bytes(2, "little")
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "no zip archive"),
        (b"PK\x03\x04" + bytes(100), "no zip archive"),
        (files.PDF, "no zip archive"),
        (GOOD[: len(GOOD) // 2], "no zip archive"),
        (zipped({"word/other.xml": "<x/>"}), "no word/document.xml"),
        (document("<w:document"), "XML is damaged"),
        (document(b""), "XML is damaged"),
        (document(b"\xff\xfe<"), "XML is damaged"),
        (document("<a>" * 5000), "XML is damaged, or nested too deeply"),
        (document("<a>" * 400 + "</a>" * 400), "nested too deeply"),
        (document("<a>&nobody;</a>"), "XML is damaged"),
        (document('<!DOCTYPE a [<!ENTITY x "xx">]><a>&x;</a>'), "defines XML entities"),
        (document('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'), "defines XML entities"),
        (document('<!DOCTYPE a [<!ENTITY x "">]><a/>'.encode("utf-16")), "defines XML entities"),
        (document(b"\x4c\x6f\xa7\x94\x93"), "XML is damaged"),
        (docx(p("x"), footnotes="<w:footnote>"), "XML is damaged"),
        (flagged(GOOD, 10, zipfile.ZIP_BZIP2), "packed in a way"),
        (flagged(GOOD, 16, 0xBAD), "cannot be unpacked"),
        (OLE + "WordDocument".encode("utf-16-le"), "an old Word"),
    ],
)
def test_what_is_broken(data: bytes, expected: str) -> None:
    found, advice = fault(data, DocxLimits())
    assert found == DocumentFault.BROKEN
    assert expected in advice
    assert "please" in advice.lower()


@pytest.mark.parametrize(
    "data", [OLE + bytes(600), OLE + "EncryptedPackage".encode("utf-16-le"), flagged(GOOD, 8, 1)]
)
def test_what_is_locked(data: bytes) -> None:
    found, advice = fault(data)
    assert found == DocumentFault.ENCRYPTED
    assert "remove the password" in advice


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (docx(p("x" * MEGABYTE)), "a hundred times"),
        (docx(p("x"), footnotes=f"<x>{' ' * 2 * MEGABYTE}</x>"), "a hundred times"),
        (docx(p(noise(2 * MEGABYTE))), "one of its texts has more than 2 MB"),
        (docx(p("x"), header=[p(noise(MEGABYTE + at)) for at in range(4)]), "more than 4 MB"),
        (zipped({f"{at}.xml": "" for at in range(21)}), "more than 20 parts"),
        (docx("<w:p/>" * 1000), "more than 1000 elements"),
        (docx("<w:p " + " ".join(f'a{at}=""' for at in range(600)) + "/>"),
         "more than 1000 elements"),
        (document(("<w>" + "<p/>" * 1000 + "</w>").encode("utf-16")), "more than 1000 elements"),
        (docx(p("x"), styles="<w:style/>" * 500, numbering="<w:num/>" * 500),
         "more than 1000 elements"),
        (docx(p("x" * 600) + p("y" * 600)), "more than 1000 characters"),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_too_large(data: bytes, expected: str) -> None:
    found, advice = fault(data)
    assert found == DocumentFault.TOO_LARGE
    assert expected in advice
    assert "Please send it in smaller files." in advice


def test_what_is_not_read_is_not_weighed() -> None:
    parts = {"word/media/a.bmp": "0" * 5 * MEGABYTE, "word/document.xml": root("w:body", p("x"))}
    assert read_docx(package(parts), TAMED).text == "x\n\n"


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("word/document2.xml", "word/document2.xml"),
        ("/content/main.xml", "content/main.xml"),
        ("main.xml", "main.xml"),
        ("word/document2.xml", "Word\\Document2.xml"),
    ],
)
def test_the_document_is_the_part_that_the_package_names(link: str, name: str) -> None:
    folder, _, file = name.replace("\\", "/").rpartition("/")
    parts = {
        "_rels/.rels": relationships(officeDocument=link),
        name: root("w:document", f"<w:body>{p('text', reference('footnote', 1))}</w:body>"),
        f"{folder}/_rels/{file}.rels".lstrip("/"): relationships(footnotes="notes7.xml"),
        f"{folder}/notes7.xml".lstrip("/"): root("w:n", note("footnote", 1, p("noted"))),
    }
    assert read_docx(package(parts)).text == "text\n\nnoted\n\n"


def test_a_size_that_is_declared_too_small_does_not_help() -> None:
    data = docx(p(noise(3 * MEGABYTE)))
    sizes = flagged(flagged(data, 24, 1000), 26, 0)
    assert fault(sizes)[0] == DocumentFault.BROKEN


@pytest.mark.parametrize("body", ["", p(), p(" ") + "<w:sectPr/>", "<w:tbl><w:tr/></w:tbl>"])
def test_an_empty_document(body: str) -> None:
    assert fault(docx(body))[0] == DocumentFault.EMPTY


def test_a_document_of_nothing_but_images() -> None:
    found, advice = fault(docx(p(image()) + p(image())))
    assert found == DocumentFault.NO_TEXT
    assert "images with descriptions" in advice


DEEP = 80


@pytest.mark.parametrize(
    "body",
    [
        "<w:r>" * 200 + "<w:t>deep</w:t>" + "</w:r>" * 200,
        "<w:unknown>" * 200 + p("deep") + "</w:unknown>" * 200,
        "<w:sdt>" * 200 + p("deep") + "</w:sdt>" * 200,
        "<w:ins>" * 200 + p("deep") + "</w:ins>" * 200,
        "<w:tbl><w:tr><w:tc>" * DEEP + p("deep") + "</w:tc></w:tr></w:tbl>" * DEEP,
        "<w:tbl><w:tr><w:tc/><w:tc>" * DEEP + p("deep") + "</w:tc></w:tr></w:tbl>" * DEEP,
        "<w:p><w:txbxContent>" * DEEP + p("deep") + "</w:txbxContent></w:p>" * DEEP,
        "<w:p>" + "<m:sup>" * 200 + run("deep") + "</m:sup>" * 200 + "</w:p>",
    ],
    ids=range(8),
)
def test_what_is_nested_as_deeply_as_xml_may_be_is_read(body: str) -> None:
    assert "deep" in read_docx(docx(body)).text


def test_what_leads_from_one_to_the_next_may_be_long() -> None:
    count = 2000
    chain = "".join(
        note("footnote", at, p(f"note {at}", reference("footnote", at + 1))) for at in range(count)
    )
    blocks = read_docx(docx(p("x", reference("footnote", 0)), footnotes=chain)).blocks
    assert blocks[-1].part == f"footnote {count}"
    styles = "".join(
        f'<w:style w:styleId="s{at}"><w:basedOn w:val="s{at + 1}"/></w:style>'
        for at in range(count)
    )
    assert read_docx(docx(styled("s0", "text"), styles=styles)).text == "text\n\n"


@pytest.mark.parametrize("count", ["99999999999999999999", "999999999", "-5", "0", "x", ""])
def test_numbers_of_lists_may_be_absurd(count: str) -> None:
    level = (
        f'<w:lvl w:ilvl="{{}}"><w:start w:val="{count}"/><w:numFmt w:val="{{}}"/>'
        '<w:lvlText w:val="%1.%2.%9"/></w:lvl>'
    )
    numbering = (
        f'<w:abstractNum w:abstractNumId="1">{level.format(0, "upperRoman")}'
        f"{level.format(count, 'lowerLetter')}</w:abstractNum>"
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    )
    place = f'<w:numPr><w:ilvl w:val="{count}"/><w:numId w:val="1"/></w:numPr>'
    text = read_docx(docx(p("item", properties=place) * 2, numbering=numbering)).text
    assert len(text) < 100
    assert text.count("item") == 2


def test_relationships_that_lead_elsewhere_are_left_alone() -> None:
    links = (
        '<Relationships><Relationship Id="a" Type="x/footnotes" Target="../../../etc/passwd"/>'
        '<Relationship Id="b" Type="x/header" Target="http://example.com/" TargetMode="External"/>'
        '<Relationship Id="c" Type="x/comments" Target="/word/said.xml"/></Relationships>'
    )
    parts = {
        "word/document.xml": root("w:document", f"<w:body>{p('text')}</w:body>"),
        "word/_rels/document.xml.rels": links,
        "word/said.xml": root("w:comments", note("comment", 1, p("said"))),
        "word/endnotes.xml": root("w:endnotes", note("endnote", 1, p("unlinked"))),
    }
    assert read_docx(package(parts)).text == "text\n\nunlinked\n\nsaid\n\n"


def test_a_long_document_is_read_in_time_that_grows_with_it() -> None:
    count = 20_000
    body = "".join(p(f"Paragraph {at}") for at in range(count))
    blocks = read_docx(docx(body)).blocks
    assert len(blocks) == count
    assert blocks[-1].paragraph == count
