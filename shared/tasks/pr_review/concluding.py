"""The result: the verdict, the effort and the coverage are computed, never asked for."""

import asyncio
from collections.abc import Iterator, Sequence

from shared.tasks.base import Context, NoItem, Round
from shared.tasks.pr_review import checking, report
from shared.tasks.pr_review.artifacts import Draft, Facts, Held, Outcome, Reviewed, Seen
from shared.tasks.pr_review.merging import merge_candidates, rank
from shared.tasks.pr_review.models import (
    Category,
    Coverage,
    Finding,
    Posted,
    Result,
    Severity,
    TaskData,
    Verdict,
)
from shared.tasks.pr_review.posting import POSTING

_EFFORT = (20, 100, 400, 1_000)
"""Changed lines up to which reading takes an effort of 1, 2, 3, 4; beyond them it takes 5."""

_FILES_A_STEP = 25
_NOTHING = "Nothing in this pull request is for review."


async def after_review(context: Context[TaskData], outcomes: Sequence[Outcome]) -> Round | Result:
    """A second look, if there is anything to look at."""
    found = [candidate for outcome in outcomes for candidate in outcome.candidates]
    candidates = merge_candidates(found)
    reviewed = Reviewed(
        summaries=[outcome.summary for outcome in outcomes],
        candidates=candidates[: checking.MAX],
        unchecked=len(candidates[checking.MAX :]),
        unplaced=sum(outcome.dropped for outcome in outcomes),
        merged=len(found) - len(candidates),
    )
    await reviewed.save(context.artifacts)
    if candidates or len(outcomes) > 1:
        return checking.CHECKING.round([NoItem()], starts_at=80, ends_at=95)
    return await _conclude(
        context, Held(summary=None, findings=[], refuted=0, suggestions_dropped=0)
    )


async def after_check(context: Context[TaskData], helds: Sequence[Held]) -> Round | Result:
    return await _conclude(context, helds[0])


async def _conclude(context: Context[TaskData], held: Held) -> Round | Result:
    """The result, or the round that posts it first."""
    result = await _result(context, held)
    if not context.data.post_review:
        return result
    await Draft(result=result).save(context.artifacts)
    return POSTING.round([NoItem()], starts_at=95, ends_at=98)


async def after_posting(context: Context[TaskData], outcomes: Sequence[Posted]) -> Round | Result:
    """A result is not lost because it cannot be posted."""
    [posted] = outcomes
    result = (await Draft.load(context.artifacts)).result
    failed = [] if posted.reason is None else [f"The review was not posted: {posted.reason}"]
    return report.describe_result(
        result.model_copy(update={"posted": posted, "warnings": [*result.warnings, *failed]})
    )


def verdict(findings: Sequence[Finding], coverage: Coverage) -> Verdict:
    """By rule: changes are requested for what is critical, and for bugs and holes of high severity;
    approved is what was read, all of it, and has nothing above low. No text has a say in it."""
    if any(map(_is_grave, findings)):
        return Verdict.REQUEST_CHANGES
    is_small = all(finding.severity is Severity.LOW for finding in findings)
    if is_small and coverage.complete and coverage.reviewed:
        return Verdict.APPROVE
    return Verdict.COMMENT


def effort(coverage: Coverage) -> int:
    """From 1 to 5, by the lines to read and the files they are scattered over."""
    lines = sum(coverage.lines > limit for limit in _EFFORT)
    files = len(coverage.reviewed) + len(coverage.partial)
    return min(5, 1 + lines + files // _FILES_A_STEP)


def _is_grave(finding: Finding) -> bool:
    if finding.severity is Severity.HIGH:
        return finding.category in (Category.BUG, Category.SECURITY)
    return finding.severity is Severity.CRITICAL


async def _result(context: Context[TaskData], held: Held) -> Result:
    artifacts = context.artifacts
    facts, seen, reviewed = await asyncio.gather(
        Facts.load(artifacts), Seen.load(artifacts), Reviewed.load(artifacts)
    )
    findings = sorted(held.findings, key=rank)
    coverage = seen.coverage.model_copy(
        update={
            "findings_unplaced": reviewed.unplaced,
            "findings_refuted": held.refuted,
            "findings_merged": reviewed.merged,
            "findings_unchecked": reviewed.unchecked,
            "suggestions_dropped": held.suggestions_dropped,
        }
    )
    return report.describe_result(
        Result(
            summary=held.summary or " ".join(reviewed.summaries) or _NOTHING,
            warnings=[*seen.warnings, *_left_out(reviewed)],
            verdict=verdict(findings, coverage),
            effort=effort(coverage),
            findings=findings,
            security=[one for one in findings if one.category is Category.SECURITY],
            coverage=coverage,
            head_sha=facts.head_sha,
            pr_url=facts.url,
            review_analysis="",
        )
    )


def _left_out(reviewed: Reviewed) -> Iterator[str]:
    if reviewed.unchecked:
        yield f"Too many findings: {reviewed.unchecked} minor ones were not looked at again."
