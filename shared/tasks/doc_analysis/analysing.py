"""One chunk: what the model says of it, and which of its quotes are there."""

import asyncio
from collections.abc import Iterable

from shared.clients.llm.output import of_model
from shared.documents.extract import Places
from shared.documents.quotes import Folded
from shared.models import Model
from shared.tasks.base import Stage, WorkContext
from shared.tasks.doc_analysis import artifacts
from shared.tasks.doc_analysis.llm_output import Analysis, Said
from shared.tasks.doc_analysis.models import Chunk, Claim, Evidence, Outcome, TaskData
from shared.tasks.doc_analysis.prompting import names, question

_FORM = of_model(Analysis)


class ChunkItem(Model):
    """A chunk of a document, both by number."""

    document: int
    chunk: int


async def analyse(context: WorkContext[TaskData], item: ChunkItem) -> Outcome:
    number = item.document
    chunk = await artifacts.load_chunk(context.artifacts, number, item.chunk)
    material = {"document": chunk.text}
    if chunk.headings:
        material = {"headings above": " › ".join(chunk.headings), **material}
    # The text is prepared for the search while the model reads it.
    answer, proofs = await asyncio.gather(
        context.complete(_FORM, question(context.data, "analyse", material)),
        asyncio.to_thread(_Proofs, chunk, number, names(context)[number]),
    )
    claims = proofs.claims(answer.claims)
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


class _Proofs:
    """Finds quotes in a chunk of a document; `dropped` counts those that are not there."""

    def __init__(self, chunk: Chunk, document: int, name: str) -> None:
        self._text = chunk.text
        self._folded = Folded(self._text)
        self._start = chunk.start
        self._places = Places(chunk.blocks, chunk.start)
        self._document = document
        self._name = name
        self.dropped = 0

    def claims(self, said: Iterable[Said]) -> list[Claim]:
        """Those claims that say something and have a quote that is there, each once."""
        proved = (self._claim(one) for one in said)
        once = {claim.model_dump_json(): claim for claim in proved if claim.text and claim.evidence}
        return list(once.values())

    def _claim(self, said: Said) -> Claim:
        """The claim with those of its quotes that are in the chunk, as they stand there."""
        spans = [self._folded.find(quote) for quote in said.quotes]
        self.dropped += spans.count(None)
        return Claim(
            document=self._document,
            kind=said.kind,
            importance=said.importance,
            text=said.text,
            evidence=[self._evidence(*span) for span in sorted({span for span in spans if span})],
        )

    def _evidence(self, start: int, end: int) -> Evidence:
        first, last = self._start + start, self._start + end
        place = self._places.place(first, last)
        quote = self._text[start:end]
        return Evidence(document=self._name, place=place, quote=quote, start=first, end=last)
