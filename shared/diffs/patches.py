"""A patch as GitHub tells it – hunks of one file, without a file header – read into lines that know
their numbers.

Read here and not with `unidiff`, which wants a file header and refuses a whole patch for one short
hunk, so that nothing is left of what can be read. Lines end with a line feed and nothing else: a
form feed, a lone carriage return or U+2028 is part of a line of code.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from shared.models import Side

# The counts may be missing, which means 1. More than nine digits are no line of any file.
_HEADER = re.compile(
    r"@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@(.*)", re.DOTALL
)
_NO_NEWLINE = "\\"  # "\ No newline at end of file", in any language


class LineKind(StrEnum):
    """What a line of a hunk is, as the patch marks it."""

    CONTEXT = " "
    ADDED = "+"
    REMOVED = "-"


class Line(NamedTuple):
    """A line of code; `old` and `new` are its numbers (from 1) in the base and at the head."""

    kind: LineKind
    text: str
    old: int | None
    new: int | None

    def number(self, side: Side) -> int | None:
        """None when the line is not on that side."""
        return self.old if side is Side.LEFT else self.new


@dataclass(frozen=True, slots=True)
class Hunk:
    """Consecutive lines of both sides. The counts are those of `lines`, whatever a header said;
    where a count is 0, the start is the line before, as in git."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    lines: tuple[Line, ...]

    def on(self, side: Side) -> list[Line]:
        """The lines of one side, whose numbers follow one another."""
        return [line for line in self.lines if line.number(side) is not None]

    def start(self, side: Side) -> int:
        return self.old_start if side is Side.LEFT else self.new_start

    def has(self, side: Side, start: int, end: int) -> bool:
        """Whether the lines from `start` to `end` (inclusive) of that side are all in here."""
        count = self.old_count if side is Side.LEFT else self.new_count
        return self.start(side) <= start <= end < self.start(side) + count

    def parts(self, cuts: Iterable[int]) -> list["Hunk"]:
        """The hunk cut before each of the given places (from 0) in `lines`; each part is a hunk."""
        places = [0, *cuts, len(self.lines)]
        old, new = _first(self.old_start, self.old_count), _first(self.new_start, self.new_count)
        parts = []
        for start, end in pairwise(places):
            part = _hunk(old, new, self.section, self.lines[start:end])
            parts.append(part)
            old, new = old + part.old_count, new + part.new_count
        return parts

    def __str__(self) -> str:
        """As it stands in a patch."""
        old, new = f"{self.old_start},{self.old_count}", f"{self.new_start},{self.new_count}"
        header = f"@@ -{old} +{new} @@ {self.section}".rstrip()
        return "\n".join([header, *(f"{line.kind}{line.text}" for line in self.lines)])


def hunks(patch: str) -> tuple[tuple[Hunk, ...], bool]:
    """The hunks of a patch, and whether it is partial: cut off or malformed somewhere. What can be
    read is kept; nothing is raised, and no line gets a number that is not its own. Of a patch that
    was cut off within the last line of a complete hunk, that line is kept as it is.
    """
    rows = patch.split("\n")
    if rows[-1] == "":
        rows.pop()
    found, partial, at = [], False, 0
    while at < len(rows):
        header = _header(rows[at])
        if header is None:
            partial = partial or not rows[at].startswith(_NO_NEWLINE)
            at += 1
            continue
        lines, complete, at = _body(header, rows, at + 1)
        partial = partial or not complete
        if lines:
            found.append(_hunk(header.old, header.new, header.section, lines))
    return tuple(found), partial


class _Header(NamedTuple):
    """The numbers of the first line, and those behind the last, of either side."""

    old: int
    old_end: int
    new: int
    new_end: int
    section: str


def _header(row: str) -> _Header | None:
    match = _HEADER.fullmatch(row)
    if match is None:
        return None
    old, old_count, new, new_count = (int(digits or 1) for digits in match.groups()[:4])
    if (old == 0 and old_count) or (new == 0 and new_count):
        return None
    old, new = _first(old, old_count), _first(new, new_count)
    return _Header(old, old + old_count, new, new + new_count, match[5].strip())


def _body(header: _Header, rows: list[str], at: int) -> tuple[tuple[Line, ...], bool, int]:
    """The lines of a hunk from `at` on, whether all that the header promises are there, and where
    to go on. Only the counts tell where a hunk ends: a removed `-- a` looks like a file header."""
    lines: list[Line] = []
    old, new = header.old, header.new
    while old < header.old_end or new < header.new_end:
        if at == len(rows):
            # The patch was cut off here, perhaps within the line.
            return tuple(lines[:-1]), False, at
        row = rows[at]
        if row[:1] == LineKind.ADDED and new < header.new_end:
            lines.append(Line(LineKind.ADDED, row[1:], None, new))
            new += 1
        elif row[:1] == LineKind.REMOVED and old < header.old_end:
            lines.append(Line(LineKind.REMOVED, row[1:], old, None))
            old += 1
        elif _is_context(row) and old < header.old_end and new < header.new_end:
            lines.append(Line(LineKind.CONTEXT, row.removeprefix(" "), old, new))
            old, new = old + 1, new + 1
        elif not row.startswith(_NO_NEWLINE):
            return tuple(lines), False, at
        at += 1
    return tuple(lines), True, at


def _is_context(row: str) -> bool:
    """Some tools strip the space of an empty context line."""
    return row[:1] == LineKind.CONTEXT or row in ("", "\r")


def _first(start: int, count: int) -> int:
    """Where the next line of a side goes: without lines, the start is the line before."""
    return start if count else start + 1


def _hunk(old: int, new: int, section: str, lines: tuple[Line, ...]) -> Hunk:
    old_count = sum(line.old is not None for line in lines)
    new_count = sum(line.new is not None for line in lines)
    return Hunk(
        old if old_count else old - 1,
        old_count,
        new if new_count else new - 1,
        new_count,
        section,
        lines,
    )
