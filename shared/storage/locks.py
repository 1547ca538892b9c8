"""Locks by key, within one process: they save needless conflicts; ETags decide among processes."""

import asyncio
from weakref import WeakValueDictionary


class Locks:
    """A lock lives as long as somebody holds or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock
