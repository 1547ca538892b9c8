"""Where a ticket is listed beside its owner's partition: for all owners together, by status and
not, and the same for its assignee.

A pointer is written before the transaction that makes it true and removed after the one that
makes it stale, and whoever follows it compares: a crash leaves a pointer too many, never a ticket
that no list shows. Only that of a ticket which begins goes when the next one is written: it has an
intent, by which the sweeper lists it anew. The key of a pointer holds numbers that only rise, so
that one that was stale once never becomes true again, and removing it late harms nobody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import NamedTuple

from shared.clients.tables import Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import Status, StoredTicket, rfc3339
from shared.storage.keys import EVERYBODY
from shared.storage.sharded_counters import Counters, Totals, counter_name

ALL = "all"
_SHARDS = 32
_MAX_WRITES = 99  # of a transaction, beside the counter's


class IndexKey(NamedTuple):
    partition: str
    key: str


class IndexEntry(NamedTuple):
    """A write of the index and what it counts: a status and type, or nothing."""

    write: Write
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ListingState:
    """What decides where a ticket is listed."""

    owner: str
    sort_key: str
    _: KW_ONLY
    task_type: str
    status: Status
    attempt: int = 1
    assigned_to: str | None = None
    assignment: int = 0

    @property
    def ticket_id(self) -> str:
        return f"{self.owner}-{self.sort_key}"

    def places(self) -> frozenset[IndexKey]:
        """Where a ticket that stands so is listed."""
        keys = f"{self.sort_key}_{self.owner}"
        every, status = f"{ALL}_{keys}", f"{self.status.value}_{keys}_{self.attempt}"
        found = {IndexKey(EVERYBODY, every), IndexKey(EVERYBODY, status)}
        if self.assigned_to:
            theirs = assignee_partition(self.assigned_to)
            found |= {IndexKey(theirs, f"{every}_{self.assignment}")}
            found |= {IndexKey(theirs, f"{status}.{self.assignment}")}
        return frozenset(found)


def listing_state_of(ticket: StoredTicket) -> ListingState:
    return ListingState(
        owner=ticket.created_by,
        sort_key=ticket.sort_key,
        task_type=ticket.task_type,
        status=ticket.status,
        attempt=ticket.attempt,
        assigned_to=ticket.assigned_to,
        assignment=ticket.assignment,
    )


def assignee_partition(user_id: str) -> str:
    return f"assignee_{user_id}"


def ticket_of(key: str) -> str:
    """The id of the ticket that a pointer with this key points to."""
    _, rest, owner, *_ = key.split("_")
    return f"{owner}-{rest}"


class Index:
    """The partitions of the table `tickets` that hold pointers."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._counters = Counters(table, _SHARDS)

    async def add(
        self,
        added: Iterable[IndexKey],
        task_type: str,
        moment: datetime,
        also: Sequence[Write] = (),
        *,
        left: Iterable[IndexKey] = (),
    ) -> None:
        """Write pointers, those that are there already included, and `also` for everybody; delete
        those that are `left` with it."""
        facts = {"task_type": task_type, "written_at": rfc3339(moment)}
        entries = [_entry(place, Verb.INSERT, task_type, facts) for place in sorted(added)]
        entries += [_entry(place, Verb.DELETE, task_type) for place in sorted(left)]
        await self._write([*entries, *(IndexEntry(write, {}) for write in also)])

    async def remove(
        self, removed: Iterable[IndexKey], task_type: str, also: Sequence[Write] = ()
    ) -> None:
        """Delete pointers, those that are gone already included, and `also`."""
        entries = [_entry(place, Verb.DELETE, task_type) for place in sorted(removed)]
        await self._write([*entries, *(IndexEntry(write, {}) for write in also)])

    async def totals(self, partition: str = EVERYBODY) -> Totals:
        """How many tickets all owners have by status and type: one storage call."""
        return await self._counters.totals(partition)

    async def _write(self, entries: list[IndexEntry]) -> None:
        """One transaction a partition."""
        for partition in dict.fromkeys(entry.write.values["PartitionKey"] for entry in entries):
            mine = [entry for entry in entries if entry.write.values["PartitionKey"] == partition]
            for begin in range(0, len(mine), _MAX_WRITES):
                await self._settle(partition, mine[begin : begin + _MAX_WRITES])

    async def _settle(self, partition: str, entries: list[IndexEntry]) -> None:
        """Make true what is not yet: a conflict means that this entry has been made already."""
        while entries:
            counts: Counter[str] = Counter()
            for entry in entries:
                counts.update(entry.counts)
            try:
                writes = [entry.write for entry in entries]
                await self._counters.write(partition, writes, counts)
            except WriteConflict as conflict:
                entries = [*entries[: conflict.index], *entries[conflict.index + 1 :]]
            else:
                return


def _entry(
    place: IndexKey, verb: Verb, task_type: str, facts: Mapping[str, str] | None = None
) -> IndexEntry:
    row = {"PartitionKey": place.partition, "RowKey": place.key, **(facts or {})}
    status = place.key.partition("_")[0]
    counted = place.partition == EVERYBODY and status != ALL
    step = 1 if verb is Verb.INSERT else -1
    counts = {counter_name(Status(status), task_type): step} if counted else {}
    return IndexEntry(Write(verb, row), counts)
