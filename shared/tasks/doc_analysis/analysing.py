"""One chunk: what the model says of it, and which of its quotes are there."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

from shared.clients.llm.output import of_model
from shared.documents.extract import HOLE, Unread
from shared.errors import UnusableAnswer
from shared.models import Model
from shared.tasks.base import Stage, WorkContext
from shared.tasks.doc_analysis.llm_output import Analysis
from shared.tasks.doc_analysis.models import AnswerPart, Outcome, TaskData
from shared.tasks.doc_analysis.prompting import names, question
from shared.tasks.doc_analysis.tables import TableAnalysis, ask_about_table, prove_claims
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.evidence.artifacts import load_chunk
from shared.tasks.evidence.grounding import Grounds
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.evidence.models import Chunk, Claim
from shared.tasks.evidence.proofs import Proofs
from shared.tasks.evidence.splitting import ask_in_parts

_FORM = of_model(Analysis)


class ChunkItem(Model):
    """A chunk of a document, both by number; a table that is profiled is one."""

    document: int
    chunk: int
    is_table: bool = False


async def analyse(context: WorkContext[TaskData], item: ChunkItem) -> Outcome:
    """A chunk about which the model has no proper answer, as one that is cut off, is asked about in
    parts; the place of a part about which it has none is told."""
    number = item.document
    if item.is_table:
        return await _analyse_table(context, number)
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
    if chunk.left_out:
        material = {f"running lines left out as {HOLE}": "\n".join(chunk.left_out), **material}
    # The text is prepared for the search while the model reads it.
    answer, proofs = await asyncio.gather(
        context.complete(_FORM, question(context.data, "analyse", material)),
        asyncio.to_thread(Proofs, chunk, number, names(context)[number]),
    )
    return await asyncio.to_thread(make_outcome, answer, proofs, number, names(context))


async def _analyse_table(context: WorkContext[TaskData], number: int) -> Outcome:
    labels = names(context)
    try:
        answer, known = await ask_about_table(context, number)
    except UnusableAnswer as error:
        missing = [Unread(place="the table", reason=error.reason)]
        nothing = {"unanswered": missing, "is_answered": False}
        return join_outcomes(number, []).model_copy(update=nothing)
    proved = prove_claims(answer.claims, known, number, labels[number])
    lost = len(answer.claims) - len(proved)
    return await asyncio.to_thread(_make_outcome, answer, proved, number, labels, (0, lost))


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
    pairs = ((one.id, proofs.prove(one)) for one in answer.claims)
    proved = [(number, claim) for number, claim in pairs if claim is not None]
    lost = len(answer.claims) - len(proved)
    return _make_outcome(answer, proved, document, labels, (proofs.dropped, lost))


def _make_outcome(
    answer: Analysis | TableAnalysis,
    proved: Sequence[tuple[int, Claim]],
    document: int,
    labels: Sequence[str],
    lost: tuple[int, int],
) -> Outcome:
    """`lost` are quotes and claims that are gone already."""
    claims, numbers, dropped = _keep_claims(proved, labels)
    grounds = Grounds(dict(enumerate(claims)), labels)

    def keep(part: AnswerPart, statements: Sequence[Statement]) -> list[Statement]:
        return grounds.keep(part, [_place(one, numbers) for one in statements])

    summary = keep(AnswerPart.SUMMARY, answer.summary)
    gaps = keep(AnswerPart.GAPS, answer.gaps)
    recommendations = keep(AnswerPart.RECOMMENDATIONS, answer.recommendations)
    dropped += grounds.dropped
    claims_dropped = lost[1] + len(proved) - len(claims)
    count_dropped(DropReason.QUOTE_NOT_FOUND, claims_dropped)
    count_dropped(DropReason.SENTENCE_NOT_PROVED, sum(dropped.values()))
    return Outcome(
        document=document,
        summary=summary,
        claims=claims,
        gaps=gaps,
        recommendations=recommendations,
        quotes_dropped=lost[0],
        claims_dropped=claims_dropped,
        dropped={AnswerPart(part): count for part, count in dropped.items()},
    )


def _keep_claims(
    proved: Sequence[tuple[int, Claim]], labels: Sequence[str]
) -> tuple[list[Claim], dict[int, list[int]], Counter[str]]:
    """The claims whose texts hold, each once; their places by the ids that the model gave them; and
    how many sentences went."""
    claims: list[Claim] = []
    places: dict[int, list[int]] = {}
    dropped: Counter[str] = Counter()
    for number, claim in proved:
        own = Grounds({0: claim}, labels)
        text, _ = own.prove(AnswerPart.CLAIMS, claim.text, [0])
        dropped += own.dropped
        kept = claim.model_copy(update={"text": text})
        if text and kept not in claims:
            places.setdefault(number, []).append(len(claims))
            claims.append(kept)
    return claims, places, dropped


def _place(one: Statement, places: Mapping[int, Sequence[int]]) -> Statement:
    """The statement with the places of its claims for their ids."""
    return one.model_copy(
        update={"claims": [place for known in one.claims for place in places.get(known, ())]}
    )


ANALYSING = Stage("analysing", analyse)
