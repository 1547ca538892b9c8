"""The plan: every source is read and cut into chunks before the model is asked for anything, and a
source that cannot be read ends the ticket with what to do about it."""

import asyncio
from hashlib import sha256
from pathlib import PurePath

from shared.clients.source_pages import SourcePages
from shared.documents.export.template import template_of
from shared.documents.extraction import Extractor
from shared.documents.file_types import InMemory, kind_of
from shared.errors import PermanentFailure, Unreadable, UnsupportedMediaType
from shared.models import Attachment
from shared.tasks.base import Context, DataFault, NoItem, Round
from shared.tasks.call_sizes import CallSizes
from shared.tasks.dependencies import Provider
from shared.tasks.evidence import chunking
from shared.tasks.evidence.artifacts import save_chunks
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.models import SourceFacts
from shared.tasks.paper_writing.outlining import OUTLINING
from shared.tasks.paper_writing.task_data import FileSource, TaskData, TextSource, UrlSource

MAX_CHUNKS = 500
_AT_ONCE = 2


async def plan(context: Context[TaskData]) -> Round:
    """Raises PermanentFailure, RetryLater."""
    await _read_template(context)
    given = _list_sources(context)
    slots, done = asyncio.Semaphore(_AT_ONCE), 0

    async def read(number: int) -> SourceFacts | str:
        nonlocal done
        async with slots:
            found = await _read(context, number, given[number])
        done += 1
        await context.report(done, len(given))
        return found

    found = await asyncio.gather(*map(read, range(len(given))))
    faults = [one for one in found if isinstance(one, str)]
    if faults:
        raise PermanentFailure(" ".join(faults))
    sources = [one for one in found if isinstance(one, SourceFacts)]
    chunks = sum(one.chunks for one in sources)
    if chunks > MAX_CHUNKS:
        raise PermanentFailure(
            f"The sources are too long for one paper: {chunks} pieces, where {MAX_CHUNKS} are "
            "allowed. Please give the parts that matter."
        )
    await artifacts.save_sources(context.artifacts, sources)
    await _remember_outline(context)
    return OUTLINING.round([NoItem()], starts_at=5, ends_at=10)


async def find_url_fault(data: TaskData, use: Provider) -> DataFault | None:
    """Why an address among the sources is not fetched, as far as that can be told now."""
    pages = use(SourcePages)
    urls = [one.url for one in data.sources or () if isinstance(one, UrlSource)]
    fault = next(filter(None, map(pages.find_fault, urls)), None)
    return DataFault(key="sources", text=fault) if fault else None


def _list_sources(context: Context[TaskData]) -> list[TextSource | FileSource | UrlSource]:
    """What was named; else every attachment but the template."""
    data = context.data
    if data.sources is not None:
        return list(data.sources)
    template = (data.template or "").casefold()
    names = dict.fromkeys(file.filename for file in context.ticket.attachments)
    return [FileSource(file=name) for name in names if name.casefold() != template]


async def _read(
    context: Context[TaskData], number: int, source: TextSource | FileSource | UrlSource
) -> SourceFacts | str:
    """What was read, or why it cannot be."""
    location = None
    try:
        if isinstance(source, TextSource):
            name = source.title or f"Text {number + 1}"
            kind, filename, data = "text/plain", "text.txt", source.text.encode()
        elif isinstance(source, FileSource):
            name = location = source.file
            file, data = await _read_attachment(context, source.file)
            kind, filename = file.content_type, file.filename
        else:
            name = location = source.url
            page = await context.use(SourcePages).fetch(source.url)
            filename, data = page.name, page.data
            kind = await asyncio.to_thread(kind_of, filename, InMemory(memoryview(data)))
        extract = await context.use(Extractor).read(kind, filename, data)
    except (Unreadable, UnsupportedMediaType) as error:
        advice = error.advice if isinstance(error, Unreadable) else error.detail
        return f"The source {name} cannot be read: {advice}"
    chunks = await chunking.cut(extract, context.use(CallSizes).chunk_tokens)
    await save_chunks(context.artifacts.hand_on, number, chunks)
    if not chunks:
        return f"The source {name} cannot be read: there is no text in it."
    return SourceFacts(
        name=name,
        title=extract.title or _title(name),
        author=extract.author,
        location=location,
        chunks=len(chunks),
        digest=sha256(extract.text.encode()).hexdigest(),
        warnings=[*extract.notes, *(f"{one.place}: {one.reason}" for one in extract.unread)],
    )


async def _read_attachment(context: Context[TaskData], name: str) -> tuple[Attachment, bytes]:
    """A file of the ticket. Raises PermanentFailure."""
    wanted = [
        one for one in context.ticket.attachments if one.filename.casefold() == name.casefold()
    ]
    data = await context.read_file(wanted[-1].id) if wanted else None
    if data is None:
        raise PermanentFailure(f"There is no file {name} among those of this ticket.")
    return wanted[-1], data


async def _read_template(context: Context[TaskData]) -> None:
    """Raises PermanentFailure."""
    name = context.data.template
    if name is None:
        return
    _, data = await _read_attachment(context, name)
    try:
        template = await asyncio.to_thread(template_of, data)
    except Unreadable as error:
        raise PermanentFailure(f"The template {name} cannot be used: {error.advice}") from None
    await artifacts.save_template(context.artifacts, template)


async def _remember_outline(context: Context[TaskData]) -> None:
    """What an earlier attempt planned goes on from attempt to attempt."""
    if context.earlier is None:
        return
    known = await artifacts.find_outline(context.earlier)
    known = known or await artifacts.find_earlier(context.earlier)
    if known is not None:
        await artifacts.save_earlier(context.artifacts, known)


def _title(name: str) -> str:
    return name if "://" in name else PurePath(name).stem
