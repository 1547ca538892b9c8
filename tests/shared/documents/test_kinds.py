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
        ("a.pdf", b""),
        ("a.docx", files.zipped(readme_txt=b"hello")),
        ("a.docx", files.docx(word__vbaProject_bin=b"macro")),
        ("a.docx", files.EXE + files.docx()),
        ("a.docx", files.docx()[:-30]),
        ("a.docx", b"PK\x03\x04" + bytes(100)),
        ("a.txt", files.EXE),
        ("a.txt", b"caf\xe9 \x00"),
        ("a.txt", "text".encode("utf-16-le")),
        ("a.txt", codecs.BOM_UTF16_LE + b"\x00\xd8" * 3),
        ("a.txt", codecs.BOM_UTF16_LE + "no\x01text".encode("utf-16-le")),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3000)),
        ("a.txt", bytes(byte for byte in random.Random(2).randbytes(9000) if byte >= 32)),
        ("a.txt", files.zipped(a_txt=b"text")),
        ("a.txt", files.PDF + b"\x00"),
        ("a.json", b"hello: world"),
        ("a.json", b""),
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
        kind("a.txt", b"x" * (3 * step) + b"\x00")


def test_a_bomb_is_known_by_its_own_words_and_not_unpacked() -> None:
    bomb = files.docx(word__media__a_bin=bytes(64 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert kind("a.docx", bomb) == DOCX
    many = files.docx(**{f"word__media__{n}_bin": bytes(64 * 1024 * 1024) for n in range(9)})
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
