"""One batch: what the model finds in it, and where in the diff that is."""

import asyncio
from collections.abc import Iterator, Sequence

from shared.clients.llm.output import of_model
from shared.diffs.changes import FileDiff
from shared.diffs.fingerprint import fingerprint
from shared.diffs.locate import Anchor, locate
from shared.diffs.patches import Hunk
from shared.diffs.rendering import render_diff, render_hunk, show_code
from shared.documents.tokens import estimate
from shared.models import Model, Question
from shared.tasks import base
from shared.tasks.base import Stage, WorkContext
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.pr_review.artifacts import Candidate, Facts, Outcome, ReviewBatch
from shared.tasks.pr_review.llm_output import Proposed, Review
from shared.tasks.pr_review.models import HunkLine, TaskData

_AROUND = (12, 6, 3, 0)
"""Lines before and after a finding that the second look sees: as many as are cheap enough."""

_MAX_EXCERPT_TOKENS = 500
_MAX_EXCERPT = 2_000
_MAX_EVIDENCE_LINES = 20
_MAX_HUNK_LINES = 60
_MAX_LINE = 400


class BatchItem(Model):
    """A batch by its number."""

    batch: int


async def review(context: WorkContext[TaskData], item: BatchItem) -> Outcome:
    number = item.batch
    batch, facts = await asyncio.gather(
        ReviewBatch.load(context.artifacts, number), Facts.load(context.artifacts)
    )
    diffs = batch.diffs()
    question = _question(context.data, facts, diffs)
    answer = await context.complete(of_model(Review), question)
    candidates = [
        _candidate(proposed, diff, anchor, number, facts)
        for proposed in answer.findings
        for diff, anchor in _places(proposed, diffs)
    ]
    dropped = len(answer.findings) - len(candidates)
    count_dropped(DropReason.QUOTE_NOT_FOUND, dropped)
    return Outcome(summary=answer.summary, candidates=candidates, dropped=dropped)


REVIEWING = Stage("reviewing", review)


def describe_request(data: TaskData) -> str:
    """What the requester wants, in the words for the model."""
    wanted = data.additional_instructions
    return f"The requester asks:\n{wanted}" if wanted else "Review the change."


def _question(data: TaskData, facts: Facts, diffs: Sequence[FileDiff]) -> Question:
    material = {"pull request": f"{facts.title}\n\n{facts.body}".strip()}
    if facts.instructions:
        material["conventions of the repository"] = facts.instructions
    material["diff"] = "\n".join(map(render_diff, diffs))
    return Question(base.read_prompt(__file__, "review"), describe_request(data), material)


def _places(proposed: Proposed, diffs: Sequence[FileDiff]) -> list[tuple[FileDiff, Anchor]]:
    """The place of a finding, if its quote has one: in the file that it names, else in the only
    other one that has it."""
    found = [
        (diff, anchor)
        for diff in diffs
        if (anchor := locate(diff, proposed.evidence_quote, near_line=proposed.line))
    ]
    named = [place for place in found if place[0].path == proposed.path]
    return named or (found if len(found) == 1 else [])


def _candidate(
    proposed: Proposed, diff: FileDiff, anchor: Anchor, batch: int, facts: Facts
) -> Candidate:
    lines = [line.text for line in diff.lines(anchor.side, anchor.start_line, anchor.line)]
    return Candidate(
        file=diff.path,
        side=anchor.side,
        start_line=anchor.start_line,
        end_line=anchor.line,
        severity=proposed.severity,
        category=proposed.category,
        confidence=proposed.confidence,
        title=proposed.title,
        body=proposed.body,
        evidence_quote="\n".join(map(show_code, lines[:_MAX_EVIDENCE_LINES])),
        hunk=_shown_lines(diff.hunks[anchor.hunk], anchor),
        fingerprint=fingerprint(diff.path, proposed.category, lines),
        commentable=diff.path not in facts.made_here,
        batch=batch,
        excerpt=_excerpt(diff.hunks[anchor.hunk], anchor),
        proposal=proposed.suggestion,
    )


def _excerpt(hunk: Hunk, anchor: Anchor) -> str:
    """The lines of an anchor and some around them, as the model reads them."""
    text = ""
    for part in _around(hunk, anchor):
        text = render_hunk(part)
        if estimate(text) <= _MAX_EXCERPT_TOKENS:
            return text
    return text[:_MAX_EXCERPT]


def _shown_lines(hunk: Hunk, anchor: Anchor) -> list[HunkLine]:
    """The lines of an anchor and some around them, as people are shown them."""
    part = next(_around(hunk, anchor))
    return [
        HunkLine(kind=line.kind, old=line.old, new=line.new, text=show_code(line.text)[:_MAX_LINE])
        for line in part.lines[:_MAX_HUNK_LINES]
    ]


def _around(hunk: Hunk, anchor: Anchor) -> Iterator[Hunk]:
    """The part of the hunk with the anchor, wide to narrow."""
    quoted = range(anchor.start_line, anchor.line + 1)
    at = [index for index, line in enumerate(hunk.lines) if line.number(anchor.side) in quoted]
    for around in _AROUND:
        start, end = max(0, at[0] - around), min(len(hunk.lines), at[-1] + 1 + around)
        [_, part, _] = hunk.parts([start, end])
        yield part
