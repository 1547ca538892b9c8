"""Characters that nobody sees in changed lines: a finding by the program, not by the model."""

from collections.abc import Iterable, Iterator, Sequence

from shared.diffs.changes import FileDiff
from shared.diffs.fingerprint import fingerprint
from shared.diffs.hidden import find_hidden, name_hidden
from shared.diffs.locate import Anchor
from shared.diffs.patches import Line, LineKind
from shared.diffs.rendering import show_code
from shared.models import Side
from shared.tasks.pr_review.models import Category, Confidence, Finding, Severity, Spot
from shared.tasks.pr_review.placing import Place, show_lines

_MAX_PLACES = 20


def find_hidden_text(diffs: Iterable[FileDiff], made_here: Sequence[str]) -> list[Finding]:
    """One finding for each file in which a changed line holds what nobody sees."""
    return [
        _describe(diff, lines, diff.path not in made_here)
        for diff in diffs
        if (lines := list(_find_hiding(diff)))
    ]


def _find_hiding(diff: FileDiff) -> Iterator[tuple[int, Line]]:
    """Added lines with hidden characters, and the number of their hunk."""
    for number, hunk in enumerate(diff.hunks):
        for line in hunk.lines:
            if line.kind is LineKind.ADDED and find_hidden(line.text, line.new):
                yield number, line


def _describe(diff: FileDiff, lines: Sequence[tuple[int, Line]], commentable: bool) -> Finding:
    (hunk, first), *others = lines
    place = Place(diff, Anchor(diff.path, Side.RIGHT, first.new or 0, first.new or 0, hunk, True))
    names = name_hidden([line.text for _, line in lines])
    return Finding(
        file=diff.path,
        side=Side.RIGHT,
        start_line=place.anchor.start_line,
        end_line=place.anchor.line,
        severity=Severity.MEDIUM,
        category=Category.SECURITY,
        confidence=Confidence.HIGH,
        title="Hidden characters",
        body=(
            "Characters that are not shown, or that change the order in which code is shown: "
            f"{names}. What is read there is not what runs, or a text that only programs see. "
            "Remove them, or write them as escapes."
        ),
        evidence_quote=show_code(first.text),
        hunk=show_lines(place),
        fingerprint=fingerprint(diff.path, "hidden characters", [first.text]),
        commentable=commentable,
        also_at=[
            Spot(file=diff.path, side=Side.RIGHT, start_line=line.new or 0, end_line=line.new or 0)
            for _, line in others[:_MAX_PLACES]
        ],
    )
