"""One chunk: what the model says of it, and which of its quotes are there."""

import asyncio

from shared.clients.llm.output import of_model
from shared.models import Model
from shared.tasks.base import Stage, WorkContext
from shared.tasks.doc_analysis.llm_output import Analysis
from shared.tasks.doc_analysis.models import Outcome, TaskData
from shared.tasks.doc_analysis.prompting import names, question
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.evidence.artifacts import load_chunk
from shared.tasks.evidence.proofs import Proofs

_FORM = of_model(Analysis)


class ChunkItem(Model):
    """A chunk of a document, both by number."""

    document: int
    chunk: int


async def analyse(context: WorkContext[TaskData], item: ChunkItem) -> Outcome:
    number = item.document
    chunk = await load_chunk(context.artifacts, number, item.chunk)
    material = {"document": chunk.text}
    if chunk.headings:
        material = {"headings above": " › ".join(chunk.headings), **material}
    # The text is prepared for the search while the model reads it.
    answer, proofs = await asyncio.gather(
        context.complete(_FORM, question(context.data, "analyse", material)),
        asyncio.to_thread(Proofs, chunk, number, names(context)[number]),
    )
    claims = proofs.claims(answer.claims)
    count_dropped(DropReason.QUOTE_NOT_FOUND, len(answer.claims) - len(claims))
    return Outcome(
        document=number,
        summary=answer.summary,
        claims=claims,
        gaps=answer.gaps,
        recommendations=answer.recommendations,
        quotes_dropped=proofs.dropped,
        claims_dropped=len(answer.claims) - len(claims),
    )


ANALYSING = Stage("analysing", analyse)
