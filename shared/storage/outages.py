"""What may not be lost while storage is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import Unavailable

T = TypeVar("T")
_PAUSE_SECONDS = 2.0


async def insist(store: Callable[[], Awaitable[T]]) -> T:
    """What `store` returns, once storage is there: what the model has been paid for is not thrown
    away in an outage, while the step has time."""
    while True:
        try:
            return await store()
        except Unavailable:
            await asyncio.sleep(_PAUSE_SECONDS)
