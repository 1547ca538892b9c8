"""What a file is, by its name and its content."""

import codecs
import random
import struct

import pytest

from shared.documents.file_types import DOCX, PDF, SOURCE, InMemory, kind_of
from shared.errors import UnsupportedMediaType
from tests.support.files import files


def kind(name: str, content: bytes) -> str:
    return kind_of(name, InMemory(memoryview(content)))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", files.PDF, PDF),
        ("a.PDF", b"\r\n" + files.PDF, PDF),
        ("a.docx", files.docx(), DOCX),
        ("a.txt", b"", "text/plain"),
        ("a.txt", files.TEXT.encode(), "text/plain"),
        ("a.txt", b"\xef\xbb\xbfmarked", "text/plain"),
        ("a.md", "# Ünïcode".encode(), "text/markdown"),
        ("a.html", b"<p>hello", "text/html"),
        ("a.csv", b"a,b\r\n1,2\r\n", "text/csv"),
        ("a.json", b' {"a": 1}', "application/json"),
        ("a.xml", b"<a/>", "application/xml"),
        ("a.py", b"print()\n", SOURCE),
        ("Dockerfile", b"FROM scratch\n", SOURCE),
        ("a.txt", b"latin \xe9", "text/plain"),
        ("a.json", '{"a": "ü"}'.encode("utf-16"), "application/json"),
        ("a.xml", "<a>ü</a>".encode("utf-32"), "application/xml"),
        ("a.pdf", b"\x1b%-12345X@PJL\r\n" + files.PDF, PDF),
        ("a.docx", files.docx("word/document2.xml", DOCX + ".main+xml"), DOCX),
        ("a.docx", files.docx("Word/Document.xml"), DOCX),
        ("a.txt", b"The end.\n\x1a", "text/plain"),
        ("a.txt", b"caf\xe9 \x00", "text/plain"),
        ("a.csv", "id,name\n1,Ann\n".encode("utf-16-le"), "text/csv"),
        ("a.json", "[1, 2, 3]\n".encode("utf-16-be"), "application/json"),
        ("a.json", b"/* the pump */ {}", "application/json"),
        ("a.json", b"# the pump\n{}", "application/json"),
        (
            "a.xml",
            "<?xml version='1.0' encoding='ibm037'?><a>10 %</a>".encode("cp037"),
            "application/xml",
        ),
        ("a.log", b"\x1b[31mred\x1b[0m\x0cnext page", "text/plain"),
    ],
)
def test_a_file_that_is_what_its_name_says_is_taken(
    name: str, content: bytes, expected: str
) -> None:
    assert kind(name, content) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", files.EXE),
        ("a.pdf", files.EXE + files.PDF),
        ("a.pdf", files.docx() + files.PDF),
        ("a.pdf", b"\n" * 1020 + files.PDF),
        ("a.docx", files.zipped(readme_txt=b"hello")),
        ("a.docx", files.docx(word__vbaProject_bin=b"macro")),
        ("a.docx", files.docx("word/other.xml", "application/spreadsheet.main+xml")),
        ("a.docx", b"PK\x03\x04" + files.docx()[4:].replace(b"[Content", b"[content")),
        ("a.docx", files.EXE + files.docx()),
        ("a.docx", files.docx()[:-30]),
        ("a.docx", b"PK\x03\x04" + bytes(100)),
        ("a.txt", files.EXE),
        ("a.txt", b"caf\xe9 \x00\x01"),
        ("a.txt", b"text " * 99 + bytes(7)),
        ("a.txt", codecs.BOM_UTF16_LE + b"\x00\xd8" * 3),
        ("a.txt", codecs.BOM_UTF16_LE + "no\x01text\x01".encode("utf-16-le")),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3000)),
        ("a.txt", bytes(byte for byte in random.Random(2).randbytes(9000) if byte >= 32)),
        ("a.txt", files.zipped(a_txt=b"text")),
        ("a.json", b"hello: world"),
        ("a.xml", b"{}"),
        ("a.exe", b"text"),
        ("a.svg", b"<svg/>"),
        ("a", b"text"),
        ("a.tar.gz", b"text"),
    ],
)
def test_a_file_that_is_something_else_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        kind(name, content)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-16", "Größe"),
        ("utf-32", "Größe"),
        ("cp1252", "Die Größe – 5 €"),
        ("latin-1", "x = 1\n" * 200_000 + "# Größe"),
        ("cp1250", "Smlouva je uzavřena na dobu pěti let, žluťoučký kůň úpěl."),
        ("cp932", "契約は五年間続きます。"),
        ("gb18030", "本合同自签订之日起生效,有效期为五年。"),
        ("big5", "本合約自簽訂之日起生效，有效期為五年。"),  # noqa: RUF001
        ("cp949", "이 계약은 서명한 날로부터 오년간 유효하다."),
        ("koi8-r", "Договор действует в течение пяти лет."),
        ("cp1251", "Договор действует в течение пяти лет."),
    ],
)
def test_text_may_be_in_any_encoding(encoding: str, text: str) -> None:
    assert kind("a.txt", text.encode(encoding)) == "text/plain"


def test_text_is_read_across_the_borders_of_its_pieces() -> None:
    step = 256 * 1024
    assert kind("a.txt", b"x" * (step - 1) + "é".encode() + b"y" * step) == "text/plain"
    with pytest.raises(UnsupportedMediaType):
        kind("a.txt", b"x" * (3 * step) + bytes(8000))


def test_a_bomb_is_known_by_its_own_words_and_not_unpacked() -> None:
    huge = bytes(64 * 1024 * 1024)
    picture = files.docx(word__media__a_bin=huge)
    assert len(picture) < 100_000
    assert kind("a.docx", picture) == DOCX
    many = files.docx(**{f"word__{n}_xml": huge for n in range(9)})
    with pytest.raises(UnsupportedMediaType):
        kind("a.docx", many)


@pytest.mark.parametrize("entries", [10_001, 65_535])
def test_an_archive_with_endless_entries_is_refused_by_its_end_record(entries: int) -> None:
    data = files.docx()
    assert kind("a.docx", data) == DOCX
    at = data.rindex(b"PK\x05\x06")
    counted = data[: at + 8] + struct.pack("<HH", entries, entries) + data[at + 12 :]
    long = data[: at + 12] + struct.pack("<L", 100 * 1024 * 1024) + data[at + 16 :]
    for archive in (counted, long):
        with pytest.raises(UnsupportedMediaType):
            kind("a.docx", archive)


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.json", "a.xml"])
@pytest.mark.parametrize("content", [b"", b" \r\n"])
def test_an_empty_file_is_called_empty(name: str, content: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="is empty"):
        kind(name, content)


def test_a_document_under_a_password_is_told_as_that() -> None:
    container = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
    protected = container + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(UnsupportedMediaType, match="protected by a password"):
        kind("a.docx", protected)
    with pytest.raises(UnsupportedMediaType, match="something else"):
        kind("a.docx", container)
