"""In what a quote may differ from the code and still be known: quotation marks, blank lines,
trailing comments, what an ellipsis leaves out, and the old and the new row of one changed line.

None of it is a guess: letters are never changed, and what fits several places is not placed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.diffs.patches import Hunk, Line, LineKind
from shared.diffs.quotes import fold_line
from shared.diffs.rendering import show_code
from shared.models import Side

MAX_GAP = 40
"""Lines that an ellipsis may stand for."""

_MAX_ROWS = 20
"""Lines of a quote that may be old and new rows."""

LEAST_PART = 8
"""Characters that must be there of a line that is quoted in part."""

_TOKEN = re.compile(r"[0-9][\w.]*|[\w$]+|[-+*/%=<>!&|^~:?]+|\s+|.")
_QUOTATION_MARKS = re.compile("\\\\?[\"'`\u00b4\u2018-\u201f\u2039\u203a\u00ab\u00bb\u2032\u2033]")
_COMMENT = re.compile(r"\s+(?:#|//|--|;;?)(?:\s.*)?$|\s+(?:/\*.*\*/|<!--.*-->)$")
_COMMENT_MARK = re.compile("[#;]|//|--|/[*]")
_ELLIPSIS = re.compile(r"\s*(?:\.{3,}|…)\s*")
_GAP = re.compile(r"(?:#|//|--|/\*|<!--)?\s*(?:\.{3,}|…|\[(?:\.{3}|…)\])\s*(?:\*/|-->)?")

Fold = Callable[[str], str]


def fold_marks(line: str) -> str:
    """Quotation marks of every form are one."""
    if line.isascii() and '"' not in line and "'" not in line and "`" not in line:
        return fold_line(line)
    return fold_line(_QUOTATION_MARKS.sub('"', line))


def drop_comment(line: str) -> str:
    """Without a comment behind the code; a mark of one within a string is none."""
    folded = fold_marks(line)
    if not _COMMENT_MARK.search(folded):
        return folded
    rest = _COMMENT.sub("", folded)
    return rest if rest.count('"') % 2 == 0 else folded


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How lines are compared; `skips_blank` is whether blank ones count, `reads_gaps` whether an
    ellipsis in the quote stands for code that it leaves out."""

    fold: Fold
    skips_blank: bool = False
    reads_gaps: bool = False


TOLERANCES = (
    Tolerance(fold_line),
    Tolerance(fold_marks),
    Tolerance(fold_marks, skips_blank=True),
    Tolerance(drop_comment, skips_blank=True),
    Tolerance(drop_comment, skips_blank=True, reads_gaps=True),
)
"""The strictest first."""


