"""The result for reading. All that comes from the model or the pull request is shown as text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from shared.models import Side
from shared.tasks.pr_review.models import (
    SEVERITIES,
    Coverage,
    Earlier,
    Finding,
    Left,
    Result,
    Spot,
    Suggestion,
    Verdict,
)
from shared.tasks.pr_review.selection import list_names
from shared.text.markdown import fence_code, plain, prose, structure

_VERDICTS = {
    Verdict.APPROVE: "Approve",
    Verdict.COMMENT: "Comment",
    Verdict.REQUEST_CHANGES: "Request changes",
}
_MAX_FILES_NAMED = 50


def describe_result(result: Result) -> Result:
    """The result with its analysis as it is now."""
    return result.model_copy(update={"review_analysis": markdown(result)})


def markdown(result: Result, findings: Sequence[Finding] | None = None) -> str:
    """The whole review, or with only these `findings` in full, the others being told elsewhere."""
    shown = result.findings if findings is None else findings
    sections = [
        ("Findings", [line for finding in shown for line in _render_finding(finding)]),
        ("Security", [f"- {render_heading(one)}" for one in result.security]),
        ("Since the last review", list(_since(result))),
        ("Coverage", list(_coverage(result.coverage))),
        ("Warnings", [f"- {plain(warning)}" for warning in result.warnings]),
    ]
    lines = [
        f"# Review: {_VERDICTS[result.verdict]}",
        "",
        structure(result.summary),
        "",
        _facts(result),
    ]
    for title, content in sections:
        if content:
            lines += ["", f"## {title}", "", *content]
    return "\n".join([*lines, ""])


def describe_counts(findings: Sequence[Finding], seen: Coverage) -> str:
    """A summary where none of the model's sentences is left: what the program has counted."""
    read = len(seen.reviewed) + len(seen.partial)
    if not read:
        return "Nothing in this pull request is for review."
    what = f"The review read {_count(seen.lines, 'changed line')} in {_count(read, 'file')}"
    if not findings:
        return f"{what} and found nothing that it can show."
    kinds = Counter(one.severity for one in findings)
    told = ", ".join(f"{kinds[kind]} {kind}" for kind in SEVERITIES if kind in kinds)
    return f"{what} and has {_count(len(findings), 'finding')}: {told}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def summarize_review(result: Result, findings: Sequence[Finding]) -> str:
    """The review as the comment below the pull request tells it, `findings` being those without a
    comment of their own; of a review with nothing to tell a line or two."""
    pushed = result.posted.head_now if result.posted else None
    if pushed:
        result = result.model_copy(update={"warnings": [*result.warnings, describe_push(pushed)]})
    told = result.posted and (result.posted.still_open or result.posted.gone)
    seen = result.coverage
    if result.findings or told or result.warnings or not seen.complete or _count_left(seen):
        return markdown(result, findings)
    skipped = [f"Not reviewed: {len(seen.skipped)} of {seen.files} files."] if seen.skipped else []
    return "\n\n".join(
        [
            f"**{_VERDICTS[result.verdict]}** – nothing was found. {structure(result.summary)}",
            " ".join([_facts(result), *skipped]),
        ]
    )


def describe_push(head: str) -> str:
    return f"The pull request was pushed to meanwhile: its head is {head[:12]}, not reviewed yet."


def render_heading(finding: Finding) -> str:
    """What and where, on one line."""
    removed = " (removed)" if finding.side is Side.LEFT else ""
    kind = f"**{finding.severity.value}** {finding.category.value}"
    unchecked = "" if finding.checked else " (not looked at again)"
    return f"{kind}: {prose(finding.title)} – {_place(finding)}{removed}{unchecked}"


def body(finding: Finding) -> Iterator[str]:
    """What is wrong, in the model's words."""
    yield structure(finding.body)
    if finding.also_at:
        yield ""
        yield f"Also at {', '.join(map(_place, finding.also_at))}."


def _facts(result: Result) -> str:
    seen = result.coverage
    findings = f"findings: {len(result.findings)} · " if result.findings else ""
    return (
        f"Effort: {result.effort} of 5 · {findings}changed lines: "
        f"{seen.lines} in {len(seen.reviewed) + len(seen.partial)} of {seen.files} files · "
        f"`{result.head_sha[:12]}`"
    )


def _place(spot: Spot) -> str:
    return f"{plain(spot.file)}:{spot.start_line}"


def _render_finding(finding: Finding) -> Iterator[str]:
    yield f"### {render_heading(finding)}"
    yield ""
    yield from body(finding)
    yield ""
    yield fence_code(finding.evidence_quote)
    yield ""
    if finding.suggestion:
        yield from _proposal(finding.suggestion)


def _proposal(change: Suggestion) -> Iterator[str]:
    lines = f"line {change.start_line}"
    if change.end_line > change.start_line:
        lines = f"lines {change.start_line}–{change.end_line}"
    if change.improved:
        yield f"Proposed in place of {lines}:"
        yield ""
        yield fence_code(change.improved)
    else:
        yield f"Drop {lines}."
    yield ""


def _since(result: Result) -> Iterator[str]:
    if result.posted is not None:
        yield from _earlier("Still open", result.posted.still_open)
        yield from _earlier("No longer found", result.posted.gone)


def _earlier(title: str, findings: Iterable[Earlier]) -> Iterator[str]:
    for one in findings:
        yield f"- {title}: {prose(one.title)} – {plain(one.file)}:{one.line}"


def _coverage(seen: Coverage) -> Iterator[str]:
    since = f"; only what changed since `{seen.since[:12]}` was read anew" if seen.since else ""
    yield f"Reviewed: {len(seen.reviewed)} of {seen.files} files{since}."
    yield ""
    yield from _left("Only in part", seen.partial)
    yield from _left("Not reviewed", seen.skipped)
    if seen.unlisted:
        yield f"- Not reviewed (GitHub does not name them): {seen.unlisted} files"
    told = _count_left(seen)
    if told:
        yield ""
        yield f"Left out: {'; '.join(told)}."


def _count_left(seen: Coverage) -> list[str]:
    counts = {
        "findings that quote what is not in the diff": seen.findings_unplaced,
        "that did not hold at a second look": seen.findings_refuted,
        "that repeat another": seen.findings_merged,
        "that are too many": seen.findings_left_out,
        "suggestions that do not apply": seen.suggestions_dropped,
    }
    return [f"{what}: {count}" for what, count in counts.items() if count]


def _left(title: str, files: Iterable[Left]) -> Iterator[str]:
    def reason_of(left: Left) -> str:
        return left.reason

    for reason, group in groupby(sorted(files, key=reason_of), reason_of):
        names = list_names([left.path for left in group], _MAX_FILES_NAMED)
        yield f"- {title} ({plain(reason)}): {plain(names)}"
