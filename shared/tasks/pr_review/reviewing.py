"""One batch, or a part of one: what the model finds in it, and where in the diff that is."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from shared.clients.llm.output import of_model
from shared.diffs.changes import FileDiff
from shared.diffs.cutting import halve_diffs
from shared.diffs.hidden import reveal
from shared.diffs.rendering import render_diff
from shared.documents.tokens import estimate
from shared.errors import UnusableAnswer
from shared.models import Model, Question
from shared.tasks import base
from shared.tasks.base import Stage, WorkContext
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.pr_review.artifacts import Facts, Outcome, ReviewBatch
from shared.tasks.pr_review.grounding import Grounding
from shared.tasks.pr_review.llm_output import Proposed, Review
from shared.tasks.pr_review.models import TaskData
from shared.tasks.pr_review.placing import Place, make_candidate


class BatchItem(Model):
    """A batch by its number, or the half of one, of that half the half …: `0` or `1` each."""

    batch: int
    half: str = ""


async def review(context: WorkContext[TaskData], item: BatchItem) -> Outcome:
    """What the model cannot be asked about as it is may be asked in halves."""
    batch, facts = await asyncio.gather(
        ReviewBatch.load(context.artifacts, item.batch), Facts.load(context.artifacts)
    )
    diffs = _take_part(batch.diffs(), item.half)
    part = Outcome(batch=item.batch, half=item.half, paths=[diff.path for diff in diffs])
    question = _question(context.data, facts, diffs)
    grounding = Grounding(diffs)
    try:
        # What the answer is held to is prepared while the model makes it.
        answer, _ = await asyncio.gather(
            context.complete(of_model(Review), question), asyncio.to_thread(grounding.prepare)
        )
    except UnusableAnswer as fault:
        divisible = halve_diffs(diffs, estimate) is not None
        return part.model_copy(update={"fault": fault.reason, "divisible": divisible})
    places = await _find_places(context, question, answer.findings, grounding)
    dropped = len(answer.findings) - len(places)
    count_dropped(DropReason.QUOTE_NOT_FOUND, dropped)
    found = await asyncio.to_thread(_make_findings, answer, places, grounding, item.batch, facts)
    return part.model_copy(update={**found, "dropped": dropped})


def _make_findings(
    answer: Review,
    places: Sequence[tuple[Proposed, Place]],
    grounding: Grounding,
    batch: int,
    facts: Facts,
) -> dict[str, Any]:
    """The findings that have a place, and what is proved of what is said of them and of it all."""
    candidates = [
        make_candidate(grounding.hold_finding(one, place), place, batch, facts)
        for one, place in places
    ]
    summary = grounding.hold_summary(answer.summary, batch)
    count_dropped(DropReason.SENTENCE_NOT_PROVED, sum(grounding.dropped.values()))
    return {"summary": summary, "candidates": candidates, "unproved": dict(grounding.dropped)}


REVIEWING = Stage("reviewing", review)


def describe_request(data: TaskData) -> str:
    """What the requester wants, in the words for the model."""
    wanted = data.show("additional_instructions")
    return f"The requester asks:\n{wanted}" if wanted else "Review the change."


def _take_part(diffs: Sequence[FileDiff], half: str) -> Sequence[FileDiff]:
    for which in half:
        diffs = (halve_diffs(diffs, estimate) or (diffs, []))[int(which)]
    return diffs


def _question(data: TaskData, facts: Facts, diffs: Sequence[FileDiff]) -> Question:
    about = f"{facts.title}\n\n{facts.body}".strip()
    material = {"pull request": "\n".join(map(reveal, about.split("\n")))}
    if facts.instructions:
        material["conventions of the repository"] = facts.instructions
    material["diff"] = "\n".join(map(render_diff, diffs))
    return Question(base.read_prompt(__file__, "review"), describe_request(data), material)


async def _find_places(
    context: WorkContext[TaskData],
    question: Question,
    findings: Sequence[Proposed],
    grounding: Grounding,
) -> list[tuple[Proposed, Place]]:
    """The findings that have a place, by their quote or by the one that the model gives when it is
    asked once more; a bad answer to that loses nothing."""
    places = await asyncio.to_thread(_pair_places, findings, grounding)
    lost = [one for one, place in places if place is None]
    again: list[Proposed] = []
    if lost:
        try:
            answer = await context.complete(of_model(Review), _ask_again(question, lost))
            again = answer.findings
        except UnusableAnswer:
            pass
    found = [(one, place) for one, place in places if place is not None]
    for one in again:
        meant = _find_meant(one, lost, findings)
        place = await asyncio.to_thread(grounding.find_place, one) if meant else None
        if meant is not None and place is not None:
            lost.remove(meant)
            found.append((meant, place))
    return found


def _pair_places(
    findings: Sequence[Proposed], grounding: Grounding
) -> list[tuple[Proposed, Place | None]]:
    return [(one, grounding.find_place(one)) for one in findings]


def _find_meant(
    again: Proposed, lost: Sequence[Proposed], findings: Sequence[Proposed]
) -> Proposed | None:
    """Which of the lost ones is told again: by title, and by path where others have this title."""
    alike = [one for one in findings if _fold_title(one) == _fold_title(again)]
    few = alike if len(alike) == 1 else [one for one in alike if one.path == again.path]
    return next((one for one in few if one in lost), None)


def _ask_again(question: Question, lost: Sequence[Proposed]) -> Question:
    told = (f"title: {one.title}\npath: {one.path}\n{' '.join(one.body.split())}" for one in lost)
    return Question(
        f"{question.system}\n{base.read_prompt(__file__, 'quote_again')}",
        question.user,
        {"findings without a place": "\n\n".join(told), **question.material},
    )


def _fold_title(proposed: Proposed) -> str:
    return " ".join(re.findall(r"\w+", proposed.title.casefold())) or proposed.title
