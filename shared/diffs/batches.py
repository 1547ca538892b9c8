"""Diffs packed into as few calls of the model as their tokens need, related files together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from shared.diffs.changes import FileDiff
from shared.diffs.cutting import Tokens, cut_hunk
from shared.diffs.patches import Hunk
from shared.diffs.related import groups
from shared.diffs.rendering import render_diff, render_heading


@dataclass(frozen=True, slots=True)
class DiffBatch:
    """What one call reviews: files, each with those of its hunks that are in here, both in the
    order in which they were given. `tokens` is what they cost as rendered, at the most."""

    diffs: tuple[FileDiff, ...]
    tokens: int

    def __str__(self) -> str:
        """As the model reads it."""
        return "\n".join(map(render_diff, self.diffs))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A hunk, or a part of one, with its cost and that of its file's heading. `place` is where it
    belongs, the widest first: folder, name, file, share of a large file, itself."""

    file: int
    hunk: Hunk
    cost: int
    heading: int
    place: tuple[str, str, int, int, int]


_FOLDER, _NAME, _FILE, _, _HUNK = range(5)


class _Load:
    """Pieces that go together, and what they cost with one heading for each file."""

    def __init__(self, pieces: Iterable[_Piece]) -> None:
        self.pieces = list(pieces)
        self.headings = {piece.file: piece.heading for piece in self.pieces}
        self.cost = sum(piece.cost for piece in self.pieces) + sum(self.headings.values())

    def cost_with(self, other: "_Load") -> int:
        shared = self.headings.keys() & other.headings.keys()
        return self.cost + other.cost - sum(self.headings[file] for file in shared)

    def take(self, other: "_Load") -> None:
        self.cost = self.cost_with(other)
        self.pieces += other.pieces
        self.headings |= other.headings


def cut_batches(diffs: Iterable[FileDiff], budget: int, tokens: Tokens) -> list[DiffBatch]:
    """Every hunk in exactly one batch of at most `budget` tokens; only a line that costs more by
    itself goes over. Files without hunks are in none. The same input gives the same batches.

    First-fit decreasing (at most 11/9 of the fewest possible, and one more), first with whole
    folders. Where that takes more than one batch above what the sum of the tokens needs, then with
    the files of one name, then with single files, at last with single hunks. A file over the budget
    is cut between hunks, a hunk over the budget between lines.
    """
    files = [diff for diff in diffs if diff.hunks]
    pieces = list(_pieces(files, budget, tokens))
    least = -(-_Load(pieces).cost // budget)
    best: list[_Load] = []
    for level in (_FOLDER, _NAME, _FILE, _HUNK):
        packed = _pack_loads(_units(pieces, level, budget), budget)
        if not best or len(packed) < len(best):
            best = packed
        if len(best) <= least + 1:
            break
    return [_batch(load, files) for load in best]


def _pieces(files: Sequence[FileDiff], budget: int, tokens: Tokens) -> Iterator[_Piece]:
    count = 0
    for file, related in enumerate(groups([diff.path for diff in files])):
        heading_cost = tokens(render_heading(files[file]) + "\n")
        room = budget - heading_cost
        share, used = 0, 0
        for hunk in files[file].hunks:
            for part, part_cost in cut_hunk(hunk, room, tokens):
                if used + part_cost > room:
                    share, used = share + 1, 0
                used += part_cost
                place = (*related, file, share, count)
                yield _Piece(file, part, part_cost, heading_cost, place)
                count += 1


def _units(pieces: Iterable[_Piece], level: int, budget: int) -> Iterator[_Load]:
    """The groups of a level; those over the budget by the next level."""

    def by(piece: _Piece) -> tuple[str | int, ...]:
        return piece.place[: level + 1]

    for _, group in groupby(sorted(pieces, key=by), by):
        unit = _Load(group)
        if level == _HUNK or unit.cost <= budget:
            yield unit
        else:
            yield from _units(unit.pieces, level + 1, budget)


def _pack_loads(units: Iterable[_Load], budget: int) -> list[_Load]:
    """First-fit decreasing."""
    loads: list[_Load] = []
    for unit in sorted(units, key=lambda unit: (-unit.cost, unit.pieces[0].place[_HUNK])):
        fits = next((load for load in loads if load.cost_with(unit) <= budget), None)
        if fits is None:
            loads.append(unit)
        else:
            fits.take(unit)
    return loads


def _batch(load: _Load, files: Sequence[FileDiff]) -> DiffBatch:
    pieces = sorted(load.pieces, key=lambda piece: piece.place[_HUNK])
    diffs = tuple(
        replace(files[file], hunks=tuple(piece.hunk for piece in group))
        for file, group in groupby(pieces, lambda piece: piece.file)
    )
    return DiffBatch(diffs, load.cost)
