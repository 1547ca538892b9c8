"""The end: what all parts say together, and the result that the program makes of it. Everything in
it that is a claim carries the quotes of the claims it rests on."""

from collections.abc import Iterable

from shared.clients.schemas import of_model
from shared.tasks import base
from shared.tasks.doc_analysis import analysing, planning, report
from shared.tasks.doc_analysis.asking import question
from shared.tasks.doc_analysis.coverage import coverage, warnings
from shared.tasks.doc_analysis.models import (
    AboutDocument,
    AnalysisType,
    Claim,
    Concluded,
    Conclusion,
    Document,
    Evidence,
    Finding,
    Insight,
    Merged,
    Part,
    Related,
    Relation,
    Result,
    Tally,
    TaskData,
)
from shared.tasks.doc_analysis.parts import group_of, numbers, rendered, supported

EXHAUSTIVE = {AnalysisType.REQUIREMENTS, AnalysisType.RISK, AnalysisType.CONTRACT}
"""Kinds of analysis in which nothing may be missing: what the conclusion leaves out is added."""


async def conclude(context: base.WorkContext, item: base.Item) -> Concluded:
    parts = await group_of(context, item)
    data = TaskData.model_validate(context.ticket.task_data)
    material = {"findings": rendered(parts)}
    answer = await context.complete(of_model(Conclusion), question(data, "conclude", material))
    return _held(answer, parts, await analysing.claims(context))


async def of_one(context: base.Context, part: Part) -> Result:
    """The result of a single chunk, whose analysis has said everything."""
    conclusion = Conclusion(
        summary=part.summary,
        documents=part.about,
        insights=sorted(part.points, key=lambda point: point.importance, reverse=True),
        relations=[],
        gaps=part.gaps,
        recommendations=part.recommendations,
    )
    return await result(
        context, Concluded(conclusion=conclusion, points_dropped=0, relations_dropped=0)
    )


def _held(answer: Conclusion, parts: list[Part], claims: list[Claim]) -> Concluded:
    """The conclusion, held to the claims that it was given."""
    known = numbers(parts)
    insights = list(supported(answer.insights, known))
    relations = [held for one in answer.relations if (held := _related(one, known, claims))]
    said = {one.document: one for one in answer.documents}
    about = {one.document: one for part in parts for one in part.about}
    whole = [part.documents[0] for part in parts if len(part.documents) == 1]
    several = {number for number in whole if whole.count(number) > 1}
    kept = about | {number: said[number] for number in several & said.keys()}
    earlier = sum(part.points_dropped for part in parts)
    return Concluded(
        conclusion=answer.model_copy(
            update={
                "insights": insights,
                "relations": relations,
                "documents": [kept[number] for number in sorted(kept)],
            }
        ),
        points_dropped=earlier + len(answer.insights) - len(insights),
        relations_dropped=len(answer.relations) - len(relations),
    )


def _related(one: Related, known: set[int], claims: list[Claim]) -> Related | None:
    """A relation, if it rests on claims of at least two documents."""
    numbers = [number for number in dict.fromkeys(one.claims) if number in known]
    if len({claims[number].document for number in numbers}) < 2:
        return None
    return one.model_copy(update={"claims": numbers})


async def result(context: base.Context, concluded: Concluded) -> Result:
    data = TaskData.model_validate(context.ticket.task_data)
    claims, files = await analysing.claims(context), await planning.documents(context)
    tally = Tally.model_validate(await context.papers.kept("tally"))
    conclusion = concluded.conclusion
    points = [*conclusion.insights]
    if data.kind in EXHAUSTIVE:
        points += _left_out(points, claims)
    documents = _summarised(files, conclusion.documents)
    made = Result(
        summary=conclusion.summary,
        warnings=[*base.unknown_keys(data), *warnings(documents)],
        documents=documents,
        insights=[_insight(point, claims) for point in points],
        gaps=conclusion.gaps,
        recommendations=conclusion.recommendations,
        conflicts=_findings(conclusion, Relation.CONFLICT, claims),
        agreements=_findings(conclusion, Relation.AGREEMENT, claims),
        coverage=coverage(documents, tally, concluded, points),
        analysis="",
    )
    return made.model_copy(update={"analysis": report.markdown(made)})


def _left_out(points: Iterable[Merged], claims: list[Claim]) -> list[Merged]:
    used = {number for point in points for number in point.claims}
    return [
        Merged(kind=claim.kind, importance=claim.importance, text=claim.text, claims=[number])
        for number, claim in enumerate(claims)
        if number not in used
    ]


def _summarised(files: list[Document], about: list[AboutDocument]) -> list[Document]:
    said = {one.document: one.summary for one in about}
    return [
        file.model_copy(update={"summary": said.get(number, "")})
        for number, file in enumerate(files)
    ]


def _insight(point: Merged, claims: list[Claim]) -> Insight:
    return Insight(
        text=point.text,
        kind=point.kind,
        importance=point.importance,
        evidence=_evidence(point.claims, claims),
    )


def _findings(conclusion: Conclusion, wanted: Relation, claims: list[Claim]) -> list[Finding]:
    return [
        Finding(text=one.text, evidence=_evidence(one.claims, claims))
        for one in conclusion.relations
        if one.relation is wanted
    ]


def _evidence(numbers: Iterable[int], claims: list[Claim]) -> list[Evidence]:
    """The quotes of these claims, each once."""
    proofs = [proof for number in numbers for proof in claims[number].evidence]
    return list({(one.document, one.start, one.end): one for one in proofs}.values())
