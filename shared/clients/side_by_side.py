"""Calls of a service side by side, but not all of them at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def gather_within(
    limit: int, call: Callable[[T], Awaitable[R]], items: Iterable[T]
) -> list[R]:
    """What `call` makes of each item, in the order of the items; at most `limit` calls run at once.

    Raises what the first of them raises that fails.
    """
    slots = asyncio.Semaphore(limit)

    async def run(item: T) -> R:
        async with slots:
            return await call(item)

    return await asyncio.gather(*map(run, items))
