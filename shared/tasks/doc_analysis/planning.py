"""The plan: each file is read and cut into chunks, which are kept as blobs.

Of several files those that have been read are not read again after a crash. A file that cannot be
read is named with the reason; only when none can be is the ticket not to be done.
"""

import asyncio
from collections.abc import Sequence

from shared.documents.extraction import Extractor
from shared.errors import PermanentFailure, Unreadable
from shared.models import Attachment
from shared.tasks.base import Context, Keep, Round
from shared.tasks.call_sizes import CallSizes
from shared.tasks.doc_analysis import artifacts
from shared.tasks.doc_analysis.analysing import ANALYSING, ChunkItem
from shared.tasks.doc_analysis.coverage import statement
from shared.tasks.doc_analysis.models import EXHAUSTIVE, Document, TaskData
from shared.tasks.doc_analysis.prompting import names
from shared.tasks.doc_analysis.tables import is_large, profile_table
from shared.tasks.evidence.artifacts import save_chunks
from shared.tasks.evidence.chunking import cut

MAX_CHUNKS = 1_000
ANALYSED = 80
"""Per cent of the way, once all chunks are analysed."""

_FILES_AT_ONCE = 2
_MAX_NAMED = 20


async def plan(context: Context[TaskData]) -> Round:
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
    items = (
        ChunkItem(document=number, chunk=chunk, is_table=document.rows is not None)
        for number, document in enumerate(documents)
        for chunk in range(document.chunks)
    )
    return ANALYSING.round(items, ends_at=ANALYSED)


def _check(context: Context[TaskData], documents: Sequence[Document]) -> None:
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


async def _document(context: Context[TaskData], number: int, file: Attachment) -> Document:
    if not _is_alone(context):
        known = await artifacts.find_document(context.artifacts, number)
        if known is not None:
            return known
    data = await context.read_file(file.id)
    if data is None:
        raise PermanentFailure(f"The file {file.filename} was removed while it was to be read.")
    called = names(context)[number]
    document = Document(id=file.id, name=called, content_type=file.content_type)
    try:
        profiled = await _profile(context, file, data, document)
        document = profiled or await _chunks(context, number, file, data, document)
    except Unreadable as error:
        fault = {"fault": error.fault.value, "advice": error.advice}
        document = document.model_copy(update=fault)
    await artifacts.save_document(_choose_keep(context), number, document)
    return document


def _is_alone(context: Context[TaskData]) -> bool:
    return len(context.ticket.attachments) == 1


def _choose_keep(context: Context[TaskData]) -> Keep:
    """Of several files each is stored when it has been read."""
    return context.artifacts.hand_on if _is_alone(context) else context.artifacts.save


async def _profile(
    context: Context[TaskData], file: Attachment, data: bytes, document: Document
) -> Document | None:
    """A large table counts as one chunk; None for what is none, or has no columns."""
    if not is_large(file, data):
        return None
    found = await profile_table(context, file, data)
    if not found.rows:
        return None
    return document.model_copy(update={"chunks": 1, "rows": found.rows, "characters": len(data)})


async def _chunks(
    context: Context[TaskData], number: int, file: Attachment, data: bytes, document: Document
) -> Document:
    """Read a file and keep its chunks. Raises Unreadable."""
    extract = await context.use(Extractor).extract(file, data)
    chunks = await cut(extract, _budget(context))
    await save_chunks(_choose_keep(context), number, chunks)
    return document.model_copy(
        update={
            "title": extract.title,
            "author": extract.author,
            "characters": sum(len(block.text) for block in extract.blocks),
            "chunks": len(chunks),
            "pages": extract.pages,
            "pages_read": extract.pages_read,
            "unread": extract.unread,
            "notes": extract.notes,
            "encoding": extract.encoding,
        }
    )


def _budget(context: Context[TaskData]) -> int:
    """Tokens of a chunk: fewer where the answer names everything, as it may be three times as long
    as what it is about."""
    share = 3 if context.data.kind in EXHAUSTIVE else 1
    return context.use(CallSizes).chunk_tokens // share
