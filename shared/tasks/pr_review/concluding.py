"""The result: the verdict, the effort and the coverage are computed, never asked for."""

from collections.abc import Sequence

from shared.models import Model
from shared.tasks import base
from shared.tasks.pr_review import checking, planning, report
from shared.tasks.pr_review.merging import merged, rank
from shared.tasks.pr_review.models import (
    Category,
    Coverage,
    Finding,
    Held,
    Outcome,
    Posted,
    Result,
    Severity,
    Stage,
    TaskData,
    Verdict,
)

_EFFORT = (20, 100, 400, 1_000)
"""Changed lines up to which reading takes an effort of 1, 2, 3, 4; beyond them it takes 5."""

_FILES_A_STEP = 25
_MOST_SUMMARIES = 8


class Reviewed(Model):
    """What the batches gave, in numbers and words."""

    summary: str
    candidates: int
    unplaced: int
    merged: int


async def after_review(context: base.Context, outcomes: Sequence[Outcome]) -> base.Round | Result:
    """A second look at what was found, if anything was."""
    found = [candidate for outcome in outcomes for candidate in outcome.candidates]
    candidates = merged(found)
    reviewed = Reviewed(
        summary=_summary([outcome.summary for outcome in outcomes]),
        candidates=len(candidates),
        unplaced=sum(outcome.dropped for outcome in outcomes),
        merged=len(found) - len(candidates),
    )
    await context.papers.keep("reviewed", reviewed.model_dump())
    if candidates:
        return await checking.keep_groups(context, candidates)
    return await after_check(context, [])


async def after_check(context: base.Context, groups: Sequence[Held]) -> base.Round | Result:
    """The result, or the round that posts it first."""
    result = await _result(context, groups)
    if not TaskData.model_validate(context.ticket.task_data).post_review:
        return result
    await context.papers.keep("result", result.model_dump(mode="json"))
    return base.Round(stage=Stage.POSTING, items=[{}], starts_at=95, ends_at=98)


async def draft(context: base.Context) -> Result:
    """The result that is to be posted."""
    return Result.model_validate(await context.papers.kept("result"))


async def with_posted(context: base.Context, posted: Posted) -> Result:
    """A result is not lost because it cannot be posted."""
    result = await draft(context)
    failed = [] if posted.reason is None else [f"The review was not posted: {posted.reason}"]
    result = result.model_copy(
        update={"posted": posted, "warnings": [*result.warnings, *failed]},
    )
    return result.model_copy(update={"review_analysis": report.markdown(result)})


def verdict(findings: Sequence[Finding], coverage: Coverage, suspicious: Sequence[str]) -> Verdict:
    """By rule: changes are requested for what is critical, and for bugs and holes of high severity;
    approved is what has nothing above low, was read whole, and does not talk to its reviewer."""
    for finding in findings:
        grave = finding.category in (Category.BUG, Category.SECURITY)
        if finding.severity is Severity.CRITICAL or (finding.severity is Severity.HIGH and grave):
            return Verdict.REQUEST_CHANGES
    small = all(finding.severity is Severity.LOW for finding in findings)
    if small and coverage.is_complete and not suspicious:
        return Verdict.APPROVE
    return Verdict.COMMENT


def effort(coverage: Coverage) -> int:
    """From 1 to 5, by the lines to read and the files they are scattered over."""
    lines = sum(coverage.lines > most for most in _EFFORT)
    files = len(coverage.reviewed) + len(coverage.partial)
    return min(5, 1 + lines + files // _FILES_A_STEP)


def _summary(summaries: Sequence[str]) -> str:
    said = [" ".join(summary.split()) for summary in summaries]
    more = len(said) - _MOST_SUMMARIES
    return " ".join([*said[:_MOST_SUMMARIES], *([f"({more} more parts.)"] if more > 0 else [])])


async def _result(context: base.Context, groups: Sequence[Held]) -> Result:
    data = TaskData.model_validate(context.ticket.task_data)
    facts, coverage = await planning.facts(context), await planning.coverage(context)
    reviewed = Reviewed.model_validate(await context.papers.kept("reviewed"))
    findings = sorted((one for group in groups for one in group.findings), key=rank)
    refuted = sum(group.refuted for group in groups)
    coverage = coverage.model_copy(
        update={
            "findings_unplaced": reviewed.unplaced,
            "findings_refuted": refuted,
            "findings_merged": reviewed.merged,
            "findings_unchecked": reviewed.candidates - refuted - len(findings),
            "suggestions_dropped": sum(group.suggestions_dropped for group in groups),
        }
    )
    result = Result(
        summary=reviewed.summary or "Nothing in this pull request is for review.",
        warnings=[*base.unknown_keys(data), *_warnings(coverage, facts.suspicious)],
        verdict=verdict(findings, coverage, facts.suspicious),
        effort=effort(coverage),
        findings=findings,
        security=[one for one in findings if one.category is Category.SECURITY],
        coverage=coverage,
        head_sha=facts.head_sha,
        pr_url=facts.url,
        review_analysis="",
    )
    return result.model_copy(update={"review_analysis": report.markdown(result)})


def _warnings(coverage: Coverage, suspicious: Sequence[str]) -> list[str]:
    found = [
        f"{left.path} was not reviewed to its end: {left.reason}." for left in coverage.partial
    ]
    if coverage.unlisted:
        found.append(f"GitHub does not name {coverage.unlisted} more changed files.")
    if coverage.findings_unchecked:
        found.append(
            f"{coverage.findings_unchecked} minor findings were too many for a second look and "
            "are left out."
        )
    found += [
        f"{name} holds text that talks to the reviewer; it was not obeyed." for name in suspicious
    ]
    return found
