"""What of the last review still holds: what it found on lines that are still there. Where nothing
changed around them it is told on; where something did, the second look decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.diffs.changes import FileDiff
from shared.diffs.delta import Delta
from shared.diffs.locate import Anchor
from shared.diffs.patches import LineKind
from shared.diffs.rendering import show_code
from shared.models import Side
from shared.tasks.pr_review.artifacts import Candidate
from shared.tasks.pr_review.grounding import Grounding
from shared.tasks.pr_review.placing import Place, describe_place
from shared.tasks.pr_review.posting.last_review import LastReview, ToldFinding, hash_lines

_MAX_DRIFT = 3
"""Lines by which a place may be off where it is known how lines have moved."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Findings of the last review: those that hold, and those to look at again."""

    holding: list[Candidate]
    doubtful: list[Candidate]


def carry_findings(last: LastReview, diffs: Sequence[FileDiff], delta: Delta | None) -> Carried:
    """Given the whole diff of the pull request, and what changed in it since; None where that is
    not known, and everything is read again."""
    carried = Carried([], [])
    groundings: dict[str, Grounding] = {}
    by_path = {diff.path: diff for diff in diffs}
    for told in last.findings:
        diff = by_path.get(delta.find_path(told.file) if delta else told.file)
        place = _find_again(told, diff, delta) if diff else None
        if diff is not None and place is not None:
            is_touched = delta is None or delta.touches(diff.path, place.hunk)
            grounding = groundings.setdefault(diff.path, Grounding([diff]))
            kept = told if told.is_proved else grounding.hold_finding(told, place)
            (carried.doubtful if is_touched else carried.holding).append(_renew(kept, place))
    return carried


def _find_again(told: ToldFinding, diff: FileDiff, delta: Delta | None) -> Place | None:
    """The lines of a finding, nearest to where they should be."""
    near, drift = told.start_line, None
    if delta is not None and told.side is Side.RIGHT:
        near, drift = delta.find_line(told.file, told.start_line), _MAX_DRIFT
    places = list(_places(told, diff))
    if drift is not None:
        places = [one for one in places if abs(one.anchor.start_line - near) <= drift]
    return min(places, key=lambda one: abs(one.anchor.start_line - near), default=None)


def _places(told: ToldFinding, diff: FileDiff) -> Iterator[Place]:
    length, wanted = told.end_line - told.start_line + 1, told.lines
    for number, hunk in enumerate(diff.hunks):
        lines = hunk.on(told.side)
        hashes = [hash_lines([show_code(line.text)])[0] for line in lines]
        for at in range(len(lines) - length + 1):
            if hashes[at : at + len(wanted)] == wanted:
                start = hunk.start(told.side) + at
                changed = any(line.kind is not LineKind.CONTEXT for line in lines[at : at + length])
                end = start + length - 1
                yield Place(diff, Anchor(diff.path, told.side, start, end, number, changed))


def _renew(told: ToldFinding, place: Place) -> Candidate:
    """The finding where it is now; what it proposed to change stays in its comment."""
    known = told.model_dump(exclude={"id", "lines", "also_at", "is_proved"})
    return Candidate.model_validate(known | describe_place(place) | {"batch": 0})
