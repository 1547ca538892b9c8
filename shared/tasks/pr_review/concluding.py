"""The result: the verdict, the effort and the coverage are computed, never asked for."""

import asyncio
from collections.abc import Iterator, Sequence

from shared.tasks.base import Context, NoItem, Round
from shared.tasks.pr_review import checking, report
from shared.tasks.pr_review.artifacts import Draft, Facts, Held, Outcome, Reviewed, Seen
from shared.tasks.pr_review.merging import merge_candidates, rank
from shared.tasks.pr_review.models import (
    Category,
    Posted,
    Result,
    TaskData,
)
from shared.tasks.pr_review.posting import POSTING
from shared.tasks.pr_review.verdict import decide_verdict, estimate_effort

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


def _left_out(reviewed: Reviewed) -> Iterator[str]:
    if reviewed.unchecked:
        yield f"Too many findings: {reviewed.unchecked} minor ones were not looked at again."
