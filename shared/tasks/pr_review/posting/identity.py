"""Which findings of two reviews are the same: by overlapping place and content, not by the words or
the category in which they are told."""

import re
from collections.abc import Sequence
from typing import TypeVar

from shared.diffs.delta import Delta
from shared.models import Side
from shared.tasks.pr_review.models import Finding
from shared.tasks.pr_review.posting.last_review import ToldFinding, hash_lines

F = TypeVar("F", bound=Finding)

_NEAR = 20
"""Lines between two places of one finding, where nobody knows how lines have moved."""


def pair_findings(
    told: Sequence[ToldFinding], found: Sequence[Finding], delta: Delta | None
) -> dict[int, ToldFinding]:
    """For each finding by its index the one of the last review that it is, if any; no two are the
    same one. `delta` is from the head of that review to that of `found`, None where that is not
    known."""
    likely = sorted(
        (
            (*_rank(old, new, delta), index, number)
            for index, new in enumerate(found)
            for number, old in enumerate(told)
            if _is_same(old, new, delta)
        )
    )
    pairs: dict[int, ToldFinding] = {}
    taken: set[int] = set()
    for *_, index, number in likely:
        if index not in pairs and number not in taken:
            pairs[index] = told[number]
            taken.add(number)
    return pairs


def find_missing(told: Sequence[F], found: Sequence[Finding]) -> list[F]:
    """Those findings of the same head that are not among others of it."""
    return [one for one in told if not pair_findings([ToldFinding.of(one, "")], found, Delta([]))]


def _is_same(old: ToldFinding, new: Finding, delta: Delta | None) -> bool:
    path = delta.find_path(old.file) if delta else old.file
    if path != new.file or old.side is not new.side:
        return False
    has_code, has_words = _share_code(old, new), _are_alike(old.title, new.title)
    if delta is None or old.side is Side.LEFT:
        return has_code or (has_words and _distance(old, new, delta) <= _NEAR)
    if _distance(old, new, delta) == 0:
        return has_code or has_words
    return has_code and has_words


def _rank(old: ToldFinding, new: Finding, delta: Delta | None) -> tuple[bool, int, bool]:
    """The likeliest first."""
    is_other_kind = old.category is not new.category
    return not _are_alike(old.title, new.title), _distance(old, new, delta), is_other_kind


def _distance(old: ToldFinding, new: Finding, delta: Delta | None) -> int:
    """The lines between two places, 0 where they overlap."""
    start, end = old.start_line, old.end_line
    if delta is not None and old.side is Side.RIGHT:
        start, end = delta.find_line(old.file, start), delta.find_line(old.file, end)
    return max(new.start_line - end, start - new.end_line, 0)


def _share_code(old: ToldFinding, new: Finding) -> bool:
    """Whether half of the lines of the shorter one are in the other."""
    ours, theirs = set(hash_lines(new.evidence_quote.split("\n"))), set(old.lines)
    return 2 * len(ours & theirs) >= min(len(ours), len(theirs)) > 0


def _are_alike(one: str, other: str) -> bool:
    ours, theirs = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return 2 * len(ours & theirs) >= min(len(ours), len(theirs)) > 0
