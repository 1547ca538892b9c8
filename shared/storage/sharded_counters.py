"""How many tickets an owner, or everybody, has in each status and of each type, without a scan.

An owner's counts are the sum over a few shard rows in the owner's partition. A process remembers
the values and ETags of the shards that it writes to, so that counting along with a change needs no
read: the counter is one more write of the change's transaction. It keeps to one shard as long as it
can, and takes another when several changes of one owner are under way at once.
"""

import secrets
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import Unavailable, WriteConflict
from shared.models import Status
from shared.storage.keys import prefix_range
from shared.storage.locks import Locks

SHARDS = 8
PREFIX = "counter_"
_TRIES = 60
_REMEMBERED = 10_000

Counts = Mapping[str, int]


def counter_name(status: Status, task_type: str) -> str:
    return f"{status.value}__{task_type}"


class Totals(Counter[str]):
    """Counts by `counter_name`. `version` is another one once anything was counted since."""

    version: tuple[str, ...] = ()

    def of(self, status: Status | None = None, task_type: str | None = None) -> int:
        """How many have this status and this type; None is any."""
        return sum(
            count
            for name, count in self.items()
            if status in (None, name.partition("__")[0])
            and task_type in (None, name.partition("__")[2])
        )


def counts_in(row: Row) -> dict[str, int]:
    return {name: value for name, value in row.values.items() if "__" in name}


class Shard:
    """One row of counts, as this process last saw it."""

    def __init__(self, table: Table, owner: str, key: str) -> None:
        self._table = table
        self._owner = owner
        self._key = key
        self._counts: dict[str, int] = {}
        self._etag = ""

    def write(self, changes: Counts) -> Write:
        """The write that counts `changes`; a row never seen is taken for one that is not there."""
        row = {"PartitionKey": self._owner, "RowKey": self._key, **self._apply_counts(changes)}
        return Write(Verb.MERGE if self._etag else Verb.INSERT, row, self._etag)

    def keep(self, changes: Counts, etag: str) -> None:
        """Remember what was written."""
        self._counts, self._etag = self._apply_counts(changes), etag

    async def refresh(self) -> None:
        """Read the row after a conflict: another process writes to it as well."""
        row = await self._table.read(self._owner, self._key)
        self._counts = counts_in(row) if row else {}
        self._etag = row.etag if row else ""

    def _apply_counts(self, changes: Counts) -> dict[str, int]:
        counted = {name: self._counts.get(name, 0) + change for name, change in changes.items()}
        return self._counts | counted


class Counters:
    """This process's memory of shards."""

    def __init__(self, table: Table, shards: int = SHARDS) -> None:
        self._table = table
        self._shards_each = shards
        self._home = secrets.randbelow(shards)
        self._locks = Locks()
        self._shards: OrderedDict[str, Shard] = OrderedDict()

    async def write(self, owner: str, writes: Sequence[Write], counts: Counts) -> str:
        """Write all or nothing, counts included; the first write's new ETag.

        Raises WriteConflict for any write but the counter's, whose conflicts are settled here.
        """
        if not any(counts.values()):
            return (await self._table.write(writes))[0]
        async with self._borrow(owner) as shard:
            for _ in range(_TRIES):
                try:
                    etags = await self._table.write([*writes, shard.write(counts)])
                except WriteConflict as conflict:
                    if conflict.index != len(writes):
                        raise
                    await shard.refresh()
                    continue
                shard.keep(counts, etags[-1])
                return etags[0]
        raise Unavailable("Too much happens at once in this account; please try again.")

    async def totals(self, owner: str) -> "Totals":
        """How many there are by status and type: one storage call."""
        totals = Totals()
        async for row in self._table.query(owner, *prefix_range(PREFIX)):
            totals.update(counts_in(row))
            totals.version += (f"{row.key} {row.etag}",)
        return totals

    @asynccontextmanager
    async def _borrow(self, owner: str) -> AsyncIterator[Shard]:
        """A shard of `owner` that nobody else in this process writes to meanwhile."""
        count = self._shards_each
        keys = [f"{PREFIX}{(self._home + step) % count:02d}" for step in range(count)]
        free = (key for key in keys if not self._locks.of(f"{owner} {key}").locked())
        key = next(free, None) or secrets.choice(keys)
        async with self._locks.of(f"{owner} {key}"):
            yield self._shard(owner, key)

    def _shard(self, owner: str, key: str) -> Shard:
        name = f"{owner} {key}"
        shard = self._shards.setdefault(name, Shard(self._table, owner, key))
        self._shards.move_to_end(name)
        if len(self._shards) > _REMEMBERED:
            self._shards.popitem(last=False)
        return shard
