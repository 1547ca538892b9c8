"""What the sources say that matters for the paper: claims of the model, each with quotes that the
program found in the chunk. A chunk is asked about once, whatever is required of the paper."""

import asyncio
from collections.abc import Sequence

from shared.clients.llm.output import of_model
from shared.errors import ModelFailure
from shared.models import Model
from shared.tasks.base import Context, Stage, WorkContext
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.evidence.artifacts import load_chunk
from shared.tasks.evidence.models import Chunk, Claim
from shared.tasks.evidence.proofs import Proofs
from shared.tasks.evidence.splitting import ask_in_parts
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.llm_output import Reading
from shared.tasks.paper_writing.models import ReadChunk, SourceFacts
from shared.tasks.paper_writing.prompting import question
from shared.tasks.paper_writing.selection import choose
from shared.tasks.paper_writing.task_data import TaskData

_FORM = of_model(Reading)


class SourceChunk(Model):
    """A chunk of a source, both by number."""

    source: int
    chunk: int


async def read_chunk(context: WorkContext[TaskData], item: SourceChunk) -> ReadChunk:
    """Raises ModelFailure where the model has no proper answer about a part of it."""
    chunk = await load_chunk(context.artifacts, item.source, item.chunk)
    name = (await artifacts.load_sources(context.artifacts))[item.source].name

    async def ask(part: Chunk) -> ReadChunk:
        answer, proofs = await asyncio.gather(
            context.complete(_FORM, question(context.data, "read", "", {"source": part.text})),
            asyncio.to_thread(Proofs, part, item.source, name),
        )
        claims = proofs.claims(answer.claims)
        return ReadChunk(source=item.source, claims=claims, quotes_dropped=proofs.dropped)

    asked = await ask_in_parts(chunk, ask)
    if asked.unanswered:
        raise ModelFailure(asked.unanswered[0].reason)
    dropped = sum(one.quotes_dropped for one in asked.made)
    count_dropped(DropReason.QUOTE_NOT_FOUND, dropped)
    claims = [claim for one in asked.made for claim in one.claims]
    return ReadChunk(source=item.source, claims=claims, quotes_dropped=dropped)


READING = Stage("reading sources", read_chunk)


def chunks_of(sources: Sequence[SourceFacts]) -> list[SourceChunk]:
    return [
        SourceChunk(source=number, chunk=chunk)
        for number, source in enumerate(sources)
        for chunk in range(source.chunks)
    ]


async def share_out(context: Context[TaskData], outcomes: Sequence[ReadChunk]) -> None:
    """Number all claims, what overlapping chunks both say once, and give each section its own."""
    claims: dict[object, Claim] = {}
    for claim in (one for outcome in outcomes for one in outcome.claims):
        spans = tuple((proof.start, proof.end) for proof in claim.evidence)
        claims.setdefault((claim.document, spans), claim)
    outline = await artifacts.find_outline(context.artifacts)
    sections = outline.outline.sections if outline else []
    known = list(claims.values())
    chosen = await asyncio.to_thread(choose, sections, known, context.data.points)
    await artifacts.save_claims(context.artifacts, known, chosen)
