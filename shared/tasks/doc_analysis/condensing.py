"""From many parts to few, so that what is concluded from fits into one call of the model."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from shared.clients.schemas import of_model
from shared.tasks import base
from shared.tasks.doc_analysis.asking import question
from shared.tasks.doc_analysis.models import AboutDocument, Condensed, Part, TaskData
from shared.tasks.doc_analysis.parts import group_of, numbers, rendered, supported, tokens


async def condense(context: base.WorkContext, item: base.Item) -> Part:
    """One part of a group's; what stands alone in its group stays as it is."""
    parts = await group_of(context, item)
    if len(parts) == 1:
        return parts[0].model_copy(update={"level": parts[0].level + 1})
    data = TaskData.model_validate(context.ticket.task_data)
    material = {"findings": rendered(parts)}
    answer = await context.complete(of_model(Condensed), question(data, "condense", material))
    return _part(parts, answer)


def groups(parts: Sequence[Part], most: int) -> Iterator[list[Part]]:
    """Neighbours that have `most` tokens together: of one document or, once each document has one
    part, of all."""
    alone = len({tuple(part.documents) for part in parts}) == len(parts)
    for _, run in groupby(parts, key=lambda part: [] if alone else part.documents):
        waiting: list[Part] = []
        for part in run:
            if waiting and tokens([*waiting, part]) > most:
                yield waiting
                waiting = []
            waiting.append(part)
        yield waiting


def _part(parts: list[Part], answer: Condensed) -> Part:
    points = list(supported(answer.points, numbers(parts)))
    documents = sorted({document for part in parts for document in part.documents})
    about = [said for part in parts for said in part.about]
    if len(documents) == 1:
        about = [AboutDocument(document=documents[0], summary=answer.summary)]
    dropped = sum(part.points_dropped for part in parts) + len(answer.points) - len(points)
    return Part(
        level=parts[0].level + 1,
        documents=documents,
        summary=answer.summary,
        about=about,
        points=points,
        gaps=answer.gaps,
        recommendations=answer.recommendations,
        points_dropped=dropped,
    )
