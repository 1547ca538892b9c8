"""The rows of counts, as this process remembers them: a change costs one storage call where nobody
else has changed them meanwhile, and a read of each of them for each time that somebody has."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from shared.clients.tables import Table
from shared.errors import QuotaExceeded, Unavailable, WriteConflict
from shared.quotas.counts import PARTITION, Count, as_count
from shared.storage.conflicts import retry_on_conflict
from shared.storage.keys import prefix_range
from shared.storage.locks import Locks

_REMEMBERED = 10_000
_MAX_SECONDS = 30.0

Rows = Mapping[str, Count]
Decide = Callable[[Rows], Mapping[str, Count | None]]
"""What becomes of rows; None deletes one. It is asked again when others have changed them, and
raises QuotaExceeded where they leave no room, which newer ones may."""


class CountTable:
    """Rows of one partition, so that what belongs together is one transaction."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: OrderedDict[str, Count] = OrderedDict()
        self._locks = Locks()

    async def change(
        self, keys: Collection[str], decide: Decide, new: Collection[str] = ()
    ) -> None:
        """Apply what `decide` makes of the rows of `keys`; of those, the ones of `new` are not
        looked for at first, because nobody else can have written them.

        Raises Unavailable, and what `decide` raises for rows as they are now.
        """
        async with self._turn(keys):
            for key in new:
                self._known.setdefault(key, Count(key))
            await retry_on_conflict(lambda: self._try(keys, decide))

    async def read(self, key: str) -> Count:
        """A row as this process last saw it: one storage call, or none."""
        return (await self._rows([key]))[key]

    async def list_rows(self, prefix: str) -> AsyncIterator[Count]:
        """Rows as they are now: a storage call for each thousand."""
        async for row in self._table.query(PARTITION, *prefix_range(prefix)):
            yield as_count(row)

    def forget(self, keys: Collection[str]) -> None:
        """Read these rows anew when they are next needed."""
        for key in keys:
            self._known.pop(key, None)

    def forget_all(self) -> None:
        self._known.clear()

    async def _try(self, keys: Collection[str], decide: Decide) -> None:
        is_remembered = any(key in self._known for key in keys)
        rows = await self._rows(keys)
        try:
            changed = decide(rows)
        except QuotaExceeded:
            if not is_remembered:
                raise
            self.forget(keys)
            rows = await self._rows(keys)
            changed = decide(rows)
        if changed:
            await self._write(rows, changed)

    async def _write(self, before: Rows, changed: Mapping[str, Count | None]) -> None:
        writes = [
            before[key].delete() if after is None else after.write()
            for key, after in changed.items()
        ]
        try:
            etags = await self._table.write(writes)
        except WriteConflict:
            self.forget(before)
            raise
        for (key, after), etag in zip(changed.items(), etags, strict=True):
            self._keep(Count(key) if after is None else replace(after, etag=etag))

    async def _rows(self, keys: Collection[str]) -> dict[str, Count]:
        rows = {key: self._known[key] for key in keys if key in self._known}
        missing = [key for key in keys if key not in rows]
        found = await asyncio.gather(*(self._table.read(PARTITION, key) for key in missing))
        for key, row in zip(missing, found, strict=True):
            rows[key] = Count(key) if row is None else as_count(row)
            self._keep(rows[key])
        return rows

    def _keep(self, count: Count) -> None:
        self._known[count.key] = count
        self._known.move_to_end(count.key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    @asynccontextmanager
    async def _turn(self, keys: Collection[str]) -> AsyncIterator[None]:
        """The turn of a writer of this process. Taken in one order, so that nobody waits for
        somebody who waits for them."""
        try:
            async with asyncio.timeout(_MAX_SECONDS), AsyncExitStack() as stack:
                for key in sorted(keys):
                    await stack.enter_async_context(self._locks.of(key))
                yield
        except TimeoutError:
            raise Unavailable("Too much happens at once; please try again.") from None
