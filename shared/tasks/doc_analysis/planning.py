"""The plan: each file is read and cut into chunks, which are kept as blobs.

What has been read is not read again after a crash. A file that cannot be read is named with the
reason; only when none can be is the ticket not to be done.
"""

import asyncio

from shared.documents.chunks import chunked
from shared.errors import CannotBeDone, Unreadable
from shared.models import Attachment
from shared.tasks import base
from shared.tasks.doc_analysis.models import Chunk, Document, Stage

OVERLAP = 0.04
"""Of a chunk, repeated from the one before, so that a sentence at the seam is whole in one."""

_FILES_AT_ONCE = 2
_WRITES_AT_ONCE = 16


async def plan(context: base.Context) -> base.Round:
    """Raises CannotBeDone when nothing can be read."""
    files = context.ticket.attachments
    slots, done = asyncio.Semaphore(_FILES_AT_ONCE), 0

    async def read(number: int, file: Attachment) -> Document:
        nonlocal done
        async with slots:
            document = await _document(context, number, file)
        done += 1
        await context.report(done, len(files))
        return document

    documents = await asyncio.gather(*(read(*pair) for pair in enumerate(files)))
    items = [
        {"document": number, "chunk": chunk}
        for number, document in enumerate(documents)
        for chunk in range(document.chunks)
    ]
    if not items:
        reasons = " ".join(f"{one.name}: {one.advice}" for one in documents)
        raise CannotBeDone(f"No file of this ticket can be read. {reasons}".strip())
    await context.papers.keep("documents", [one.model_dump(mode="json") for one in documents])
    return base.Round(stage=Stage.ANALYSING, items=items, ends_at=80)


async def documents(context: base.Context) -> list[Document]:
    """The files of the ticket as they were found, by number."""
    return [Document.model_validate(one) for one in await context.papers.kept("documents")]


async def chunk(context: base.Context, document: int, number: int) -> Chunk:
    return Chunk.model_validate(await context.papers.kept(_chunk_name(document, number)))


async def _document(context: base.Context, number: int, file: Attachment) -> Document:
    name = f"document-{number}"
    if known := await context.papers.kept(name):
        return Document.model_validate(known)
    data = await context.read_file(file.id)
    if data is None:
        raise CannotBeDone(f"The file {file.filename} was removed while it was to be read.")
    facts = {"id": file.id, "name": file.filename, "content_type": file.content_type}
    try:
        document = await _chunks(context, number, file, data, Document.model_validate(facts))
    except Unreadable as error:
        document = Document(**facts, fault=error.fault.value, advice=error.advice)
    await context.papers.keep(name, document.model_dump(mode="json"))
    return document


async def _chunks(
    context: base.Context, number: int, file: Attachment, data: bytes, document: Document
) -> Document:
    """Read a file and keep its chunks. Raises Unreadable."""
    extract = await context.tools.extract(file, data)
    budget = context.tools.chunk_tokens
    found = await asyncio.to_thread(chunked, extract, budget, int(budget * OVERLAP))
    slots = asyncio.Semaphore(_WRITES_AT_ONCE)

    async def keep(place: int) -> None:
        part = found[place]
        chunk = Chunk(
            start=part.start,
            headings=list(part.headings),
            blocks=extract.part(part.start, part.end),
        )
        async with slots:
            await context.papers.keep(_chunk_name(number, place), chunk.model_dump(mode="json"))

    await asyncio.gather(*(keep(place) for place in range(len(found))))
    return document.model_copy(
        update={
            "title": extract.title,
            "author": extract.author,
            "characters": sum(len(block.text) for block in extract.blocks),
            "chunks": len(found),
            "pages": extract.pages,
            "pages_read": extract.pages_read,
            "unread": extract.unread,
            "notes": extract.notes,
        }
    )


def _chunk_name(document: int, number: int) -> str:
    return f"chunk-{document}-{number}"
