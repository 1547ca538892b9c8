"""From several parts to one: what they say together, held to the claims that they rest on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from shared.clients.llm.output import of_model
from shared.models import Model
from shared.tasks.base import Stage, WorkContext
from shared.tasks.doc_analysis import artifacts
from shared.tasks.doc_analysis.llm_output import AboutDocument, Conclusion, Point, Related
from shared.tasks.doc_analysis.models import Grounded, Part, TaskData
from shared.tasks.doc_analysis.parts import render_parts
from shared.tasks.doc_analysis.prompting import names, question
from shared.tasks.dropping import DropReason, count_dropped
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
    answer = await context.complete(_FORM, question(context.data, "merge", material))
    return keep_grounded(answer, parts, account.claims)


CONDENSING, CONCLUDING = Stage("condensing", merge), Stage("concluding", merge)


def keep_grounded(answer: Conclusion, parts: Sequence[Part], claims: Sequence[Claim]) -> Part:
    """The answer about these parts, without what rests on no claim that they hold."""
    known = {number for part in parts for point in part.points for number in point.claims}
    points = list(_ground_points(answer.insights, known, claims))
    relations = list(_ground_relations(answer.relations, known, claims))
    earlier = [relation for part in parts for relation in part.relations]
    dropped = len(answer.insights) - len(points) + len(answer.relations) - len(relations)
    count_dropped(DropReason.NO_CLAIM, dropped)
    return Part(
        level=parts[0].level + 1,
        documents=sorted({number for part in parts for number in part.documents}),
        summary=answer.summary,
        about=list(_about(answer.documents, parts)),
        points=points,
        relations=_once([*earlier, *relations]),
        gaps=answer.gaps,
        recommendations=answer.recommendations,
        points_dropped=sum(part.points_dropped for part in parts)
        + len(answer.insights)
        - len(points),
        relations_dropped=sum(part.relations_dropped for part in parts)
        + len(answer.relations)
        - len(relations),
    )


def _ground_points(
    points: Iterable[Point], known: set[int], claims: Sequence[Claim]
) -> Iterator[Grounded]:
    for point in points:
        numbers = _numbers(point.claims, known)
        if numbers and point.text:
            documents = sorted({claims[number].document for number in numbers})
            yield Grounded(**{**point.model_dump(), "claims": numbers, "documents": documents})


def _ground_relations(
    relations: Iterable[Related], known: set[int], claims: Sequence[Claim]
) -> Iterator[Related]:
    """Those that rest on claims of at least two documents."""
    for one in relations:
        numbers = _numbers(one.claims, known)
        if one.text and len({claims[number].document for number in numbers}) > 1:
            yield one.model_copy(update={"claims": numbers})


def _numbers(claims: Iterable[int], known: set[int]) -> list[int]:
    return [number for number in dict.fromkeys(claims) if number in known]


def _once(relations: Iterable[Related]) -> list[Related]:
    """What was told lower down may be told again."""
    return list({(one.relation, *sorted(one.claims)): one for one in relations}.values())


def _about(said: Iterable[AboutDocument], parts: Sequence[Part]) -> Iterator[AboutDocument]:
    """What was said of each document: of one that several parts are about as the answer has it."""
    earlier = [one for part in parts for one in part.about]
    counts = Counter(one.document for one in earlier)
    merged = {one.document: one for one in said if counts[one.document] > 1 and one.summary}
    yield from (one for one in earlier if one.document not in merged)
    yield from merged.values()
