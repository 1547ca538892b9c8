"""What an attempt keeps between its steps, as a chain of them has it: in memory as well, where the
steps of a chain find it without asking storage."""

import asyncio
from collections.abc import Mapping
from typing import Any

from shared.clients.side_by_side import gather_within
from shared.text import strict_json
from shared.tickets.attempts import Attempt
from shared.workflow.piece_artifacts import PieceArtifacts

_MAX_BYTES = 1024 * 1024
"""What is held in memory of one chain."""
_CALLS_AT_ONCE = 16


class ChainArtifacts:
    """Artifacts of `attempt`, of which there are none yet if it `is_new`.

    What is handed on is stored by whoever runs the chain: with the round that it keeps next, or by
    `store_all` when the steps that follow are run one by one. What is too much to be held is stored
    at once.
    """

    def __init__(self, attempt: Attempt, *, is_new: bool) -> None:
        self._attempt = attempt
        self._is_new = is_new
        self._texts: dict[str, bytes] = {}
        self._handed: dict[str, None] = {}
        self._storing = asyncio.Lock()

    async def save(self, name: str, value: Any) -> None:
        """Store what others than the steps of this attempt look at, too, or what must be there
        before anything else is done. Raises Unavailable."""
        await self._attempt.save(name, value)
        self._handed.pop(name, None)
        await self._hold(name, strict_json.dumps(value))

    async def hand_on(self, name: str, value: Any) -> None:
        """Raises Unavailable."""
        self._handed.pop(name, None)
        self._handed[name] = None
        await self._hold(name, strict_json.dumps(value))

    async def load(self, name: str) -> Any:
        """None when there is nothing of that name. Raises Unavailable."""
        if (text := self._texts.get(name)) is not None:
            return strict_json.loads(text)
        if self._is_new:
            return None
        value = await self._attempt.load(name)
        if value is not None:
            await self._hold(name, strict_json.dumps(value))
        return value

    def list_handed(self) -> dict[str, str]:
        """What is handed on and not stored yet, as JSON by name."""
        return {name: self._texts[name].decode() for name in self._handed}

    def restore(self, handed: Mapping[str, str]) -> None:
        """Go on with what a chain that died had handed on."""
        self._texts |= {name: text.encode() for name, text in handed.items()}
        self._handed |= dict.fromkeys(handed)

    async def store_all(self) -> None:
        """Store what is handed on where steps of their own look for it: the last of it after all
        others, as a step that runs again may take it for a sign that they are there. Doing it again
        does no harm. Raises Unavailable."""
        async with self._storing:  # Several that are handed on side by side are stored once.
            handed = {name: self._texts[name] for name in self._handed}
            if not handed:
                return

            async def store(name: str) -> None:
                await self._attempt.save_text(name, handed[name])
                if self._texts.get(name) is handed[name]:
                    self._handed.pop(name, None)

            *others, last = handed
            await gather_within(_CALLS_AT_ONCE, store, others)
            await store(last)

    def for_piece(self) -> PieceArtifacts:
        """The same for a piece of work."""
        return PieceArtifacts(self.load, self.save)

    async def _hold(self, name: str, text: bytes) -> None:
        self._texts[name] = text
        if sum(map(len, self._texts.values())) > _MAX_BYTES:
            await self.store_all()
            self._is_new = False
            self._texts = {name: self._texts[name] for name in self._handed}
