"""What is read once for all who ask together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedReads(Generic[T]):
    """Reads that are under way, by what is read. Nobody changes what several have got."""

    def __init__(self) -> None:
        self._reads: dict[str, asyncio.Future[T]] = {}

    async def read(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gives, or the same read of somebody who was faster. Raises what it raises."""
        reading = self._reads.get(name)
        if reading is None:
            reading = asyncio.ensure_future(read())
            self._reads[name] = reading
            reading.add_done_callback(lambda _: self._reads.pop(name))
        return await asyncio.shield(reading)
