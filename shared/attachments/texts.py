"""The text of a file as it was read: taken out once, in the child process that reads documents, and
kept in pieces, so that showing a part of a long one reads no more than that part.

`texts/{ticket}/{attachment}/{n}.json` are the blocks of the n-th 100,000 characters; `head.json`,
written last, says what there is.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

from shared.clients.blobs import Container
from shared.clients.side_by_side import gather_within
from shared.documents.extract import Block, Extract, Places
from shared.errors import DocumentFault, Invalid, NotFound, Unreadable
from shared.models import Attachment, AttachmentText, Model, TextPlace, TextQuery, UnreadPlace
from shared.storage.locks import Locks

MAX_ANSWER = 100_000
"""Characters; also of a piece that is kept."""
_AT_ONCE = 8
_PASSING = {DocumentFault.TOO_SLOW, DocumentFault.TOO_LARGE}
"""What another try, or another limit, may mend."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")

ReadFile = Callable[[str, str], Awaitable[bytes | None]]
ExtractFile = Callable[[Attachment, bytes], Awaitable[Extract]]


class _Head(Model):
    """What there is of a file; `advice` is all of one that cannot be read."""

    advice: str = ""
    characters: int = 0
    pages: int | None = None
    notes: list[str] = []
    unread: list[UnreadPlace] = []


class AttachmentTexts:
    """`read_file` gives the bytes of a file by the ids of its ticket and its own, None when there
    is none; `extract` reads them."""

    def __init__(self, container: Container, read_file: ReadFile, extract: ExtractFile) -> None:
        self._container = container
        self._read_file = read_file
        self._extract = extract
        self._turns = Locks()

    async def read(self, ticket_id: str, file: Attachment, query: TextQuery) -> AttachmentText:
        """A part of the text of a file: two storage calls, three where the part lies in two pieces.
        The first time the file is read. Raises NotFound, and Invalid for a file without text.
        """
        folder = f"texts/{ticket_id}/{file.id}"
        async with self._turns.of(folder):
            head = await self._head(folder) or await self._take(ticket_id, file, folder)
        if head.advice:
            raise Invalid(f"{file.filename}: {head.advice}")
        start = min(query.start, head.characters)
        end = min(head.characters if query.end is None else query.end, start + MAX_ANSWER)
        end = max(start, min(end, head.characters))
        part = await self._part(folder, start, end)
        return AttachmentText(
            attachment_id=file.id,
            filename=file.filename,
            text="".join(block.text for block in part),
            start=start,
            end=end,
            characters=head.characters,
            places=list(_places(part, start)),
            pages=head.pages,
            notes=head.notes,
            unread=head.unread,
        )

    async def _head(self, folder: str) -> _Head | None:
        stored = await self._container.read_json(f"{folder}/head.json")
        return None if stored is None else _Head.model_validate(stored)

    async def _take(self, ticket_id: str, file: Attachment, folder: str) -> _Head:
        content = await self._read_file(ticket_id, file.id)
        if content is None:
            raise NotFound("There is no such file on this ticket.")
        try:
            extract = await self._extract(file, content)
        except Unreadable as error:
            head = _Head(advice=error.advice)
            if error.fault not in _PASSING:
                await self._container.write_json(f"{folder}/head.json", head.model_dump())
            return head
        head = _Head(
            characters=sum(len(block.text) for block in extract.blocks),
            pages=extract.pages,
            notes=extract.notes,
            unread=[UnreadPlace.model_validate(one.model_dump()) for one in extract.unread],
        )
        await self._keep(folder, head, extract)
        return head

    async def _keep(self, folder: str, head: _Head, extract: Extract) -> None:
        places = Places(extract.blocks)

        async def keep(number: int) -> None:
            start = number * MAX_ANSWER
            blocks = await asyncio.to_thread(places.part, start, start + MAX_ANSWER)
            dumped = [block.model_dump(exclude_defaults=True) for block in blocks]
            await self._container.write_json(f"{folder}/{number}.json", dumped)

        await gather_within(_AT_ONCE, keep, _pieces(0, head.characters))
        await self._container.write_json(f"{folder}/head.json", head.model_dump())

    async def _part(self, folder: str, start: int, end: int) -> list[Block]:
        pieces = _pieces(start, end)
        names = [f"{folder}/{number}.json" for number in pieces]
        stored = await asyncio.gather(*map(self._container.read_json, names))
        if None in stored:
            raise NotFound("There is no such file on this ticket.")  # It was removed just now.
        blocks = [Block.model_validate(one) for one in chain.from_iterable(stored)]
        return Places(blocks, pieces.start * MAX_ANSWER).part(start, end)


def _pieces(start: int, end: int) -> range:
    """The numbers of the pieces that hold these characters."""
    return range(start // MAX_ANSWER, -(-end // MAX_ANSWER))


def _places(blocks: list[Block], start: int) -> Iterator[TextPlace]:
    """Of blocks that have lines each line by itself, as a quote of it would name it."""
    for block in blocks:
        parts = _LINE.findall(block.text) if block.line else [block.text]
        line = block.line
        for text in parts:
            one = block.model_copy(update={"text": text, "line": line})
            end = start + len(text)
            yield TextPlace(start=start, end=end, place=Places([one]).place(0, len(text)))
            start, line = end, line and line + text.count("\n")
