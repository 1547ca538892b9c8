"""One batch: what the model finds in it, and where in the diff that is."""

from collections.abc import Sequence

from shared.clients.schemas import of_model
from shared.diffs.changes import FileDiff
from shared.diffs.fingerprint import fingerprint
from shared.diffs.locate import Anchor, locate
from shared.diffs.rendering import rendered, rendered_hunk
from shared.models import Question
from shared.tasks import base
from shared.tasks.pr_review import planning
from shared.tasks.pr_review.models import (
    Candidate,
    Facts,
    Outcome,
    Proposed,
    Review,
    TaskData,
)

_AROUND = 12
"""Lines before and after a finding that the second look sees."""


async def review(context: base.WorkContext, item: base.Item) -> Outcome:
    number = item["batch"]
    diffs = await planning.batch(context, number)
    data = TaskData.model_validate(context.ticket.task_data)
    facts = await planning.facts(context)
    question = _question(data, facts, diffs)
    answer = await context.complete(of_model(Review), question)
    candidates = [
        candidate.model_copy(update={"commentable": candidate.file not in facts.made_here})
        for proposed in answer.findings
        if (candidate := _placed(proposed, diffs, number)) is not None
    ]
    dropped = len(answer.findings) - len(candidates)
    return Outcome(summary=answer.summary, candidates=candidates, dropped=dropped)


def asked(data: TaskData) -> str:
    """What the requester wants, in the words for the model."""
    wanted = data.additional_instructions
    return f"# What the requester asks for\n{wanted}" if wanted else "# Review this change"


def _question(data: TaskData, facts: Facts, diffs: Sequence[FileDiff]) -> Question:
    material = {"pull request": f"{facts.title}\n\n{facts.body}".strip()}
    if facts.instructions:
        material["conventions of the repository"] = facts.instructions
    material["diff"] = "\n\n".join(map(rendered, diffs))
    return Question(base.prompt(__file__, "review"), asked(data), material)


def _placed(proposed: Proposed, diffs: Sequence[FileDiff], batch: int) -> Candidate | None:
    """The finding at its place; None when its quote is in no file of the batch."""
    named = [diff for diff in diffs if diff.path == proposed.path]
    for diff in named or diffs:
        anchor = locate(diff, proposed.evidence_quote)
        if anchor is not None:
            return _candidate(proposed, diff, anchor, batch)
    return None


def _candidate(proposed: Proposed, diff: FileDiff, anchor: Anchor, batch: int) -> Candidate:
    lines = [line.text for line in diff.lines(anchor.side, anchor.start_line, anchor.line)]
    return Candidate(
        file=diff.path,
        side=anchor.side,
        start_line=anchor.start_line,
        end_line=anchor.line,
        severity=proposed.severity,
        category=proposed.category,
        confidence=proposed.confidence,
        title=" ".join(proposed.title.split()),
        body=proposed.body,
        evidence_quote="\n".join(lines),
        fingerprint=fingerprint(diff.path, proposed.category, lines),
        batch=batch,
        excerpt=_excerpt(diff, anchor),
        proposal=proposed.suggestion,
    )


def _excerpt(diff: FileDiff, anchor: Anchor) -> str:
    """The lines around an anchor, as the model reads them."""
    hunk = diff.hunks[anchor.hunk]
    shown = [
        index
        for index, line in enumerate(hunk.lines)
        if (number := line.number(anchor.side)) is not None
        and anchor.start_line - _AROUND <= number <= anchor.line + _AROUND
    ]
    [_, part, *_] = hunk.parts([shown[0], shown[-1] + 1])
    return rendered_hunk(part)
