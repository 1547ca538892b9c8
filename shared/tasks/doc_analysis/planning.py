"""The plan: each file is read and cut into chunks, which are kept as blobs.

Of several files those that have been read are not read again after a crash. A file that cannot be
read is named with the reason; only when none can be is the ticket not to be done.
"""

import asyncio
from collections.abc import Sequence

from shared.documents.chunks import chunked
from shared.documents.extract import Places
from shared.errors import PermanentFailure, Unreadable
from shared.models import Attachment
from shared.tasks import base
from shared.tasks.doc_analysis.coverage import statement
from shared.tasks.doc_analysis.models import EXHAUSTIVE, Chunk, Document, Stage, TaskData
from shared.tasks.doc_analysis.prompting import names
from shared.tasks.doc_analysis.rounds import ANALYSED

OVERLAP = 0.04
"""Of a chunk, repeated from the one before, so that a sentence at the seam is whole in one."""
MAX_CHUNKS = 1_000

_FILES_AT_ONCE = 2
_CALLS_AT_ONCE = 16
_MAX_NAMED = 20


async def plan(context: base.Context) -> base.Round:
    """Raises PermanentFailure when nothing can be read, or too much."""
    files = context.ticket.attachments
    slots, done = asyncio.Semaphore(_FILES_AT_ONCE), 0

    async def read(number: int, file: Attachment) -> Document:
        nonlocal done
        async with slots:
            document = await _document(context, number, file)
        done += 1
        if len(files) > 1:
            await context.report(done, len(files))
        return document

    documents = await asyncio.gather(*(read(*pair) for pair in enumerate(files)))
    _check(context, documents)
    items = [
        {"document": number, "chunk": chunk}
        for number, document in enumerate(documents)
        for chunk in range(document.chunks)
    ]
    return base.Round(stage=Stage.ANALYSING, items=items, ends_at=ANALYSED)


async def documents(context: base.Context) -> list[Document]:
    """The files of the ticket as they were found, by number."""
    slots = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def read(number: int) -> Document:
        async with slots:
            return Document.model_validate(await context.papers.kept(_document_name(number)))

    return await asyncio.gather(*map(read, range(len(context.ticket.attachments))))


async def chunk(context: base.Context, document: int, number: int) -> Chunk:
    return Chunk.model_validate(await context.papers.kept(_chunk_name(document, number)))


def _check(context: base.Context, documents: Sequence[Document]) -> None:
    chunks = sum(document.chunks for document in documents)
    if not chunks:
        reasons = [statement(one) for one in documents[:_MAX_NAMED]] or ["It has none."]
        if len(documents) > _MAX_NAMED:
            reasons.append(f"Nor can {len(documents) - _MAX_NAMED} others.")
        raise PermanentFailure(" ".join(["No file of this ticket can be read.", *reasons]))
    if chunks > MAX_CHUNKS:
        raise PermanentFailure(
            f"The files are too long for one ticket: {chunks} pieces of up to {_budget(context)} "
            f"tokens each, where {MAX_CHUNKS} are allowed. Please open several tickets."
        )


async def _document(context: base.Context, number: int, file: Attachment) -> Document:
    name = _document_name(number)
    alone = len(context.ticket.attachments) == 1
    if not alone and (known := await context.papers.kept(name)):
        return Document.model_validate(known)
    data = await context.read_file(file.id)
    if data is None:
        raise PermanentFailure(f"The file {file.filename} was removed while it was to be read.")
    called = names(context)[number]
    document = Document(id=file.id, name=called, content_type=file.content_type)
    try:
        document = await _chunks(context, number, file, data, document)
    except Unreadable as error:
        fault = {"fault": error.fault.value, "advice": error.advice}
        document = document.model_copy(update=fault)
    await context.papers.keep(name, document.model_dump(mode="json"))
    return document


async def _chunks(
    context: base.Context, number: int, file: Attachment, data: bytes, document: Document
) -> Document:
    """Read a file and keep its chunks. Raises Unreadable."""
    extract = await context.tools.extract(file, data)
    budget = _budget(context)
    found = await asyncio.to_thread(chunked, extract, budget, int(budget * OVERLAP))
    places = Places(extract.blocks)
    slots = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def keep(place: int) -> None:
        async with slots:
            start, end, headings = found[place]
            chunk = Chunk(start=start, headings=headings, blocks=places.part(start, end))
            await context.papers.keep(_chunk_name(number, place), chunk.model_dump(mode="json"))

    await asyncio.gather(*map(keep, range(len(found))))
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


def _budget(context: base.Context) -> int:
    """Tokens of a chunk: fewer where the answer names everything, as it may be three times as long
    as what it is about."""
    kind = TaskData.model_validate(context.ticket.task_data).kind
    return context.tools.chunk_tokens // (3 if kind in EXHAUSTIVE else 1)


def _document_name(document: int) -> str:
    return f"document-{document}"


def _chunk_name(document: int, number: int) -> str:
    return f"chunk-{document}-{number}"
