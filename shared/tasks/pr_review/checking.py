"""A second look at what was found: by somebody who tries to refute it, then by the program, which
applies each suggestion. What does not hold is dropped and counted; what nobody could look at is
told as such."""

import asyncio
from collections.abc import Iterator, Sequence

from shared.clients.llm.output import of_model
from shared.errors import UnusableAnswer
from shared.models import Model, Question
from shared.tasks import base
from shared.tasks.base import Stage, WorkContext
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.pr_review.artifacts import Candidate, Held, Reviewed, TextPart, Told
from shared.tasks.pr_review.grounding import keep_conclusion
from shared.tasks.pr_review.llm_output import Check, Conclusion, Ruling
from shared.tasks.pr_review.models import SEVERITIES, TaskData
from shared.tasks.pr_review.reviewing import describe_request
from shared.tasks.pr_review.suggesting import Suggestions

MAX = 40
"""Findings that one call looks at."""

MAX_CALLS = 4
"""What is beyond them, the least by rank, has no second look."""

_MAX_OF_A_PART = 400
_MAX_SENTENCES = 300
"""On parts, of which the whole change is summed up."""


class CheckItem(Model):
    """The findings of one call, by the number of the call."""

    call: int = 0


def find_calls(reviewed: Reviewed) -> list[CheckItem]:
    """None where there is nothing to look at."""
    calls = min(MAX_CALLS, -(-len(reviewed.candidates) // MAX))
    if not calls and has_parts(reviewed):
        calls = 1
    return [CheckItem(call=call) for call in range(calls)]


def has_parts(reviewed: Reviewed) -> bool:
    """Whether there is something to tell of several parts."""
    return len({one.batch for one in reviewed.summaries}) > 1


async def check(context: WorkContext[TaskData], item: CheckItem) -> Held:
    """One call of the model, the first of which also sums up a change that was read in several
    parts."""
    reviewed = await Reviewed.load(context.artifacts)
    candidates = reviewed.candidates[item.call * MAX : (item.call + 1) * MAX]
    parts = [] if item.call or not has_parts(reviewed) else reviewed.summaries[:_MAX_SENTENCES]
    form = of_model(Conclusion if parts else Check)
    question = _question(context.data, candidates, parts)
    unchecked = 0
    try:
        answer = await context.complete(form, question)
        held = list(_keep_upheld(candidates, answer.rulings))
    except UnusableAnswer:
        answer, unchecked = None, len(candidates)
        held = [candidate.model_copy(update={"checked": False}) for candidate in candidates]
    findings = await Suggestions(context).settle_suggestions(held)
    refuted = len(candidates) - len(held)
    suggestions_dropped = sum(
        candidate.proposal is not None and finding.suggestion is None
        for candidate, finding in zip(held, findings, strict=True)
    )
    count_dropped(DropReason.REFUTED, refuted)
    count_dropped(DropReason.SUGGESTION_DOES_NOT_APPLY, suggestions_dropped)
    said = answer.summary if isinstance(answer, Conclusion) else []
    told, unproved = await asyncio.to_thread(keep_conclusion, said, parts)
    count_dropped(DropReason.SENTENCE_NOT_PROVED, unproved)
    return Held(
        told=told,
        unproved={TextPart.SUMMARY: unproved},
        findings=findings,
        refuted=refuted,
        suggestions_dropped=suggestions_dropped,
        unchecked=unchecked,
    )


CHECKING = Stage("checking", check)


def _question(data: TaskData, candidates: Sequence[Candidate], parts: Sequence[Told]) -> Question:
    material = {"findings": _render_candidates(candidates)} if candidates else {}
    if parts:
        lines = (f"[{at}] {' '.join(one.text.split())}" for at, one in enumerate(parts, 1))
        material["what the parts do"] = "\n".join(line[:_MAX_OF_A_PART] for line in lines)
    return Question(base.read_prompt(__file__, "check"), describe_request(data), material)


def _keep_upheld(candidates: Sequence[Candidate], rulings: Sequence[Ruling]) -> Iterator[Candidate]:
    """Nothing is refuted in silence; what holds may turn out less severe, never more so."""
    ruled = {ruling.finding: ruling for ruling in rulings}
    for number, candidate in enumerate(candidates, 1):
        ruling = ruled.get(number)
        if ruling is None:
            yield candidate
        elif ruling.holds:
            least = max(candidate.severity, ruling.severity, key=SEVERITIES.index)
            yield candidate.model_copy(update={"severity": least})


def _render_candidates(candidates: Sequence[Candidate]) -> str:
    return "\n\n".join(_one(number, one) for number, one in enumerate(candidates, 1))


def _one(number: int, candidate: Candidate) -> str:
    head = f"[finding {number}] ({candidate.category}, {candidate.severity}) {candidate.title}"
    return "\n".join(
        [head, " ".join(candidate.body.split()), f"=== {candidate.file}", candidate.excerpt]
    )
