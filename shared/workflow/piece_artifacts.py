"""Artifacts as pieces of work have them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from shared.tasks.base import Keep
from shared.tickets.attempts import Attempt
from shared.workflow.shared_reads import SharedReads


class PieceArtifacts:
    """All that a piece of work keeps is stored at once: when it is done again, its outcome may be
    there already."""

    def __init__(self, load: Callable[[str], Awaitable[Any]], save: Keep) -> None:
        self._load = load
        self._save = save

    async def load(self, name: str) -> Any:
        return await self._load(name)

    async def save(self, name: str, value: Any) -> None:
        await self._save(name, value)

    hand_on = save


class PieceReader:
    """Pieces of work that begin together read together what they have in common."""

    def __init__(self) -> None:
        self._reads = SharedReads[Any]()

    def artifacts_of(self, attempt: Attempt) -> PieceArtifacts:
        """Those of a piece of work that the workflow has begun."""
        return PieceArtifacts(partial(self._load, attempt), attempt.save)

    async def _load(self, attempt: Attempt, name: str) -> Any:
        return await self._reads.read(attempt.blob_of(name), partial(attempt.load, name))