class FoldedRows:
    """The lines of hunks as tolerances have them, each folded once in each way however many quotes
    are looked for among them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Side, Tolerance], tuple[list[Line], list[str]]] = {}
        self._folded: dict[tuple[int, Fold], list[str]] = {}
        self._hunks: list[Hunk] = []  # Kept, so that no other comes to have the id of one.

    def prepare(self, hunks: Iterable[Hunk]) -> None:
        """Fold what every quote is looked for in first."""
        for hunk in hunks:
            for side in Side:
                self.read(hunk, side, TOLERANCES[0])

    def read(self, hunk: Hunk, side: Side, tolerance: Tolerance) -> tuple[list[Line], list[str]]:
        """The lines of a side that count, and their texts."""
        key = (id(hunk), side, tolerance)
        if key not in self._known:
            rows = [
                (line, text)
                for line, text in zip(hunk.lines, self._fold(hunk, tolerance.fold), strict=True)
                if line.number(side) is not None
                and (line.text.strip() or not tolerance.skips_blank)
            ]
            self._known[key] = [line for line, _ in rows], [text for _, text in rows]
        return self._known[key]

    def _fold(self, hunk: Hunk, fold: Fold) -> list[str]:
        """All lines of a hunk, of which many are on both sides."""
        key = (id(hunk), fold)
        if key not in self._folded:
            self._hunks.append(hunk)
            self._folded[key] = [fold(show_code(line.text)) for line in hunk.lines]
        return self._folded[key]


def find_rows(
    hunk: Hunk, side: Side, quote: Sequence[str], tolerance: Tolerance, rows: FoldedRows
) -> Iterator[list[Line]]:
    """The lines of a side, from the first quoted to the last, wherever the quote fits; also where
    its first part are old rows and the rest the new ones in their place, which are then told of."""
    parts = _cut_at_gaps(quote, tolerance)
    if not parts:
        return
    lines, texts = rows.read(hunk, side, tolerance)
    for start, end in _find_parts(parts, texts, tolerance):
        yield _span(hunk.on(side), lines[start], lines[end - 1])
    if side is Side.RIGHT and len(parts) == 1:
        yield from _find_changed_rows(hunk, parts[0], tolerance, rows)


def _cut_at_gaps(quote: Sequence[str], tolerance: Tolerance) -> list[list[str]]:
    """The lines of a quote as a tolerance has them, between those that stand for others."""
    parts: list[list[str]] = [[]]
    for line in quote:
        if tolerance.reads_gaps and _GAP.fullmatch(line.strip()):
            parts.append([])
        elif line.strip() or not tolerance.skips_blank:
            parts[-1].append(tolerance.fold(line))
    return [part for part in parts if part]


def _find_parts(
    parts: Sequence[list[str]], texts: Sequence[str], tolerance: Tolerance
) -> Iterator[tuple[int, int]]:
    first, *rest = parts
    starts = set(_find_starts(first, texts, tolerance))
    if not rest and len(first) == 1:
        starts.update(at for at, text in enumerate(texts) if is_part(first[0], text))
    for start in sorted(starts):
        ends = {start + len(first)}
        for part in rest:
            ends = {
                at + len(part)
                for end in ends
                for at in range(end, min(end + MAX_GAP, len(texts) - len(part)) + 1)
                if _fit(part, texts, at, tolerance)
            }
        yield from ((start, end) for end in sorted(ends))


def _find_starts(part: Sequence[str], texts: Sequence[str], tolerance: Tolerance) -> Iterator[int]:
    """Where a part fits, from its first line on."""
    end = len(texts) - len(part) + 1
    if tolerance.reads_gaps and any(map(_ELLIPSIS.search, part)):
        yield from (at for at in range(end) if _fit(part, texts, at, tolerance))
        return
    at = 0
    with suppress(ValueError):  # There is none from there on.
        while at < end:
            at = texts.index(part[0], at, end)
            if texts[at : at + len(part)] == part:
                yield at
            at += 1


def _find_changed_rows(
    hunk: Hunk, quote: list[str], tolerance: Tolerance, rows: FoldedRows
) -> Iterator[list[Line]]:
    """The new rows of a change of which the quote has the old ones first."""
    if not 2 <= len(quote) <= _MAX_ROWS:
        return
    old, old_texts = rows.read(hunk, Side.LEFT, tolerance)
    new, new_texts = rows.read(hunk, Side.RIGHT, tolerance)
    block_of = _number_blocks(hunk)
    for cut in range(1, len(quote)):
        starts = _find_starts(quote[:cut], old_texts, tolerance)
        replaced = {block_of.get(old[at + cut - 1]) for at in starts} - {None}
        rest = quote[cut:]
        for at in _find_starts(rest, new_texts, tolerance) if replaced else ():
            if block_of.get(new[at]) in replaced:
                yield _span(hunk.on(Side.RIGHT), new[at], new[at + len(rest) - 1])


def _span(lines: list[Line], first: Line, last: Line) -> list[Line]:
    return lines[lines.index(first) : lines.index(last) + 1]


def _number_blocks(hunk: Hunk) -> dict[Line, int]:
    """The changed lines of a hunk, each with the number of its run: one without context in it."""
    number, block_of = 0, {}
    for line in hunk.lines:
        if line.kind is LineKind.CONTEXT:
            number += 1
        else:
            block_of[line] = number
    return block_of


def _fit(part: Sequence[str], texts: Sequence[str], at: int, tolerance: Tolerance) -> bool:
    return all(
        _fits(quote, text, tolerance)
        for quote, text in zip(part, texts[at : at + len(part)], strict=True)
    )


def _fits(quote: str, text: str, tolerance: Tolerance) -> bool:
    if quote == text or not tolerance.reads_gaps:
        return quote == text
    first, *middle = _ELLIPSIS.split(quote)
    if not middle or len(quote) < LEAST_PART or not text.startswith(first):
        return False
    *middle, last = middle
    at = len(first)
    for kept in middle:
        found = text.find(kept, at)
        if found < 0:
            return False
        at = found + len(kept)
    return text.endswith(last) and at + len(last) <= len(text)


def is_part(quote: str, line: str) -> bool:
    """Whether a quote of at least eight characters stands in the line without cutting a name, a
    number or an operator."""
    if quote not in line or len(quote.replace(" ", "")) < LEAST_PART:
        return False
    borders = {match.start() for match in _TOKEN.finditer(line)} | {len(line)}
    at = line.find(quote)
    while at >= 0:
        if at in borders and at + len(quote) in borders:
            return True
        at = line.find(quote, at + 1)
    return False
