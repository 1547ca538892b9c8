"""The model quotes code, the program finds the line. Nothing here is fuzzy: apart from white space
and what came with the diff, a quote must be in the file to the letter."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.diffs.changes import FileDiff
from shared.diffs.patches import LineKind
from shared.diffs.quotes import QuoteReading, fold_line, readings
from shared.diffs.rendering import show_code
from shared.models import Side

MAX_LINES = 200
"""Of a quote; a longer one is none."""
_LEAST_PART = 8
_TOKEN = re.compile(r"[0-9][\w.]*|[\w$]+|[-+*/%=<>!&|^~:?]+|\s+|.")


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
    diff: FileDiff, quote: str, side_hint: Side | None = None, near_line: int | None = None
) -> Anchor | None:
    """Where in the diff the quoted lines are, None when they are not.

    They must follow one another on one side, within one hunk; a single line may also be quoted in
    part: at least eight characters, beginning and ending between tokens. Of several places one with
    a changed line is taken, then a whole line, then the side of the hint, then the one nearest to
    `near_line`, then the head, then the first.
    """
    match = best(matches(diff, quote), side_hint, near_line)
    return match.anchor if match else None


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


def matches(diff: FileDiff, quote: str) -> Iterator[Match]:
    """Every place that the quote fits, in the order of its readings, then of the lines."""
    columns = [
        (index, side, lines, [fold_line(show_code(line.text)) for line in lines])
        for index, hunk in enumerate(diff.hunks)
        for side in Side
        for lines in [hunk.on(side)]
    ]
    for reading in readings(quote):
        if len(reading.lines) > MAX_LINES:
            continue
        wanted = [fold_line(line) for line in reading.lines]
        for index, side, lines, texts in columns:
            for at, whole in _places(wanted, texts) if side in reading.sides else ():
                found = lines[at : at + len(wanted)]
                first = diff.hunks[index].start(side) + at
                on_change = any(line.kind is not LineKind.CONTEXT for line in found)
                last = first + len(found) - 1
                yield Match(Anchor(diff.path, side, first, last, index, on_change), whole, reading)


def _places(wanted: list[str], written: list[str]) -> Iterator[tuple[int, bool]]:
    """Where `wanted` begins within `written`, and whether as whole lines."""
    if len(wanted) > 1:
        for start, line in enumerate(written):
            if line == wanted[0] and written[start : start + len(wanted)] == wanted:
                yield start, True
        return
    [quote] = wanted
    may_be_part = len(quote.replace(" ", "")) >= _LEAST_PART
    for start, line in enumerate(written):
        if line == quote:
            yield start, True
        elif may_be_part and quote in line and _is_part(quote, line):
            yield start, False


def _is_part(quote: str, line: str) -> bool:
    """Whether the quote stands in the line without cutting a name, a number or an operator."""
    borders = {match.start() for match in _TOKEN.finditer(line)} | {len(line)}
    at = line.find(quote)
    while at >= 0:
        if at in borders and at + len(quote) in borders:
            return True
        at = line.find(quote, at + 1)
    return False
