"""The result: the verdict, the effort and the coverage are computed, never asked for."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

from shared.errors import UnusableAnswer
from shared.tasks.base import Context, NoItem, Round
from shared.tasks.pr_review import checking, report
from shared.tasks.pr_review.artifacts import (
    Draft,
    Facts,
    Gathered,
    Held,
    Outcome,
    Reviewed,
    Seen,
    Unproved,
    Unread,
)
from shared.tasks.pr_review.grounding import describe_dropped
from shared.tasks.pr_review.merging import merge_candidates, rank
from shared.tasks.pr_review.models import (
    Category,
    Coverage,
    Finding,
    Left,
    Posted,
    Result,
    TaskData,
)
from shared.tasks.pr_review.posting.before import Before
from shared.tasks.pr_review.posting.identity import find_missing
from shared.tasks.pr_review.posting.publishing import POSTING
from shared.tasks.pr_review.reviewing import REVIEWING
from shared.tasks.pr_review.selection import list_names
from shared.tasks.pr_review.splitting import find_halves, find_unread
from shared.tasks.pr_review.verdict import decide_verdict, estimate_effort

_MAX_SENTENCES = 20

MAX_TOLD = 400
"""Findings of a result, the first by rank."""


async def after_review(context: Context[TaskData], outcomes: Sequence[Outcome]) -> Round | Result:
    """The round that asks again about what had no answer, or a second look, if there is anything to
    look at. Raises UnusableAnswer where nothing was answered at all."""
    depth = max((len(outcome.half) for outcome in outcomes), default=0)
    if depth:
        outcomes = [*(await Gathered.load(context.artifacts, depth)).outcomes, *outcomes]
    halves = find_halves(outcomes)
    if halves:
        await Gathered(outcomes=list(outcomes)).hand_on(context.artifacts, depth + 1)
        return REVIEWING.round(halves, starts_at=75, ends_at=80)
    faults = [outcome.fault for outcome in outcomes if outcome.fault]
    if faults and all(outcome.fault for outcome in outcomes):
        raise UnusableAnswer(faults[0])
    reviewed = _review_all(outcomes, await Before.find(context.artifacts))
    await reviewed.hand_on(context.artifacts)
    calls = checking.find_calls(reviewed)
    if calls:
        return checking.CHECKING.round(calls, starts_at=80, ends_at=95)
    return await _conclude(context, [])


def _review_all(outcomes: Sequence[Outcome], before: Before | None) -> Reviewed:
    """What the last review found, and may still be there, gets a second look as well."""
    found = [candidate for outcome in outcomes for candidate in outcome.candidates]
    candidates = merged = merge_candidates(found)
    if before is not None:
        candidates = sorted([*candidates, *find_missing(before.doubtful, candidates)], key=rank)
    return Reviewed(
        summaries=[one for outcome in outcomes for one in outcome.summary],
        candidates=candidates[:MAX_TOLD],
        left_out=len(candidates[MAX_TOLD:]),
        unplaced=sum(outcome.dropped for outcome in outcomes),
        merged=len(found) - len(merged),
        unread=find_unread(outcomes),
        unproved=_count_unproved(outcomes),
    )


def _count_unproved(made: Sequence[Outcome | Held | Reviewed]) -> Unproved:
    return dict(sum((Counter(one.unproved) for one in made), Counter()))


async def after_check(context: Context[TaskData], helds: Sequence[Held]) -> Round | Result:
    return await _conclude(context, helds)


async def _conclude(context: Context[TaskData], helds: Sequence[Held]) -> Round | Result:
    """The result, or the round that posts it first."""
    result = await _result(context, helds)
    if not context.data.post_review:
        return result
    await Draft(result=result).hand_on(context.artifacts)
    return POSTING.round([NoItem()], starts_at=95, ends_at=98)


async def after_posting(context: Context[TaskData], outcomes: Sequence[Posted]) -> Round | Result:
    """A result is not lost because it cannot be posted."""
    [posted] = outcomes
    result = (await Draft.load(context.artifacts)).result
    return report.describe_result(
        result.model_copy(
            update={"posted": posted, "warnings": [*result.warnings, *_describe_posting(posted)]}
        )
    )


def _describe_posting(posted: Posted) -> Iterator[str]:
    if posted.reason is not None:
        yield f"The review was not posted: {posted.reason}"
    if posted.head_now is not None:
        yield report.describe_push(posted.head_now)


async def _result(context: Context[TaskData], helds: Sequence[Held]) -> Result:
    artifacts = context.artifacts
    facts, seen, reviewed, before = await asyncio.gather(
        Facts.load(artifacts),
        Seen.load(artifacts),
        Reviewed.load(artifacts),
        Before.find(artifacts),
    )
    holding = [candidate.make_finding() for candidate in before.holding] if before else []
    unlooked = [
        candidate.make_finding().model_copy(update={"checked": False})
        for candidate in reviewed.candidates[checking.MAX * checking.MAX_CALLS :]
    ]
    found = [one for held in helds for one in held.findings]
    holding = find_missing(holding, [*seen.noticed, *found, *unlooked])
    findings = sorted([*seen.noticed, *found, *unlooked, *holding], key=rank)
    coverage = _without_unread(seen.coverage, reviewed.unread).model_copy(
        update={
            "findings_unplaced": reviewed.unplaced,
            "findings_refuted": sum(held.refuted for held in helds),
            "findings_merged": reviewed.merged,
            "findings_unchecked": sum(held.unchecked for held in helds) + len(unlooked),
            "findings_left_out": reviewed.left_out,
            "suggestions_dropped": sum(held.suggestions_dropped for held in helds),
        }
    )
    whole = [text for held in helds for text in held.told]
    told = list(dict.fromkeys(whole or [one.text for one in reviewed.summaries]))
    unproved = _count_unproved([reviewed, *helds])
    return report.describe_result(
        Result(
            summary=_sum_up(facts, told[:_MAX_SENTENCES], findings, coverage),
            warnings=[*seen.warnings, *_limits(reviewed, coverage), *describe_dropped(unproved)],
            verdict=decide_verdict(findings, coverage),
            effort=estimate_effort(coverage),
            findings=findings,
            security=[one for one in findings if one.category is Category.SECURITY],
            coverage=coverage,
            head_sha=facts.head_sha,
            pr_url=facts.url,
            review_analysis="",
        )
    )


def _sum_up(
    facts: Facts, sentences: Sequence[str], findings: Sequence[Finding], coverage: Coverage
) -> str:
    """What is proved of what the model says; where nothing is, what the program knows."""
    told = " ".join(sentences)
    if facts.since is not None:
        since = f"Since `{facts.since[:12]}`: {told}" if told else ""
        told = f"{facts.summary} {since}".strip()
    return told or report.describe_counts(findings, coverage)


def _without_unread(seen: Coverage, unread: Sequence[Unread]) -> Coverage:
    """What was read after all."""
    if not unread:
        return seen
    paths = {one.path for one in unread}
    named = {
        whole: [_name_left(one) for one in unread if one.whole is whole] for whole in (True, False)
    }
    return seen.model_copy(
        update={
            "reviewed": [path for path in seen.reviewed if path not in paths],
            "partial": [*(one for one in seen.partial if one.path not in paths), *named[False]],
            "skipped": [*seen.skipped, *named[True]],
            "complete": False,
        }
    )


def _name_left(unread: Unread) -> Left:
    return Left(path=unread.path, reason=unread.reason)


def _limits(reviewed: Reviewed, coverage: Coverage) -> Iterator[str]:
    if reviewed.unread:
        names = list_names([one.path for one in reviewed.unread])
        yield f"Without a proper answer of the model, and not reviewed, or not whole: {names}."
    if coverage.findings_unchecked:
        yield f"Not looked at again: {coverage.findings_unchecked} of the findings, marked as such."
    if reviewed.left_out:
        least = reviewed.candidates[-1].severity
        yield (
            f"Too many findings: {reviewed.left_out} more are left out, none of them more severe "
            f"than {least}."
        )
