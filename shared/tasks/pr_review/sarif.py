"""The result for tools that show findings of many analysers: SARIF."""

from shared.diffs.sarif import Level, SarifFinding, SarifTool, sarif
from shared.tasks.pr_review.models import Finding, Result, Severity
from shared.text import strict_json

_LEVELS = {
    Severity.CRITICAL: Level.ERROR,
    Severity.HIGH: Level.ERROR,
    Severity.MEDIUM: Level.WARNING,
    Severity.LOW: Level.NOTE,
}
_TOOL = SarifTool("Amida AI Ticket Orchestrator", "1")


def sarif_log(result: Result) -> str:
    left = [*result.coverage.partial, *result.coverage.skipped]
    log = sarif(
        [_convert_finding(finding) for finding in result.findings],
        _TOOL,
        unreviewed={one.path: one.reason for one in left},
        repository=result.pr_url.rpartition("/pull/")[0],
        revision=result.head_sha,
    )
    return strict_json.dumps(log).decode()


def _convert_finding(finding: Finding) -> SarifFinding:
    change = finding.suggestion
    # What is replaced there are the lines of the finding.
    fits = change and (change.start_line, change.end_line) == (finding.start_line, finding.end_line)
    return SarifFinding(
        path=finding.file,
        side=finding.side,
        start_line=finding.start_line,
        line=finding.end_line,
        level=_LEVELS[finding.severity],
        rule=finding.category.value,
        # A bracket before a parenthesis would be a link there.
        message=f"{finding.title}\n\n{finding.body}".replace("](", "] ("),
        fingerprint=finding.fingerprint,
        replacement=change.improved.splitlines() if change and fits else None,
        properties={"severity": finding.severity.value, "confidence": finding.confidence.value},
    )
