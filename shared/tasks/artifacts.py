"""What the steps of an attempt keep for each other."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

Keep = Callable[[str, Any], Awaitable[None]]
"""One of the ways to keep an artifact: by its name, JSON."""


class Artifacts(Protocol):
    """What an attempt keeps between its steps, JSON by name; saving it again replaces it."""

    async def save(self, name: str, value: Any) -> None:
        """Store it now, for whoever may look."""

    async def hand_on(self, name: str, value: Any) -> None:
        """Keep it for the steps of this attempt that follow, and for nobody else: it is stored
        before a piece of work is begun. What a piece of work hands on is stored at once, as its
        outcome may be there when it is done again."""

    async def load(self, name: str) -> Any:
        """None when there is nothing of that name."""
