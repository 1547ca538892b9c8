"""From several parts to one: what they say together, held to the claims that they rest on."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from shared.clients.llm.output import of_model
from shared.errors import UnusableAnswer
from shared.models import Model
from shared.tasks.base import Stage, WorkContext
from shared.tasks.doc_analysis import artifacts
from shared.tasks.doc_analysis.llm_output import AboutDocument, Conclusion, Point, Related
from shared.tasks.doc_analysis.models import AnswerPart, Grounded, Part, TaskData
from shared.tasks.doc_analysis.parts import render_parts
from shared.tasks.doc_analysis.prompting import names, question
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.evidence.grounding import Grounds
from shared.tasks.evidence.models import Claim

_FORM = of_model(Conclusion)


class GroupItem(Model):
    """A group of parts, by its level in the tree and its number there."""

    level: int
    group: int


async def merge(context: WorkContext[TaskData], item: GroupItem) -> Part:
    parts = await artifacts.load_group(context.artifacts, item.level, item.group)
    account = await artifacts.load_account(context.artifacts)
    material = {"findings": render_parts(parts, names(context))}
    try:
        answer = await context.complete(_FORM, question(context.data, "merge", material))
    except UnusableAnswer:
        return join_parts(parts)
    return await asyncio.to_thread(keep_grounded, answer, parts, account.claims, names(context))


CONDENSING, CONCLUDING = Stage("condensing", merge), Stage("concluding", merge)


def keep_grounded(
    answer: Conclusion, parts: Sequence[Part], claims: Sequence[Claim], labels: Sequence[str]
) -> Part:
    """The answer about these parts, without what the claims that they hold do not prove."""
    known = sorted({number for part in parts for number in _list_claims(part)})
    grounds = Grounds({number: claims[number] for number in known}, labels)
    points = list(_ground_points(answer.insights, grounds, claims))
    relations = list(_ground_relations(answer.relations, grounds, claims))
    earlier = [relation for part in parts for relation in part.relations]
    points_lost = len(answer.insights) - len(points)
    relations_lost = len(answer.relations) - len(relations)
    merged = Part(
        level=parts[0].level + 1,
        documents=sorted({number for part in parts for number in part.documents}),
        summary=grounds.keep(AnswerPart.SUMMARY, answer.summary),
        about=list(_about(answer.documents, parts, grounds, claims)),
        points=points,
        relations=_once([*earlier, *relations]),
        gaps=grounds.keep(AnswerPart.GAPS, answer.gaps),
        recommendations=grounds.keep(AnswerPart.RECOMMENDATIONS, answer.recommendations),
        points_dropped=sum(part.points_dropped for part in parts) + points_lost,
        relations_dropped=sum(part.relations_dropped for part in parts) + relations_lost,
    )
    count_dropped(DropReason.NO_CLAIM, points_lost + relations_lost)
    count_dropped(DropReason.SENTENCE_NOT_PROVED, sum(grounds.dropped.values()))
    dropped = sum((Counter(part.dropped) for part in parts), Counter(grounds.dropped))
    return merged.model_copy(update={"dropped": dict(dropped)})


def join_parts(parts: Sequence[Part]) -> Part:
    """These parts as one where the model has no proper answer about them: nothing of them is lost,
    the first points are the most important ones, and nothing new is said."""
    dropped: Counter[AnswerPart] = sum((Counter(part.dropped) for part in parts), Counter())
    points = [point for part in parts for point in part.points]
    return Part(
        level=parts[0].level + 1,
        documents=sorted({number for part in parts for number in part.documents}),
        summary=[one for part in parts for one in part.summary],
        about=[one for part in parts for one in part.about],
        points=sorted(points, key=lambda point: -point.importance),
        relations=_once(one for part in parts for one in part.relations),
        gaps=[one for part in parts for one in part.gaps],
        recommendations=[one for part in parts for one in part.recommendations],
        dropped=dict(dropped),
        points_dropped=sum(part.points_dropped for part in parts),
        relations_dropped=sum(part.relations_dropped for part in parts),
    )


def _list_claims(part: Part) -> Iterator[int]:
    """All claims that a part rests on."""
    said = (part.points, part.relations, part.summary, part.about, part.gaps, part.recommendations)
    return (number for kind in said for one in kind for number in one.claims)


def _ground_points(
    points: Iterable[Point], grounds: Grounds, claims: Sequence[Claim]
) -> Iterator[Grounded]:
    for point in points:
        text, numbers = grounds.prove(AnswerPart.CLAIMS, point.text, point.claims)
        if text:
            documents = sorted({claims[number].document for number in numbers})
            proved = {"text": text, "claims": numbers, "documents": documents}
            yield Grounded(**{**point.model_dump(), **proved})


def _ground_relations(
    relations: Iterable[Related], grounds: Grounds, claims: Sequence[Claim]
) -> Iterator[Related]:
    """Those that rest on claims of at least two documents."""
    for one in relations:
        text, numbers = grounds.prove(AnswerPart.RELATIONS, one.text, one.claims)
        if text and len({claims[number].document for number in numbers}) > 1:
            yield one.model_copy(update={"text": text, "claims": numbers})


def _once(relations: Iterable[Related]) -> list[Related]:
    """What was told lower down may be told again."""
    return list({(one.relation, *sorted(one.claims)): one for one in relations}.values())


def _about(
    said: Iterable[AboutDocument], parts: Sequence[Part], grounds: Grounds, claims: Sequence[Claim]
) -> Iterator[AboutDocument]:
    """What was said of each document: of one that several parts are about as the answer has it, as
    far as claims of that document prove it."""
    earlier = [one for part in parts for one in part.about]
    counts = Counter(number for part in parts for number in {one.document for one in part.about})
    merged: dict[int, AboutDocument] = {}
    for one in said:
        own = [n for n in one.claims if n < len(claims) and claims[n].document == one.document]
        text, numbers = grounds.prove(AnswerPart.DOCUMENTS, one.summary, own)
        if text and counts[one.document] > 1:
            merged[one.document] = one.model_copy(update={"summary": text, "claims": numbers})
    yield from (one for one in earlier if one.document not in merged)
    yield from merged.values()
