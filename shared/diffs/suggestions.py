"""A proposed change of lines, as GitHub offers it for one click: it must replace lines of the diff,
fit their indentation, change something, and leave well-formed what was."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.diffs.changes import FileDiff
from shared.diffs.locate import Anchor, Match, best, matches
from shared.diffs.quotes import split, strip_fence, trim_lines
from shared.diffs.rendering import MAX_CHARACTERS
from shared.diffs.syntax import parses
from shared.models import Side

MAX_LINES = 200
"""Of what is put in; a longer change is no suggestion."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`lines` take the place of those from `start_line` to `line` (inclusive) at the head; none
    removes these. `judged` is whether the result was parsed and found well-formed."""

    path: str
    start_line: int
    line: int
    lines: tuple[str, ...]
    judged: bool


class Refusal(StrEnum):
    """Why a suggestion is not made, in words for people."""

    NOT_IN_DIFF = "the lines to replace are not in the diff"
    PART_OF_LINE = "only a part of a line would be replaced"
    NO_CHANGE = "it changes nothing"
    TOO_LONG = "it is too long"
    BREAKS = "the file would no longer be well-formed"


def check_suggestion(
    diff: FileDiff,
    existing: str,
    improved: str,
    head_text: str | None = None,
    near_line: int | None = None,
) -> Suggestion | Refusal:
    """What the model wants to replace and by what, checked against the diff.

    The result is judged within `head_text`, the whole file at the head, if given; else within the
    hunk, as far as that is well-formed by itself. `near_line` decides between several places.
    """
    found = (match for match in matches(diff, existing) if match.anchor.side is Side.RIGHT)
    match = best(found, near_line=near_line)
    if match is None:
        return Refusal.NOT_IN_DIFF
    context, at = _context(diff, match.anchor, head_text)
    source = context[at : at + match.anchor.line - match.anchor.start_line + 1]
    candidates = _candidates(match, source, improved)
    if not candidates:
        return Refusal.PART_OF_LINE
    if len(candidates[0]) > MAX_LINES:
        return Refusal.TOO_LONG
    if any(_same(lines, source) for lines in candidates):
        return Refusal.NO_CHANGE
    can_be_judged = _well_formed(diff.path, context) is True
    for lines in candidates:
        result = [*context[:at], *lines, *context[at + len(source) :]]
        verdict = _well_formed(diff.path, result) if can_be_judged else None
        if verdict is not False:
            place = (match.anchor.start_line, match.anchor.line)
            return Suggestion(diff.path, *place, tuple(lines), judged=verdict is True)
    return Refusal.BREAKS


def _context(diff: FileDiff, anchor: Anchor, head_text: str | None) -> tuple[list[str], int]:
    """The lines around the anchor and its index in them: the file, or the hunk (which for an added
    file is all of it) when there is none or the diff is of another version."""
    hunk = diff.hunks[anchor.hunk]
    shown = [line.text.rstrip("\r") for line in hunk.on(Side.RIGHT)]
    at = anchor.start_line - hunk.new_start
    if head_text is None:
        return shown, at
    lines, first = split(head_text), hunk.new_start - 1
    if lines[first : first + len(shown)] != shown:
        return shown, at
    return lines, anchor.start_line - 1


def _well_formed(path: str, lines: Sequence[str]) -> bool | None:
    return parses(path, textwrap.dedent("\n".join(lines)))


def _same(lines: Sequence[str], source: Sequence[str]) -> bool:
    return [line.rstrip() for line in lines] == [line.rstrip() for line in source]


def _candidates(match: Match, source: list[str], improved: str) -> list[list[str]]:
    """The new lines, indented as the source is, the likeliest first; none where the part of a line
    to replace cannot be told from the rest of it, or the model did not see all of a line."""
    existing, lines = match.reading.lines, split(improved)
    if not existing[0].lstrip().startswith(("`", "~~~")):
        lines = strip_fence(lines)
    lines = trim_lines(match.reading.undo(lines) or lines)
    if any(len(line) > MAX_CHARACTERS for line in source):
        return []
    if match.whole:
        return _indent_lines(source, existing, lines)
    part = existing[0].strip()
    if source[0].count(part) == 1 and len(lines) == 1:
        return [[source[0].replace(part, lines[0].strip())]]
    return []


def _indent_lines(source: list[str], existing: Sequence[str], lines: list[str]) -> list[list[str]]:
    """Models leave out the indentation of what they write: of all lines alike, or of the first
    alone. Which of the two it is shows in what they quote, or else in what is well-formed."""
    if not lines:
        return [lines]
    ours, theirs, new = (_indentation(each[0]) for each in (source, existing, lines))
    if new == ours:
        return [lines]
    moved = [ours + line.removeprefix(new) if line.strip() else line for line in lines]
    if new:
        return [lines, moved] if theirs == ours else [moved]
    first_moved = [ours + lines[0], *lines[1:]]
    if len(source) > 1 and list(existing[1:]) == source[1:]:
        return [first_moved, moved]
    return [moved, first_moved]


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
