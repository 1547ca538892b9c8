"""One chunk: what the model says of it, and which of its quotes are there."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from shared.clients.llm.output import of_model
from shared.models import Model
from shared.tasks.base import Stage, WorkContext
from shared.tasks.doc_analysis.llm_output import Analysis, NumberedClaim
from shared.tasks.doc_analysis.models import AnswerPart, Outcome, TaskData
from shared.tasks.doc_analysis.prompting import names, question
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.evidence.artifacts import load_chunk
from shared.tasks.evidence.grounding import Grounds
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.evidence.models import Claim
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
    return await asyncio.to_thread(make_outcome, answer, proofs, number, names(context))


def make_outcome(answer: Analysis, proofs: Proofs, document: int, labels: Sequence[str]) -> Outcome:
    """What the program can prove of an answer about a document with this number."""
    claims, numbers, dropped = _prove_claims(answer.claims, proofs, labels)
    grounds = Grounds(dict(enumerate(claims)), labels)

    def keep(part: AnswerPart, statements: Sequence[Statement]) -> list[Statement]:
        return grounds.keep(part, [_place(one, numbers) for one in statements])

    summary = keep(AnswerPart.SUMMARY, answer.summary)
    gaps = keep(AnswerPart.GAPS, answer.gaps)
    recommendations = keep(AnswerPart.RECOMMENDATIONS, answer.recommendations)
    dropped += grounds.dropped
    lost = len(answer.claims) - len(claims)
    count_dropped(DropReason.QUOTE_NOT_FOUND, lost)
    count_dropped(DropReason.SENTENCE_NOT_PROVED, sum(dropped.values()))
    return Outcome(
        document=document,
        summary=summary,
        claims=claims,
        gaps=gaps,
        recommendations=recommendations,
        quotes_dropped=proofs.dropped,
        claims_dropped=lost,
        dropped={AnswerPart(part): count for part, count in dropped.items()},
    )


def _prove_claims(
    said: Sequence[NumberedClaim], proofs: Proofs, labels: Sequence[str]
) -> tuple[list[Claim], dict[int, list[int]], Counter[str]]:
    """The claims that hold, each once; their places by the ids that the model gave them; and how
    many sentences went."""
    claims: list[Claim] = []
    places: dict[int, list[int]] = {}
    dropped: Counter[str] = Counter()
    for one in said:
        claim = proofs.prove(one)
        if claim is None:
            continue
        own = Grounds({0: claim}, labels)
        text, _ = own.prove(AnswerPart.CLAIMS, claim.text, [0])
        dropped += own.dropped
        claim = claim.model_copy(update={"text": text})
        if text and claim not in claims:
            places.setdefault(one.id, []).append(len(claims))
            claims.append(claim)
    return claims, places, dropped


def _place(one: Statement, places: Mapping[int, Sequence[int]]) -> Statement:
    """The statement with the places of its claims for their ids."""
    return one.model_copy(
        update={"claims": [place for known in one.claims for place in places.get(known, ())]}
    )


ANALYSING = Stage("analysing", analyse)
