"""The result, made by the program of the one part that is left: everything in it that is a claim
carries the quotes of the claims it rests on."""

from collections.abc import Iterable, Mapping, Sequence

from shared.documents.extract import Unread
from shared.tasks.base import Context
from shared.tasks.doc_analysis import gathering, report
from shared.tasks.doc_analysis.artifacts import load_documents
from shared.tasks.doc_analysis.coverage import (
    coverage,
    describe_findings,
    name_dropped,
    name_lost,
    warnings,
)
from shared.tasks.doc_analysis.llm_output import AboutDocument, Relation
from shared.tasks.doc_analysis.models import (
    EXHAUSTIVE,
    Account,
    Document,
    Finding,
    Grounded,
    Insight,
    Part,
    Result,
    TaskData,
)
from shared.tasks.doc_analysis.tables import recompute
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.evidence.models import Claim, Evidence


async def conclude(context: Context[TaskData], part: Part, account: Account) -> Result:
    found = await load_documents(context.artifacts, len(context.ticket.attachments))
    proposed = _count_computed(account)
    account = await _recheck(context, account, found)
    lost = proposed - _count_computed(account)
    documents = _add_summaries(found, part.about, account.unanswered)
    points = sorted(part.points, key=_by_importance) if part.level == 0 else part.points
    if context.data.kind in EXHAUSTIVE:
        points = [*points, *sorted(_left_out(points, account.claims), key=_by_importance)]
    points = [point for point in points if _evidence(point.claims, account.claims)]
    made = Result(
        summary=_join_texts(part.summary) or describe_findings(len(points), documents),
        warnings=[*warnings(documents), *name_dropped(part.dropped), *name_lost(lost)],
        documents=documents,
        insights=[_insight(point, account.claims) for point in points],
        gaps=[one.text for one in part.gaps],
        recommendations=[one.text for one in part.recommendations],
        conflicts=_findings(part, Relation.CONFLICT, account.claims),
        agreements=_findings(part, Relation.AGREEMENT, account.claims),
        coverage=coverage(documents, account.tally, part, points),
        analysis="",
    )
    return made.model_copy(update={"analysis": report.markdown(made)})


async def _recheck(
    context: Context[TaskData], account: Account, documents: Sequence[Document]
) -> Account:
    """The account with those reckoned values alone that come to the same once more."""
    if not any(one.computed for claim in account.claims for one in claim.evidence):
        return account
    known = await recompute(context, documents)
    claims = [
        claim.model_copy(
            update={
                "evidence": [
                    one
                    for one in claim.evidence
                    if one.computed is None or known[one.model_dump_json()]
                ]
            }
        )
        for claim in account.claims
    ]
    return account.model_copy(update={"claims": claims})


def _count_computed(account: Account) -> int:
    return sum(one.computed is not None for claim in account.claims for one in claim.evidence)


def _join_texts(statements: Iterable[Statement]) -> str:
    return " ".join(one.text for one in statements)


def _by_importance(point: Grounded) -> int:
    return -point.importance


def _left_out(points: Iterable[Grounded], claims: Sequence[Claim]) -> list[Grounded]:
    used = {number for point in points for number in point.claims}
    left = [number for number in range(len(claims)) if number not in used]
    return [gathering.point_of(claims[number], number) for number in left]


def _add_summaries(
    files: Iterable[Document],
    about: Sequence[AboutDocument],
    unanswered: Mapping[int, Sequence[Unread]],
) -> list[Document]:
    return [
        file.model_copy(
            update={
                "summary": " ".join(one.summary for one in about if one.document == number),
                "unread": [*file.unread, *unanswered.get(number, ())],
            }
        )
        for number, file in enumerate(files)
    ]


def _insight(point: Grounded, claims: Sequence[Claim]) -> Insight:
    return Insight(
        text=point.text,
        kind=point.kind,
        importance=point.importance,
        evidence=_evidence(point.claims, claims),
    )


def _findings(part: Part, wanted: Relation, claims: Sequence[Claim]) -> list[Finding]:
    return [
        Finding(text=one.text, evidence=_evidence(one.claims, claims))
        for one in part.relations
        if one.relation is wanted
    ]


def _evidence(numbers: Iterable[int], claims: Sequence[Claim]) -> list[Evidence]:
    """The quotes of these claims, each once."""
    proofs = [proof for number in numbers for proof in claims[number].evidence]
    return list({one.model_dump_json(): one for one in proofs}.values())
