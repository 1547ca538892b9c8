"""Asking about a chunk, and about its parts where the model has no proper answer to the whole."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

from shared.documents.extract import Places, Unread
from shared.errors import UnusableAnswer
from shared.tasks.evidence.models import Chunk

T = TypeVar("T")
MAX_SPLITS = 3
"""How often a part is halved: a chunk costs at most 15 calls, four of them after one another."""

_LEAST = 200
"""Characters of a text that is halved."""

_BOUNDS = (re.compile(r"\n+"), re.compile(r"[.!?。！？]\s*"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What came of each part that was answered, in order, and the places of those that were not."""

    made: list[T] = field(default_factory=list)
    unanswered: list[Unread] = field(default_factory=list)


async def ask_in_parts(
    chunk: Chunk, ask: Callable[[Chunk], Awaitable[T]], splits: int = MAX_SPLITS
) -> Asked[T]:
    """Raises StepError, but no UnusableAnswer: of a text that has none, after it was halved so
    often or is too short for it, the place is told."""
    try:
        return Asked([await ask(chunk)])
    except UnusableAnswer as error:
        halves = halve(chunk) if splits else []
        if not halves:
            text = chunk.text
            start = chunk.start + len(text) - len(text.lstrip())
            place = Places(chunk.blocks, chunk.start).place(start, chunk.start + len(text.rstrip()))
            return Asked([], [Unread(place=place, reason=error.reason)])
    both = await asyncio.gather(*(ask_in_parts(half, ask, splits - 1) for half in halves))
    return Asked(
        [one for half in both for one in half.made],
        [one for half in both for one in half.unanswered],
    )


def halve(chunk: Chunk) -> list[Chunk]:
    """Both halves of a chunk, cut after a line, sentence or word in its middle; none where it is
    too short."""
    text = chunk.text
    length = len(text)
    if length < _LEAST:
        return []
    found = (
        [match.end() for match in bound.finditer(text, length // 4, 3 * length // 4)]
        for bound in _BOUNDS
    )
    places = next(filter(None, found), [length // 2])
    middle = chunk.start + min(places, key=lambda at: abs(at - length // 2))
    known = Places(chunk.blocks, chunk.start)
    ends = [chunk.start, middle, chunk.start + length]
    return [
        chunk.model_copy(update={"start": start, "blocks": known.part(start, end)})
        for start, end in pairwise(ends)
    ]
