"""One chunk: what the model says of it, and which of its quotes are there."""

from collections.abc import Sequence
from typing import Any

from shared.clients.schemas import of_model
from shared.documents.extracts import Places
from shared.documents.quotes import Folded
from shared.tasks import base
from shared.tasks.doc_analysis import planning
from shared.tasks.doc_analysis.asking import question
from shared.tasks.doc_analysis.models import (
    AboutDocument,
    Analysis,
    Chunk,
    Claim,
    Evidence,
    Merged,
    Outcome,
    Part,
    Said,
    Tally,
    TaskData,
)


async def analyse(context: base.WorkContext, item: base.Item) -> Outcome:
    number = item["document"]
    chunk = await planning.chunk(context, number, item["chunk"])
    name = context.ticket.attachments[number].filename
    data = TaskData.model_validate(context.ticket.task_data)
    material = {"document": chunk.text}
    if chunk.headings:
        material = {"headings above": " › ".join(chunk.headings), **material}
    answer = await context.complete(of_model(Analysis), question(data, "analyse", material))
    proofs = _Proofs(chunk, name)
    claims = [proofs.of(number, said) for said in answer.claims]
    proved = [claim for claim in claims if claim.evidence]
    return Outcome(
        document=number,
        summary=answer.summary,
        claims=proved,
        gaps=answer.gaps,
        recommendations=answer.recommendations,
        quotes_dropped=proofs.dropped,
        claims_dropped=len(claims) - len(proved),
    )


class _Proofs:
    """Finds quotes in a chunk; `dropped` counts those that are not there."""

    def __init__(self, chunk: Chunk, name: str) -> None:
        self._text = chunk.text
        self._folded = Folded(self._text)
        self._start = chunk.start
        self._places = Places(chunk.blocks, chunk.start)
        self._name = name
        self.dropped = 0

    def of(self, document: int, said: Said) -> Claim:
        """The claim with those of its quotes that are in the chunk, as they stand there."""
        spans = [self._folded.find(quote) for quote in said.quotes]
        self.dropped += spans.count(None)
        found = {span for span in spans if span}
        return Claim(
            document=document,
            kind=said.kind,
            importance=said.importance,
            text=said.text,
            evidence=[self._evidence(*span) for span in sorted(found)],
        )

    def _evidence(self, start: int, end: int) -> Evidence:
        first, last = self._start + start, self._start + end
        place = self._places.place(first, last)
        quote = self._text[start:end]
        return Evidence(document=self._name, place=place, quote=quote, start=first, end=last)


async def gather(context: base.Context, outcomes: Sequence[Outcome]) -> list[Part]:
    """All claims, kept under numbers, and a part for each chunk. What chunks that overlap both say
    of the same words is one claim."""
    claims: dict[tuple[Any, ...], Claim] = {}
    parts = []
    for outcome in outcomes:
        new = {key: claim for claim in outcome.claims if (key := _key(claim)) not in claims}
        points = [_point(claim, len(claims) + n) for n, claim in enumerate(new.values())]
        claims |= new
        parts.append(_part(outcome, points))
    tally = Tally(
        claims_found=len(claims),
        claims_dropped=sum(outcome.claims_dropped for outcome in outcomes),
        duplicates_merged=sum(len(outcome.claims) for outcome in outcomes) - len(claims),
        quotes_found=sum(len(claim.evidence) for claim in claims.values()),
        quotes_dropped=sum(outcome.quotes_dropped for outcome in outcomes),
    )
    kept = [claim.model_dump(mode="json") for claim in claims.values()]
    await context.papers.keep("claims", kept)
    await context.papers.keep("tally", tally.model_dump())
    return parts


async def claims(context: base.Context) -> list[Claim]:
    """What `gather` kept, by number."""
    return [Claim.model_validate(claim) for claim in await context.papers.kept("claims")]


def _key(claim: Claim) -> tuple[Any, ...]:
    return claim.document, claim.kind, *((proof.start, proof.end) for proof in claim.evidence)


def _point(claim: Claim, number: int) -> Merged:
    return Merged(kind=claim.kind, importance=claim.importance, text=claim.text, claims=[number])


def _part(outcome: Outcome, points: list[Merged]) -> Part:
    return Part(
        documents=[outcome.document],
        summary=outcome.summary,
        about=[AboutDocument(document=outcome.document, summary=outcome.summary)],
        points=points,
        gaps=outcome.gaps,
        recommendations=outcome.recommendations,
    )
