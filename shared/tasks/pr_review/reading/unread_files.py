"""What the program finds by itself in changed lines that nobody reads: secrets, and dependencies
from somewhere else."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator

from shared.diffs.changes import FileDiff
from shared.diffs.fingerprint import fingerprint
from shared.diffs.patches import Line, LineKind
from shared.diffs.rendering import show_code
from shared.diffs.unread.dependencies import (
    find_install_scripts,
    find_other_hashes,
    find_strange_sources,
    names_dependencies,
)
from shared.diffs.unread.secrets import find_secret
from shared.models import Side
from shared.tasks.pr_review.models import (
    Category,
    Confidence,
    Finding,
    HunkLine,
    Severity,
    Spot,
)

_MAX_PLACES = 20
_AROUND = 3
_MAX_LINE = 400
_UNREAD = "The file is not reviewed; the program saw this by itself."


def find_in_unread(diffs: Iterable[FileDiff], made_here: Container[str]) -> list[Finding]:
    """One finding for each kind of fault in a file, at its first line, with the others beside."""
    return [
        _make_finding(diff, severity, title, lines, commentable=diff.path not in made_here)
        for diff in diffs
        for (severity, title), lines in _group_faults(diff).items()
    ]


def _group_faults(diff: FileDiff) -> dict[tuple[Severity, str], list[Line]]:
    found: dict[tuple[Severity, str], list[Line]] = defaultdict(list)
    for severity, title, line in _find_faults(diff):
        found[severity, title].append(line)
    return found


def _find_faults(diff: FileDiff) -> Iterator[tuple[Severity, str, Line]]:
    for hunk in diff.hunks:
        for line in hunk.lines:
            if line.kind is LineKind.ADDED and (secret := find_secret(line.text)):
                yield Severity.HIGH, f"There is {secret} in a file that nobody reads", line
    if not names_dependencies(diff.path):
        return
    for line, host in find_strange_sources(diff):
        yield Severity.MEDIUM, f"A dependency comes from {host}, where none came from before", line
    for line in find_other_hashes(diff):
        yield Severity.MEDIUM, "A dependency has another hash and the same version", line
    for line in find_install_scripts(diff):
        yield Severity.MEDIUM, "A package runs something when it is installed", line


def _make_finding(
    diff: FileDiff, severity: Severity, title: str, lines: list[Line], *, commentable: bool
) -> Finding:
    first, *others = [line.new or 0 for line in lines]
    return Finding(
        file=diff.path,
        side=Side.RIGHT,
        start_line=first,
        end_line=first,
        severity=severity,
        category=Category.SECURITY,
        confidence=Confidence.MEDIUM,
        title=title,
        body=_UNREAD,
        evidence_quote=show_code(lines[0].text),
        hunk=list(_show_around(diff, first)),
        fingerprint=fingerprint(diff.path, title, [lines[0].text]),
        commentable=commentable,
        also_at=[
            Spot(file=diff.path, side=Side.RIGHT, start_line=line, end_line=line)
            for line in others[:_MAX_PLACES]
        ],
    )


def _show_around(diff: FileDiff, number: int) -> Iterator[HunkLine]:
    for hunk in diff.hunks:
        at = next((at for at, line in enumerate(hunk.lines) if line.new == number), None)
        if at is not None:
            for line in hunk.lines[max(0, at - _AROUND) : at + _AROUND + 1]:
                text = show_code(line.text)[:_MAX_LINE]
                yield HunkLine(kind=line.kind, old=line.old, new=line.new, text=text)
