"""Hunks cut so that each fits into a number of tokens."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from shared.diffs.changes import FileDiff
from shared.diffs.patches import Hunk, Line
from shared.diffs.rendering import render_hunk, render_line

Tokens = Callable[[str], int]

_SEAM = 16
"""A cut may go back by this part of the lines to find a blank one."""


def cost(hunk: Hunk, tokens: Tokens) -> int:
    """The tokens of a hunk as rendered, with the end of its last line."""
    return tokens(render_hunk(hunk) + "\n")


def cut_hunk(hunk: Hunk, limit: int, tokens: Tokens) -> list[tuple[Hunk, int]]:
    """The hunk, or parts of it, of at most `limit` tokens each, with what each costs; a line that
    costs more by itself is a part by itself. Cuts are made behind a blank line where one is near.
    """
    whole = cost(hunk, tokens)
    if whole <= limit:
        return [(hunk, whole)]
    head = tokens(f"@@ {hunk.section}\n")
    costs = [tokens(render_line(line) + "\n") for line in hunk.lines]
    cuts: list[int] = []
    start, used = 0, head
    for index, line_cost in enumerate(costs):
        if used + line_cost > limit and index > start:
            start = _seam(hunk.lines, start, index)
            cuts.append(start)
            used = head + sum(costs[start:index])
        used += line_cost
    return [(part, cost(part, tokens)) for part in hunk.parts(cuts)]


def _seam(lines: Sequence[Line], start: int, end: int) -> int:
    for index in range(end, end - (end - start) // _SEAM, -1):
        if not lines[index - 1].text.strip():
            return index
    return end


def halve_diffs(
    diffs: Sequence[FileDiff], tokens: Tokens
) -> tuple[list[FileDiff], list[FileDiff]] | None:
    """Two parts of about the same cost, cut between files or hunks, and within a hunk only where
    there is no other; None where there is but one line. The same input gives the same parts."""
    pieces = [(diff, hunk) for diff in diffs for hunk in diff.hunks]
    if len(pieces) == 1:
        [(diff, hunk)] = pieces
        parts = _halve_hunk(hunk)
        pieces = [(diff, part) for part in parts]
    if len(pieces) < 2:
        return None
    costs = [cost(hunk, tokens) for _, hunk in pieces]
    middle = min(range(1, len(pieces)), key=lambda at: (abs(sum(costs[:at]) - sum(costs[at:])), at))
    return _join_hunks(pieces[:middle]), _join_hunks(pieces[middle:])


def _halve_hunk(hunk: Hunk) -> list[Hunk]:
    middle = len(hunk.lines) // 2
    return hunk.parts([_seam(hunk.lines, 0, middle)]) if middle else [hunk]


def _join_hunks(pieces: Sequence[tuple[FileDiff, Hunk]]) -> list[FileDiff]:
    return [
        replace(diff, hunks=tuple(hunk for _, hunk in group))
        for diff, group in groupby(pieces, lambda piece: piece[0])
    ]
