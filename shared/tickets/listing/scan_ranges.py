"""Ranges of rows that hold tickets or pointers to tickets, newest first, and how they are merged.

In all of them the order is that of the second half of a ticket's id, which is its time.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from heapq import heapify, heappop, heapreplace

from shared.clients.tables import MAX_ROWS, Row, Table
from shared.models import TicketsQuery
from shared.storage.keys import EVERYBODY, is_user_id, older_than, prefix_end
from shared.tickets.listing.index import ALL, IndexKey, assignee_partition, ticket_of


@dataclass(frozen=True, slots=True)
class Window:
    """Of the second halves of ids: from `first` on, `beyond` not included. They are hex digits, so
    that "g" lies behind them all."""

    start: str = ""
    end: str = "g"

    def after(self, rest: str) -> "Window":
        """What lies behind the ticket `rest`, whatever its key goes on with."""
        # The key of a pointer goes on with "_".
        return Window(max(self.start, prefix_end(f"{rest}_")), self.end)


@dataclass(frozen=True, slots=True)
class RangeEntry:
    """A row of a range; `place` is where it stands when it is a pointer."""

    ticket_id: str
    row: Row
    place: IndexKey | None = None

    @property
    def rest(self) -> str:
        return self.ticket_id.partition("-")[2]


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of one partition whose keys begin with `prefix`, and whose columns are `equal`.

    Pointers lead to tickets of `only` this owner, or of any but those in `without`.
    """

    partition: str
    prefix: str
    equal: Mapping[str, str]
    _: KW_ONLY
    is_pointers: bool = False
    only: str | None = None
    without: Collection[str] = field(default=())

    @property
    def counted(self) -> bool:
        """Whether counters tell how many there are by status and type."""
        return not self.is_pointers or self.partition == EVERYBODY

    async def entries(
        self, table: Table, window: Window, page: int = MAX_ROWS, columns: Sequence[str] = ()
    ) -> AsyncIterator[RangeEntry]:
        start, end = f"{self.prefix}{window.start}", f"{self.prefix}{window.end}"
        rows = table.query(self.partition, start, end, equal=self.equal, columns=columns, page=page)
        async for row in rows:
            if not self.is_pointers:
                rest = row.key.removeprefix(self.prefix)
                yield RangeEntry(f"{self.partition}-{rest}", row)
                continue
            ticket_id = ticket_of(row.key)
            owner = ticket_id.partition("-")[0]
            if owner not in self.without and self.only in (None, owner):
                yield RangeEntry(ticket_id, row, IndexKey(self.partition, row.key))


class ListedPointers:
    """A range of pointers of which all are read, once, whoever asks for them; up to `limit`, those
    behind them as they are asked for."""

    counted = False
    is_pointers = True

    def __init__(self, one: Range, *, table: Table, window: Window, limit: int) -> None:
        self.partition = one.partition
        self._range = one
        self._limit = limit
        self._reading = asyncio.ensure_future(_list_entries(one, table, window, limit))

    async def entries(
        self, table: Table, window: Window, page: int = MAX_ROWS, columns: Sequence[str] = ()
    ) -> AsyncIterator[RangeEntry]:
        listed = await self._reading
        for entry in listed:
            if entry.rest >= window.start:
                yield entry
        if len(listed) == self._limit:
            behind = window.after(listed[-1].rest)
            async for entry in self._range.entries(table, behind, page, columns):
                yield entry


async def _list_entries(one: Range, table: Table, window: Window, limit: int) -> list[RangeEntry]:
    found = []
    async for entry in one.entries(table, window):
        found.append(entry)
        if len(found) == limit:
            break
    return found


def window_of(query: TicketsQuery) -> Window:
    """Inverted time makes the end of the interval the beginning of the window."""
    start = older_than(query.created_before) if query.created_before else ""
    end = older_than(query.created_after) if query.created_after else "g"
    return Window(start, end)


def ranges(caller: str, owners: Collection[str] | None, query: TicketsQuery) -> list[Range]:
    """What to look through for `caller`, who may list the tickets of `owners` (None: of all)
    and those assigned to him. No ticket is in two of them."""
    named = (query.created_by, query.assigned_to)
    if not all(name is None or is_user_id(name) for name in named):
        return []
    if owners is None:
        if query.created_by:
            return [_of_owner(query.created_by, query)]
        if query.assigned_to:
            return [_pointers(assignee_partition(query.assigned_to), query)]
        return [_pointers(EVERYBODY, query)]
    wanted = set(owners) if query.created_by is None else {query.created_by} & set(owners)
    found = [_of_owner(owner, query) for owner in sorted(wanted)]
    if query.assigned_to in (None, caller) and query.created_by not in owners:
        found.append(_pointers(assignee_partition(caller), query, owners))
    return found


async def merge_streams(streams: Sequence[AsyncIterator[RangeEntry]]) -> AsyncIterator[RangeEntry]:
    """The entries of all streams, newest first."""
    heads = await asyncio.gather(*(anext(stream, None) for stream in streams))
    heap = [(head.rest, number, head) for number, head in enumerate(heads) if head]
    heapify(heap)
    while heap:
        _, number, head = heap[0]
        yield head
        following = await anext(streams[number], None)
        if following is None:
            heappop(heap)
        else:
            heapreplace(heap, (following.rest, number, following))


def _of_owner(owner: str, query: TicketsQuery) -> Range:
    prefix = f"status_{query.status.value}_" if query.status else "ticket_"
    wanted = {
        "task_type": query.task_type,
        "priority": query.priority.value if query.priority else None,
        "assigned_to": query.assigned_to,
    }
    return Range(owner, prefix, {name: value for name, value in wanted.items() if value})


def _pointers(partition: str, query: TicketsQuery, without: Collection[str] = ()) -> Range:
    prefix = f"{query.status.value if query.status else ALL}_"
    equal = {"task_type": query.task_type} if query.task_type else {}
    return Range(partition, prefix, equal, is_pointers=True, only=query.created_by, without=without)
