"""A proposed change of lines, as GitHub offers it for one click: it must replace lines of the diff,
fit their indentation, change something, and leave well-formed what was."""

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.diffs.changes import FileDiff
from shared.diffs.locate import Anchor, Match, best, matches
from shared.diffs.names import find_unbound
from shared.diffs.quotes import split, strip_fence, trim_lines
from shared.diffs.rendering import MAX_CHARACTERS
from shared.diffs.syntax import count_faults, find_code_lines
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
    REPEATS = "it repeats a line beside it"
    COMMENT = "it puts a comment in place of code"
    UNKNOWN_NAME = "it uses a name that nothing brings into the file"


_PROSE = (".md", ".txt", ".rst", ".adoc", ".tex")
_TRIVIAL = re.compile(r"\s*(?:[^\w\s]*|end|else|fi|done|esac|pass|break|continue|try)[\s:;{}()]*")
_ELISION = re.compile(
    r"(?:#|//|/\*|--|<!--)\s*(?:\.\.\.|…|(?:the )?(?:rest|existing|remaining)\b|same as before)",
    re.IGNORECASE,
)


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
    context, at, is_whole = _context(diff, match.anchor, head_text)
    source = context[at : at + match.anchor.line - match.anchor.start_line + 1]
    candidates = _candidates(match, source, improved)
    if not candidates:
        return Refusal.PART_OF_LINE
    if len(candidates[0]) > MAX_LINES:
        return Refusal.TOO_LONG
    if any(_same(lines, source) for lines in candidates):
        return Refusal.NO_CHANGE
    change = _Change(path=diff.path, context=context, at=at, source=source, is_whole=is_whole)
    faults = [change.find_fault(lines) for lines in candidates]
    if None not in faults:
        return faults[0] or Refusal.BREAKS
    lines = candidates[faults.index(None)]
    place = (match.anchor.start_line, match.anchor.line)
    return Suggestion(diff.path, *place, tuple(lines), judged=change.is_judged)


class _Change:
    """Lines in place of the `source` at a place of their context: a file, or a part of one."""

    def __init__(
        self, *, path: str, context: list[str], at: int, source: list[str], is_whole: bool
    ) -> None:
        self._path = path
        self._before, self._after = context[:at], context[at + len(source) :]
        self._source = source
        self._text = _join(context)
        self._faults = count_faults(path, self._text)
        self._counts = is_whole or self._faults == 0

    @property
    def is_judged(self) -> bool:
        return self._faults == 0

    def find_fault(self, lines: Sequence[str]) -> Refusal | None:
        """Why these lines must not take the place of the source."""
        text = _join([*self._before, *lines, *self._after])
        faults = count_faults(self._path, text)
        if self._counts and faults is not None and faults > (self._faults or 0):
            return Refusal.BREAKS
        if self._faults is None and self._unbalances(lines):
            return Refusal.BREAKS
        if self._repeats(lines):
            return Refusal.REPEATS
        if self._drops_code(lines, text):
            return Refusal.COMMENT
        return Refusal.UNKNOWN_NAME if self._has_unknown_name(text) else None

    def _unbalances(self, lines: Sequence[str]) -> bool:
        """By the brackets alone, where no parser can say; prose has its own."""
        if self._path.lower().endswith(_PROSE):
            return False
        return _weigh_brackets(lines) != _weigh_brackets(self._source)

    def _repeats(self, lines: Sequence[str]) -> bool:
        """Whether the first or last line is that beside it, which it was not before."""
        pairs = ((self._before[-1:], 0), (self._after[:1], -1))
        return any(
            bool(near and lines)
            and not _TRIVIAL.fullmatch(near[0])
            and lines[end].split() == near[0].split() != self._source[end].split()
            for near, end in pairs
        )

    def _drops_code(self, lines: Sequence[str], text: str) -> bool:
        elided = any(map(_ELISION.search, lines)) and not any(map(_ELISION.search, self._source))
        start = len(self._before)
        before, after = (find_code_lines(self._path, one) for one in (self._text, text))
        if not lines or before is None or after is None:
            return elided
        had = not before.isdisjoint(range(start, start + len(self._source)))
        return elided or (had and after.isdisjoint(range(start, start + len(lines))))

    def _has_unknown_name(self, text: str) -> bool:
        if not self._path.lower().endswith((".py", ".pyi")):
            return False
        before, after = find_unbound(self._text), find_unbound(text)
        return before is not None and after is not None and bool(after - before)


def _weigh_brackets(lines: Sequence[str]) -> Counter[str]:
    """How many of each kind are open at the end."""
    found = Counter("".join(lines))
    return Counter({pair: found[pair[0]] - found[pair[1]] for pair in ("()", "[]", "{}")})


def _context(diff: FileDiff, anchor: Anchor, head_text: str | None) -> tuple[list[str], int, bool]:
    """The lines around the anchor, its index in them, and whether they are the file: else they are
    the hunk, as there is no file or the diff is of another version."""
    hunk = diff.hunks[anchor.hunk]
    shown = [line.text.rstrip("\r") for line in hunk.on(Side.RIGHT)]
    at = anchor.start_line - hunk.new_start
    if head_text is None:
        return shown, at, False
    lines, first = split(head_text), hunk.new_start - 1
    if lines[first : first + len(shown)] != shown:
        return shown, at, False
    return lines, anchor.start_line - 1, True


def _join(lines: Sequence[str]) -> str:
    return textwrap.dedent("\n".join(lines))


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
