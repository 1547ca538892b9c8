"""The text of a file: read once, kept in pieces, given with the places that quotes name."""

import pytest

from shared.attachments.texts import MAX_ANSWER, AttachmentTexts
from shared.clients.blobs import Container
from shared.documents.extract import Extract
from shared.documents.extraction import Extractor
from shared.errors import DocumentFault, Invalid, NotFound, Unreadable
from shared.models import Attachment, AttachmentText, TextQuery
from shared.sandbox.runner import Limits
from tests.support.product.clock import now

TICKET = f"{'a' * 16}-{'b' * 22}"
FILE = Attachment(
    id="f1",
    filename="log.txt",
    file_size=1,
    content_type="text/plain",
    sha256="0" * 64,
    uploaded_at=now(),
)
ROWS = "".join(f"row {number} of a long log \U0001f600\n" for number in range(1, 9_001))


class Reader:
    """Reads as the app does, and counts."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content
        self.extracts = 0

    async def read_file(self, ticket_id: str, attachment_id: str) -> bytes | None:
        return self.content

    async def extract(self, file: Attachment, data: bytes) -> Extract:
        self.extracts += 1
        return await Extractor(Limits()).extract(file, data)


async def part(
    container: Container, reader: Reader, start: int = 0, end: int | None = None
) -> AttachmentText:
    texts = AttachmentTexts(container, reader.read_file, reader.extract)
    return await texts.read(TICKET, FILE, TextQuery.model_validate({"from": start, "to": end}))


async def test_parts_make_the_whole_and_the_file_is_read_once(container: Container) -> None:
    reader = Reader(ROWS.encode())
    whole, lines, at = "", [], 0
    while at < len(ROWS):
        piece = await part(container, reader, at)
        assert (piece.start, piece.characters) == (at, len(ROWS))
        assert [place.start for place in piece.places][1:] == [p.end for p in piece.places][:-1]
        assert (piece.places[0].start, piece.places[-1].end) == (at, piece.end)
        whole, at = whole + piece.text, piece.end
        lines += [place.place for place in piece.places]
    assert whole == ROWS
    assert list(dict.fromkeys(lines)) == [f"line {number}" for number in range(1, 9_001)]
    assert reader.extracts == 1


@pytest.mark.parametrize("start", [0, MAX_ANSWER - 30, MAX_ANSWER, 2 * MAX_ANSWER - 1])
async def test_a_part_is_what_stands_there(container: Container, start: int) -> None:
    reader = Reader(ROWS.encode())
    found = await part(container, reader, start, start + 60)
    assert found.text == ROWS[start : start + 60]
    assert found.places[0].place == f"line {ROWS.count(chr(10), 0, start) + 1}"


async def test_behind_the_end_there_is_nothing(container: Container) -> None:
    found = await part(container, Reader(b"Short."), 100, 200)
    assert (found.text, found.start, found.end, found.places) == ("", 6, 6, [])
    found = await part(container, Reader(b"Short."), 4, 2)
    assert (found.text, found.start, found.end) == ("", 4, 4)


async def test_what_cannot_be_read_says_why_and_is_not_read_again(container: Container) -> None:
    reader = Reader(b"  \n ")
    for _ in range(2):
        with pytest.raises(Invalid, match="no text in this file"):
            await part(container, reader)
    assert reader.extracts == 1


async def test_what_took_too_long_is_tried_again(container: Container) -> None:
    reader = Reader(b"A text.")
    read = reader.extract

    async def too_slow(file: Attachment, data: bytes) -> Extract:
        raise Unreadable(DocumentFault.TOO_SLOW, "It took too long; split it.")

    reader.extract = too_slow  # type: ignore[method-assign]
    with pytest.raises(Invalid, match=r"log\.txt: It took too long; split it\."):
        await part(container, reader)
    reader.extract = read  # type: ignore[method-assign]
    assert (await part(container, reader)).text == "A text."


async def test_a_file_that_is_gone_is_absent(container: Container) -> None:
    with pytest.raises(NotFound):
        await part(container, Reader(None))
