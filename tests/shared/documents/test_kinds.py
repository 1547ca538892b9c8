"""What a file is, by its name and its content."""

import pytest

from shared.documents.kinds import DOCX, PDF, SOURCE, kind_of
from shared.errors import WrongType
from shared.files import InMemory
from tests import files


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
        ("a.txt", b"latin \xe9"),
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
    with pytest.raises(WrongType):
        kind(name, content)


def test_text_is_read_across_the_borders_of_its_pieces() -> None:
    step = 256 * 1024
    assert kind("a.txt", b"x" * (step - 1) + "é".encode() + b"y" * step) == "text/plain"
    with pytest.raises(WrongType):
        kind("a.txt", b"x" * (3 * step) + b"\x00")


def test_a_bomb_is_known_by_its_own_words_and_not_unpacked() -> None:
    bomb = files.docx(word__media__a_bin=bytes(64 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert kind("a.docx", bomb) == DOCX
    many = files.docx(**{f"word__media__{n}_bin": bytes(64 * 1024 * 1024) for n in range(9)})
    with pytest.raises(WrongType):
        kind("a.docx", many)
