"""What a model may have meant by a quote of code: the text itself, or what is left of it without
the fences, numbers and marks that came with the diff."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.diffs import rendering
from shared.models import Side

Undo = Callable[[list[str]], list[str]]


@dataclass(frozen=True, slots=True)
class QuoteReading:
    """`lines` without blank ones at either end; they may be on any of `sides`. `undo` is what made
    them of the quote, for other text that came with it."""

    lines: tuple[str, ...]
    sides: tuple[Side, ...]
    undo: Undo


def fold_line(line: str) -> str:
    """White space does not count: indentation, tabs, what trails, carriage returns."""
    return " ".join(line.split())


def split(text: str) -> list[str]:
    return [line.rstrip("\r") for line in text.split("\n")]


def readings(quote: str) -> Iterator[QuoteReading]:
    """The likeliest first; none for a quote without text."""
    seen = set()
    for sides, undo in _UNDOINGS:
        lines = trim_lines(undo(split(quote)))
        key = (sides, tuple(map(fold_line, lines)))
        if lines and key not in seen:
            seen.add(key)
            yield QuoteReading(tuple(lines), sides, undo)


def trim_lines(lines: list[str]) -> list[str]:
    written = [index for index, line in enumerate(lines) if line.strip()]
    return lines[written[0] : written[-1] + 1] if written else []


def strip_fence(lines: list[str]) -> list[str]:
    """Lines without a code fence around them, or backticks around the only one."""
    lines = trim_lines(lines)
    if lines and lines[0].lstrip().startswith(("```", "~~~")):
        lines = lines[1:]
        if lines and lines[-1].strip() in ("```", "~~~"):
            lines = lines[:-1]
    elif len(lines) == 1 and lines[0].strip().startswith("`") and lines[0].strip().endswith("`"):
        lines = [lines[0].strip().strip("`")]
    return lines


def _strip_numbers(lines: list[str]) -> list[str]:
    return rendering.strip_numbers(strip_fence(lines))


def _read_marks(side: Side) -> tuple[tuple[Side, ...], Undo]:
    return (side,), lambda lines: rendering.take_side(_strip_numbers(lines), side)


_BOTH = (Side.RIGHT, Side.LEFT)
_UNDOINGS: tuple[tuple[tuple[Side, ...], Undo], ...] = (
    (_BOTH, list),
    (_BOTH, strip_fence),
    (_BOTH, _strip_numbers),
    _read_marks(Side.RIGHT),
    _read_marks(Side.LEFT),
)
