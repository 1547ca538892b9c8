"""How many tickets an owner has in each status and of each type, without a scan.

An owner's counts are the sum over a few shard rows in the owner's partition. Each process writes to
one shard and remembers its values and ETag, so that counting along with a change needs no read: the
counter is one more write of the change's transaction.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from shared.clients.tables import Table, Verb, Write
from shared.models import Status

SHARDS = 8
PREFIX = "counter_"
_REMEMBERED = 10_000

Counts = Mapping[str, int]


def counter_name(status: Status, task_type: str) -> str:
    return f"{status.value}__{task_type}"


@dataclass(frozen=True, slots=True)
class _Shard:
    counts: dict[str, int]
    etag: str


class Counters:
    """This process's shard for each owner; the owner's lock must be held between write and keep."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._key = f"{PREFIX}{secrets.randbelow(SHARDS):02d}"
        self._shards: OrderedDict[str, _Shard] = OrderedDict()

    def write(self, owner: str, changes: Counts) -> Write:
        """The write that counts `changes`; without memory of the shard it bets on a new row."""
        shard = self._shards.get(owner)
        row = {"PartitionKey": owner, "RowKey": self._key, **self._counted(owner, changes)}
        if shard is None:
            return Write(Verb.INSERT, row)
        return Write(Verb.MERGE, row, shard.etag)

    def keep(self, owner: str, changes: Counts, etag: str) -> None:
        """Remember what was written."""
        self._remember(owner, _Shard(self._counted(owner, changes), etag))

    async def refresh(self, owner: str) -> None:
        """Read the shard after a conflict: another process writes to it as well."""
        self._shards.pop(owner, None)
        row = await self._table.read(owner, self._key)
        if row is not None:
            counts = {name: value for name, value in row.values.items() if "__" in name}
            self._remember(owner, _Shard(counts, row.etag))

    def _counted(self, owner: str, changes: Counts) -> dict[str, int]:
        shard = self._shards.get(owner)
        counts = dict(shard.counts) if shard else {}
        for name, change in changes.items():
            counts[name] = counts.get(name, 0) + change
        return counts

    def _remember(self, owner: str, shard: _Shard) -> None:
        self._shards[owner] = shard
        self._shards.move_to_end(owner)
        if len(self._shards) > _REMEMBERED:
            self._shards.popitem(last=False)
