"""How many tickets an owner has in each status and of each type, without a scan.

An owner's counts are the sum over a few shard rows in the owner's partition. A process remembers
the values and ETags of the shards that it writes to, so that counting along with a change needs no
read: the counter is one more write of the change's transaction. It keeps to one shard as long as it
can, and takes another when several changes of one owner are under way at once.
"""

import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from shared.clients.tables import Table, Verb, Write
from shared.locks import Locks
from shared.models import Status

SHARDS = 8
PREFIX = "counter_"
_REMEMBERED = 10_000

Counts = Mapping[str, int]


def counter_name(status: Status, task_type: str) -> str:
    return f"{status.value}__{task_type}"


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
        row = {"PartitionKey": self._owner, "RowKey": self._key, **self._counted(changes)}
        return Write(Verb.MERGE if self._etag else Verb.INSERT, row, self._etag)

    def keep(self, changes: Counts, etag: str) -> None:
        """Remember what was written."""
        self._counts, self._etag = self._counted(changes), etag

    async def refresh(self) -> None:
        """Read the row after a conflict: another process writes to it as well."""
        row = await self._table.read(self._owner, self._key)
        values = row.values if row else {}
        self._counts = {name: value for name, value in values.items() if "__" in name}
        self._etag = row.etag if row else ""

    def _counted(self, changes: Counts) -> dict[str, int]:
        counted = {name: self._counts.get(name, 0) + change for name, change in changes.items()}
        return self._counts | counted


class Counters:
    """This process's memory of shards."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._home = secrets.randbelow(SHARDS)
        self._locks = Locks()
        self._shards: OrderedDict[str, Shard] = OrderedDict()

    @asynccontextmanager
    async def borrow(self, owner: str) -> AsyncIterator[Shard]:
        """A shard of `owner` that nobody else in this process writes to meanwhile."""
        keys = [f"{PREFIX}{(self._home + step) % SHARDS:02d}" for step in range(SHARDS)]
        free = (key for key in keys if not self._locks.of(f"{owner} {key}").locked())
        key = next(free, secrets.choice(keys))
        async with self._locks.of(f"{owner} {key}"):
            yield self._shard(owner, key)

    def _shard(self, owner: str, key: str) -> Shard:
        name = f"{owner} {key}"
        shard = self._shards.setdefault(name, Shard(self._table, owner, key))
        self._shards.move_to_end(name)
        if len(self._shards) > _REMEMBERED:
            self._shards.popitem(last=False)
        return shard
