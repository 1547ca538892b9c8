"""One chunk: what the model says of it, and which of its quotes are there."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

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
from shared.tasks.evidence.models import Chunk, Claim
from shared.tasks.evidence.proofs import Proofs
from shared.tasks.evidence.splitting import ask_in_parts

_FORM = of_model(Analysis)


class ChunkItem(Model):
    """A chunk of a document, both by number."""

    document: int
    chunk: int


async def analyse(context: WorkContext[TaskData], item: ChunkItem) -> Outcome:
    """A chunk about which the model has no proper answer, as one that is cut off, is asked about in
    parts; the place of a part about which it has none is told."""
    number = item.document
    chunk = await load_chunk(context.artifacts, number, item.chunk)

    async def ask(part: Chunk) -> Outcome:
        return await _analyse_part(context, part, number)

    asked = await ask_in_parts(chunk, ask)
    joined = join_outcomes(number, asked.made)
    return joined.model_copy(
        update={"unanswered": asked.unanswered, "is_answered": bool(asked.made)}
    )


async def _analyse_part(context: WorkContext[TaskData], chunk: Chunk, number: int) -> Outcome:
    material = {"document": chunk.text}
    if chunk.headings:
        material = {"headings above": " › ".join(chunk.headings), **material}
    # The text is prepared for the search while the model reads it.
    answer, proofs = await asyncio.gather(
        context.complete(_FORM, question(context.data, "analyse", material)),
        asyncio.to_thread(Proofs, chunk, number, names(context)[number]),
    )
    return await asyncio.to_thread(make_outcome, answer, proofs, number, names(context))


def join_outcomes(document: int, outcomes: Sequence[Outcome]) -> Outcome:
    """What came of the parts of a chunk as one."""
    starts = accumulate((len(one.claims) for one in outcomes), initial=0)

    def move(statements: Sequence[Statement], by: int) -> list[Statement]:
        return [
            one.model_copy(update={"claims": [place + by for place in one.claims]})
            for one in statements
        ]

    pairs = list(zip(outcomes, starts, strict=False))
    return Outcome(
        document=document,
        summary=[said for one, by in pairs for said in move(one.summary, by)],
        claims=[claim for one in outcomes for claim in one.claims],
        gaps=[said for one, by in pairs for said in move(one.gaps, by)],
        recommendations=[said for one, by in pairs for said in move(one.recommendations, by)],
        quotes_dropped=sum(one.quotes_dropped for one in outcomes),
        claims_dropped=sum(one.claims_dropped for one in outcomes),
        dropped=dict(sum((Counter(one.dropped) for one in outcomes), Counter())),
    )


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
