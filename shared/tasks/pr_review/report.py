"""The result for reading and for programs: Markdown, SARIF, the payload of a GitHub review."""

from collections.abc import Iterable, Iterator, Sequence

from shared import strictjson
from shared.diffs.sarif import Level, SarifFinding, SarifTool, sarif
from shared.markdown import fenced, inert, plain
from shared.models import Side
from shared.tasks.pr_review import payload
from shared.tasks.pr_review.models import Finding, Left, Result, Severity, Verdict

VERDICTS = {
    Verdict.APPROVE: "Approve",
    Verdict.COMMENT: "Comment",
    Verdict.REQUEST_CHANGES: "Request changes",
}
_LEVELS = {
    Severity.CRITICAL: Level.ERROR,
    Severity.HIGH: Level.ERROR,
    Severity.MEDIUM: Level.WARNING,
    Severity.LOW: Level.NOTE,
}
_TOOL = SarifTool("Amida AI Ticket Orchestrator", "1", "https://github.com/amida")


def render(result: Result, form: str) -> str:
    if form == "sarif":
        return strictjson.dumps(_sarif(result)).decode()
    if form == "github-review":
        review = payload.review(result, markdown(result, payload.without_comment(result)))
        return review.model_dump_json(exclude_none=True)
    return markdown(result)


def markdown(result: Result, findings: Sequence[Finding] | None = None) -> str:
    """The whole review, or without those findings that are told elsewhere."""
    shown = result.findings if findings is None else findings
    sections = [
        (f"Review: {VERDICTS[result.verdict]}", [plain(result.summary), "", _facts(result)]),
        ("Findings", [line for finding in shown for line in _finding(finding)]),
        ("Security", [f"- {_head(finding)}" for finding in result.security]),
        ("Since the last review", list(_since(result))),
        ("Coverage", list(_coverage(result))),
    ]
    lines = []
    for number, (title, content) in enumerate(sections):
        if content:
            lines += [f"{'##' if number else '#'} {title}", "", *content, ""]
    return "\n".join(lines)


def body_of(finding: Finding) -> Iterator[str]:
    """What is wrong, in the model's words, and the proposed change."""
    yield inert(finding.body)
    if finding.also_at:
        places = (_place(spot.file, spot.start_line) for spot in finding.also_at)
        yield ""
        yield f"Also at {', '.join(places)}."


def _facts(result: Result) -> str:
    return (
        f"Effort {result.effort} of 5 · {len(result.findings)} findings · "
        f"{result.coverage.lines} changed lines in {result.coverage.files} files · "
        f"`{result.head_sha[:12]}`"
    )


def _head(finding: Finding) -> str:
    place = _place(finding.file, finding.start_line)
    removed = " (removed)" if finding.side is Side.LEFT else ""
    kind = f"**{finding.severity.value}** {finding.category.value}"
    return f"{kind}: {plain(finding.title)} – {place}{removed}"


def _place(file: str, line: int) -> str:
    return f"{plain(file)}:{line}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"### {_head(finding)}"
    yield ""
    yield from body_of(finding)
    yield ""
    yield fenced(finding.evidence_quote)
    if finding.suggestion:
        yield ""
        yield f"Proposed, for lines {finding.suggestion.start_line}–{finding.suggestion.end_line}:"
        yield ""
        yield fenced(finding.suggestion.improved)
    yield ""


def _since(result: Result) -> Iterator[str]:
    if result.posted is None:
        return
    for title, findings in (("Still open", result.posted.still_open), ("Gone", result.posted.gone)):
        for one in findings:
            yield f"- {title}: {plain(one.title)} – {_place(one.file, one.line)}"


def _coverage(result: Result) -> Iterator[str]:
    seen = result.coverage
    yield f"Reviewed: {len(seen.reviewed)} of {seen.files} files."
    yield from _left("Only in part", seen.partial)
    yield from _left("Not reviewed", seen.skipped)
    if seen.unlisted:
        yield f"- Not reviewed: {seen.unlisted} files that GitHub does not name"
    yield ""
    yield (
        f"Of what the model proposed, {seen.findings_unplaced} findings quoted code that is not in "
        f"the diff, {seen.findings_refuted} did not hold at a second look, {seen.findings_merged} "
        f"repeated another; {seen.suggestions_dropped} suggestions did not apply."
    )


def _left(title: str, files: Iterable[Left]) -> Iterator[str]:
    for one in files:
        yield f"- {title}: {plain(one.path)} ({plain(one.reason)})"


def _sarif(result: Result) -> dict[str, object]:
    left = [*result.coverage.partial, *result.coverage.skipped]
    return sarif(
        [_sarif_finding(finding) for finding in result.findings],
        _TOOL,
        unreviewed={one.path: one.reason for one in left},
        repository=result.pr_url.rpartition("/pull/")[0],
        revision=result.head_sha,
    )


def _sarif_finding(finding: Finding) -> SarifFinding:
    change = finding.suggestion
    exact = change and (change.start_line, change.end_line) == (
        finding.start_line,
        finding.end_line,
    )
    return SarifFinding(
        path=finding.file,
        side=finding.side,
        start_line=finding.start_line,
        line=finding.end_line,
        level=_LEVELS[finding.severity],
        rule=finding.category.value,
        message=f"{finding.title}\n\n{finding.body}",
        fingerprint=finding.fingerprint,
        replacement=change.improved.split("\n") if change and exact else None,
        properties={"severity": finding.severity.value, "confidence": finding.confidence.value},
    )
