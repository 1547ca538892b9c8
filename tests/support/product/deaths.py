"""Steps that die at a storage call, in this process."""

import asyncio
from collections.abc import Coroutine
from threading import Event
from typing import Any

from tests.support.servers.storage_proxy import StorageProxy, hold


async def die_at(storage: StorageProxy, number: int, step: Coroutine[Any, Any, Any]) -> bool:
    """Run a step until its storage call of this number, from 1; whether it came so far. That call
    takes effect, unheard."""
    reached, release = Event(), Event()
    storage.reset(before=hold(lambda call: call.number == number, reached, release))
    dying = asyncio.create_task(step)
    while not (reached.is_set() or dying.done()):
        await asyncio.sleep(0.01)
    dying.cancel()
    release.set()
    await asyncio.gather(dying, return_exceptions=True)
    storage.reset()
    return reached.is_set()
