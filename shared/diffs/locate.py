"""The model quotes code, the program finds the line. Nothing here is fuzzy: apart from white space
and what came with the diff, a quote must be in the file to the letter; where it is not, it may
differ in what `tolerance` names, if only one place fits it then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from shared.diffs.changes import FileDiff
from shared.diffs.patches import Line, LineKind
from shared.diffs.quotes import QuoteReading, fold_line, readings
from shared.diffs.tolerance import TOLERANCES, FoldedRows, Tolerance, find_rows, is_part
from shared.models import Side

MAX_LINES = 200
"""Of a quote; a longer one is none."""
_MAX_PLACES = 100


@dataclass(frozen=True, slots=True)
class Anchor:
    """Lines of one side (inclusive), all within the hunk of that index (from 0). `on_change` is
    False when none of them was added or removed."""

    path: str
    side: Side
    start_line: int
    line: int
    hunk: int
    on_change: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A place that a quote fits; `whole` is False when it is but a part of its one line."""

    anchor: Anchor
    whole: bool
    reading: QuoteReading


def locate(
    diff: FileDiff,
    quote: str,
    side_hint: Side | None = None,
    near_line: int | None = None,
    *,
    rows: FoldedRows | None = None,
) -> Anchor | None:
    """Where in the diff the quoted lines are, None when they are not; `rows` remembers them for
    other quotes.

    They must follow one another on one side, within one hunk; a single line may also be quoted in
    part: at least eight characters, beginning and ending between tokens. Of several places one with
    a changed line is taken, then a whole line, then the side of the hint, then the one nearest to
    `near_line`, then the head, then the first. A quote that differs from the code in what is
    tolerated has one place, or one that holds `near_line`, or none.
    """
    rows = rows or FoldedRows()
    match = best(matches(diff, quote, rows), side_hint, near_line)
    return match.anchor if match else _locate_variant(diff, quote, near_line, rows)


def best(
    found: Iterable[Match], side_hint: Side | None = None, near_line: int | None = None
) -> Match | None:
    """The likeliest of several matches, as `locate` has it."""

    def rank(match: Match) -> tuple[bool, bool, bool, int, bool]:
        anchor = match.anchor
        return (
            not anchor.on_change,
            not match.whole,
            side_hint is not None and anchor.side is not side_hint,
            0 if near_line is None else _distance(anchor, near_line),
            anchor.side is Side.LEFT,
        )

    return min(found, key=rank, default=None)


def _distance(anchor: Anchor, line: int) -> int:
    return max(anchor.start_line - line, line - anchor.line, 0)


def matches(diff: FileDiff, quote: str, rows: FoldedRows | None = None) -> Iterator[Match]:
    """Every place that the quote fits, in the order of its readings, then of the lines."""
    rows = rows or FoldedRows()
    columns = [
        (index, side, *rows.read(hunk, side, TOLERANCES[0]))
        for index, hunk in enumerate(diff.hunks)
        for side in Side
    ]
    for reading in readings(quote):
        if len(reading.lines) > MAX_LINES:
            continue
        wanted = [fold_line(line) for line in reading.lines]
        for index, side, lines, texts in columns:
            for at, whole in _places(wanted, texts) if side in reading.sides else ():
                found = lines[at : at + len(wanted)]
                yield Match(_anchor(diff.path, side, found, index), whole, reading)


def _locate_variant(
    diff: FileDiff, quote: str, near_line: int | None, rows: FoldedRows
) -> Anchor | None:
    """The only place of a quote by the strictest tolerance with which it has any."""
    for tolerance in TOLERANCES:
        found = set(islice(_variants(diff, quote, tolerance, rows), _MAX_PLACES))
        found = {anchor for anchor in found if anchor.on_change} or {
            # A line that nobody changed is on both sides.
            anchor
            for anchor in found
            if anchor.side is Side.RIGHT
        }
        near = {one for one in found if near_line and one.start_line <= near_line <= one.line}
        for few in (found, near):
            if len(few) == 1:
                return few.pop()
        if found:
            return None
    return None


def _variants(
    diff: FileDiff, quote: str, tolerance: Tolerance, rows: FoldedRows
) -> Iterator[Anchor]:
    for reading in readings(quote):
        if len(reading.lines) > MAX_LINES:
            continue
        for index, hunk in enumerate(diff.hunks):
            for side in reading.sides:
                for found in find_rows(hunk, side, reading.lines, tolerance, rows):
                    yield _anchor(diff.path, side, found, index)


def _anchor(path: str, side: Side, lines: list[Line], hunk: int) -> Anchor:
    first, last = lines[0].number(side) or 0, lines[-1].number(side) or 0
    on_change = any(line.kind is not LineKind.CONTEXT for line in lines)
    return Anchor(path, side, first, last, hunk, on_change)


def _places(wanted: list[str], written: list[str]) -> Iterator[tuple[int, bool]]:
    """Where `wanted` begins within `written`, and whether as whole lines."""
    if len(wanted) > 1:
        for start, line in enumerate(written):
            if line == wanted[0] and written[start : start + len(wanted)] == wanted:
                yield start, True
        return
    [quote] = wanted
    for start, line in enumerate(written):
        if line == quote:
            yield start, True
        elif is_part(quote, line):
            yield start, False
