"""Diffs packed into as few calls of the model as their tokens need, related files together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from shared.diffs.changes import FileDiff
from shared.diffs.cutting import Tokens, cost, fitting
from shared.diffs.patches import Hunk
from shared.diffs.related import groups
from shared.diffs.rendering import heading, rendered


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call reviews: files, each with those of its hunks that are in here, both in the
    order in which they were given. `tokens` is what they cost as rendered, at the most."""

    diffs: tuple[FileDiff, ...]
    tokens: int

    def __str__(self) -> str:
        """As the model reads it."""
        return "\n".join(map(rendered, self.diffs))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A hunk, or a part of one. `place` is where it belongs, the widest first: its folder, stem,
    file, the share of a large file, and itself."""

    file: int
    hunk: Hunk
    cost: int
    place: tuple[str, str, int, int, int]


_FOLDER, _STEM, _FILE, _, _HUNK = range(5)


@dataclass(slots=True)
class _Bin:
    """Pieces, and what they cost with the heading of each file."""

    headings: Sequence[int]
    cost: int = 0
    files: set[int] = field(default_factory=set)
    pieces: list[_Piece] = field(default_factory=list)

    def with_more(self, pieces: Iterable[_Piece]) -> int:
        """The cost when these are added."""
        pieces = list(pieces)
        new = {piece.file for piece in pieces} - self.files
        own = sum(piece.cost for piece in pieces)
        return self.cost + own + sum(self.headings[file] for file in new)

    def add(self, pieces: Sequence[_Piece]) -> None:
        self.cost = self.with_more(pieces)
        self.files.update(piece.file for piece in pieces)
        self.pieces += pieces


def batched(diffs: Iterable[FileDiff], budget: int, tokens: Tokens) -> list[Batch]:
    """Every hunk in exactly one batch of at most `budget` tokens; only a line that costs more by
    itself goes over. Files without hunks are in none. The same input gives the same batches.

    First-fit decreasing (at most 11/9 of the fewest possible, and one more), first with whole
    folders. Where that takes more than one batch above what the sum of the tokens needs, then with
    the files of one stem, then with single files, at last with single hunks. A file over the budget
    is cut between hunks, a hunk over the budget between lines.
    """
    files = [diff for diff in diffs if diff.hunks]
    headings = [tokens(heading(diff) + "\n") for diff in files]
    pieces = list(_pieces(files, headings, budget, tokens))
    whole = _Bin(headings).with_more(pieces)
    best: list[_Bin] = []
    for level in (_FOLDER, _STEM, _FILE, _HUNK):
        bins = _packed(list(_units(pieces, level, headings, budget)), headings, budget)
        if not best or len(bins) < len(best):
            best = bins
        if len(best) <= -(-whole // budget) + 1:
            break
    return [_batch(each, files) for each in best]


def _pieces(
    files: Sequence[FileDiff], headings: Sequence[int], budget: int, tokens: Tokens
) -> Iterator[_Piece]:
    count = 0
    for file, related in enumerate(groups([diff.path for diff in files])):
        room = budget - headings[file]
        share, used = 0, 0
        for hunk in files[file].hunks:
            for part in fitting(hunk, room, tokens):
                part_cost = cost(part, tokens)
                if used and used + part_cost > room:
                    share, used = share + 1, 0
                used += part_cost
                yield _Piece(file, part, part_cost, (*related, file, share, count))
                count += 1


def _units(
    pieces: Iterable[_Piece], level: int, headings: Sequence[int], budget: int
) -> Iterator[list[_Piece]]:
    """The groups of a level; those over the budget by the next level."""

    def by(piece: _Piece) -> tuple[str | int, ...]:
        return piece.place[: level + 1]

    for _, group in groupby(sorted(pieces, key=by), by):
        unit = list(group)
        if level == _HUNK or _Bin(headings).with_more(unit) <= budget:
            yield unit
        else:
            yield from _units(unit, level + 1, headings, budget)


def _packed(units: Sequence[list[_Piece]], headings: Sequence[int], budget: int) -> list[_Bin]:
    bins: list[_Bin] = []
    empty = _Bin(headings)
    for unit in sorted(units, key=lambda unit: (-empty.with_more(unit), unit[0].place[_HUNK])):
        fitting_bin = next((each for each in bins if each.with_more(unit) <= budget), None)
        if fitting_bin is None:
            fitting_bin = _Bin(headings)
            bins.append(fitting_bin)
        fitting_bin.add(unit)
    return bins


def _batch(packed: _Bin, files: Sequence[FileDiff]) -> Batch:
    pieces = sorted(packed.pieces, key=lambda piece: piece.place[_HUNK])
    diffs = tuple(
        replace(files[file], hunks=tuple(piece.hunk for piece in group))
        for file, group in groupby(pieces, lambda piece: piece.file)
    )
    return Batch(diffs, packed.cost)
