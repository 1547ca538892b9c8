"""From what the model proposes to a candidate with lines of the diff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.diffs.changes import FileDiff
from shared.diffs.fingerprint import fingerprint
from shared.diffs.locate import Anchor, locate
from shared.diffs.patches import Hunk
from shared.diffs.rendering import render_hunk, show_code
from shared.diffs.tolerance import FoldedRows
from shared.documents.tokens import estimate
from shared.tasks.pr_review.artifacts import Candidate, Facts
from shared.tasks.pr_review.llm_output import Proposed, Quoted
from shared.tasks.pr_review.models import HunkLine

_AROUND = (12, 6, 3, 0)
"""Lines before and after a finding that the second look sees: as many as are cheap enough."""

_MAX_EXCERPT_TOKENS = 500
_MAX_EXCERPT = 2_000
_MAX_EVIDENCE_LINES = 20
_MAX_HUNK_LINES = 60
_MAX_LINE = 400


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a diff."""

    diff: FileDiff
    anchor: Anchor

    @property
    def hunk(self) -> Hunk:
        return self.diff.hunks[self.anchor.hunk]


def find_place(proposed: Quoted, diffs: Sequence[FileDiff], rows: FoldedRows) -> Place | None:
    """The place of what is said, if its quote has one: in the file that it names, else in the only
    other one that has it. `rows` are those that were read for others."""
    named = [diff for diff in diffs if diff.path == proposed.path]
    others = [diff for diff in diffs if diff.path != proposed.path]
    found = _find_places(proposed, named, rows) or _find_places(proposed, others, rows)
    return found[0] if len(found) == 1 else None


def _find_places(proposed: Quoted, diffs: Sequence[FileDiff], rows: FoldedRows) -> list[Place]:
    quote, line = proposed.evidence_quote, proposed.line
    anchors = [(diff, locate(diff, quote, near_line=line, rows=rows)) for diff in diffs]
    return [Place(diff, anchor) for diff, anchor in anchors if anchor]


def make_candidate(proposed: Proposed, place: Place, batch: int, facts: Facts) -> Candidate:
    diff, anchor = place.diff, place.anchor
    lines = diff.lines(anchor.side, anchor.start_line, anchor.line)
    return Candidate.model_validate(
        describe_place(place)
        | proposed.model_dump(include={"severity", "category", "confidence", "title", "body"})
        | {
            "fingerprint": fingerprint(diff.path, proposed.category, (one.text for one in lines)),
            "commentable": diff.path not in facts.made_here,
            "batch": batch,
            "proposal": proposed.suggestion,
        }
    )


def describe_place(place: Place) -> dict[str, Any]:
    """What a candidate says of its place."""
    diff, anchor = place.diff, place.anchor
    lines = diff.lines(anchor.side, anchor.start_line, anchor.line)
    return {
        "file": diff.path,
        "side": anchor.side,
        "start_line": anchor.start_line,
        "end_line": anchor.line,
        "evidence_quote": "\n".join(show_code(line.text) for line in lines[:_MAX_EVIDENCE_LINES]),
        "hunk": show_lines(place),
        "excerpt": _excerpt(place),
    }


def _excerpt(place: Place) -> str:
    """The lines of a place and some around them, as the model reads them."""
    text = ""
    for part in _around(place):
        text = render_hunk(part)
        if estimate(text) <= _MAX_EXCERPT_TOKENS:
            return text
    return text[:_MAX_EXCERPT]


def show_lines(place: Place) -> list[HunkLine]:
    """The lines of a place and some around them, as people are shown them."""
    part = next(_around(place))
    return [
        HunkLine(kind=line.kind, old=line.old, new=line.new, text=show_code(line.text)[:_MAX_LINE])
        for line in part.lines[:_MAX_HUNK_LINES]
    ]


def _around(place: Place) -> Iterator[Hunk]:
    """The part of the hunk with the place, wide to narrow."""
    hunk, anchor = place.hunk, place.anchor
    quoted = range(anchor.start_line, anchor.line + 1)
    at = [index for index, line in enumerate(hunk.lines) if line.number(anchor.side) in quoted]
    for around in _AROUND:
        start, end = max(0, at[0] - around), min(len(hunk.lines), at[-1] + 1 + around)
        [_, part, _] = hunk.parts([start, end])
        yield part
