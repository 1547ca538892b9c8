"""All claims of all chunks under numbers, and a part for each chunk."""

from collections.abc import Sequence
from typing import Any

from shared.documents.extract import Unread
from shared.tasks.doc_analysis.llm_output import AboutDocument
from shared.tasks.doc_analysis.models import Account, Grounded, Outcome, Part, Tally
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.evidence.models import Claim, Evidence


def gather_outcomes(outcomes: Sequence[Outcome]) -> tuple[Account, list[Part]]:
    """What chunks that overlap all say of the same words counts once."""
    counting = _choose_counting(outcomes)
    claims: list[Claim] = []
    places: list[dict[int, int]] = [{} for _ in outcomes]
    same: dict[Any, list[int]] = {}
    for number, outcome in enumerate(outcomes):
        for place, claim in enumerate(outcome.claims):
            if counting[_key(claim)] == number:
                places[number][place] = len(claims)
                same.setdefault(_key(claim), []).append(len(claims))
                claims.append(claim)
    parts = []
    for outcome, mine in zip(outcomes, places, strict=True):
        rests_on = [
            [mine[place]] if place in mine else same[_key(claim)]
            for place, claim in enumerate(outcome.claims)
        ]
        points = [point_of(claims[at], at) for at in mine.values()]
        parts.append(_part(outcome, points, rests_on))
    tally = Tally(
        claims_found=len(claims),
        claims_dropped=sum(outcome.claims_dropped for outcome in outcomes),
        duplicates_merged=sum(len(outcome.claims) for outcome in outcomes) - len(claims),
        quotes_found=sum(len(claim.evidence) for claim in claims),
        quotes_dropped=sum(outcome.quotes_dropped for outcome in outcomes),
    )
    unanswered: dict[int, list[Unread]] = {}
    for outcome in outcomes:
        unanswered.setdefault(outcome.document, []).extend(outcome.unanswered)
    return Account(claims=claims, tally=tally, unanswered=unanswered), parts


def point_of(claim: Claim, number: int) -> Grounded:
    """The claim by itself as a point."""
    return Grounded(
        kind=claim.kind,
        importance=claim.importance,
        text=claim.text,
        claims=[number],
        documents=[claim.document],
    )


def _choose_counting(outcomes: Sequence[Outcome]) -> dict[Any, int]:
    """Which of the chunks that say something of the same words counts: that which says the most of
    them, as several claims may rest on one sentence."""
    said: dict[Any, dict[int, int]] = {}
    for number, outcome in enumerate(outcomes):
        for claim in outcome.claims:
            counts = said.setdefault(_key(claim), {})
            counts[number] = counts.get(number, 0) + 1
    return {key: max(counts, key=lambda number: counts[number]) for key, counts in said.items()}


def _key(claim: Claim) -> Any:
    return claim.document, claim.kind, *(_proof_key(proof) for proof in claim.evidence)


def _proof_key(proof: Evidence) -> Any:
    return proof.computed.text if proof.computed else (proof.start, proof.end)


def _part(outcome: Outcome, points: list[Grounded], rests_on: Sequence[list[int]]) -> Part:
    """`rests_on` are the numbers of what each claim of the outcome counts as."""

    def number(statements: Sequence[Statement]) -> list[Statement]:
        return [
            Statement(text=one.text, claims=[at for place in one.claims for at in rests_on[place]])
            for one in statements
        ]

    summary = number(outcome.summary)
    return Part(
        documents=[outcome.document],
        summary=summary,
        about=[
            AboutDocument(document=outcome.document, summary=one.text, claims=one.claims)
            for one in summary
        ],
        points=points,
        gaps=number(outcome.gaps),
        recommendations=number(outcome.recommendations),
        dropped=outcome.dropped,
    )
