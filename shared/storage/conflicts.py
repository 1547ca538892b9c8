"""Writes that meet another writer's ETag are decided anew."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from shared.errors import WriteConflict

T = TypeVar("T")
_STEP_SECONDS, _MAX_SECONDS = 0.01, 0.2


async def retry_on_conflict(attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` returns, which reads, decides and writes anew after each WriteConflict. It has
    no limit of its own: whoever calls bounds it in time."""
    for number in count():
        try:
            return await attempt()
        except WriteConflict:
            # None after the first: mostly there is one other writer, who is done by now.
            pause = min(_STEP_SECONDS * number, _MAX_SECONDS)
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311
    raise AssertionError  # Counting has no end.
