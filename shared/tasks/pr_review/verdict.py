"""The rules by which a review ends with a verdict, and with how much there was to read."""

from collections.abc import Sequence

from shared.tasks.pr_review.models import Category, Coverage, Finding, Severity, Verdict

_EFFORT = (20, 100, 400, 1_000)
"""Changed lines up to which reading takes an effort of 1, 2, 3, 4; beyond them it takes 5."""

_FILES_A_STEP = 25


def decide_verdict(findings: Sequence[Finding], coverage: Coverage) -> Verdict:
    """By rule: changes are requested for what is critical, and for bugs and holes of high severity;
    approved is what was read, all of it, and has nothing above low, nor anything that was found but
    has no place in the diff or is left out. No text has a say in it."""
    if any(map(_is_grave, findings)):
        return Verdict.REQUEST_CHANGES
    is_small = all(finding.severity is Severity.LOW for finding in findings)
    untold = coverage.findings_unplaced + coverage.findings_left_out
    is_all = coverage.complete and not untold
    if is_small and is_all and coverage.reviewed:
        return Verdict.APPROVE
    return Verdict.COMMENT


def estimate_effort(coverage: Coverage) -> int:
    """From 1 to 5, by the lines to read and the files they are scattered over."""
    lines = sum(coverage.lines > limit for limit in _EFFORT)
    files = len(coverage.reviewed) + len(coverage.partial)
    return min(5, 1 + lines + files // _FILES_A_STEP)


def _is_grave(finding: Finding) -> bool:
    if finding.severity is Severity.HIGH:
        return finding.category in (Category.BUG, Category.SECURITY)
    return finding.severity is Severity.CRITICAL
