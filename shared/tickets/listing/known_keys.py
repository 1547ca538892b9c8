"""Which tickets a range holds, remembered in order, so that a page far behind costs what the first
one costs: storage neither counts rows nor begins at the n-th.

What is remembered holds as long as no counter was written. If one was, tickets came at the front,
and what is older than a while only goes: it is there still if, with those that came, it is as much
as the counters tell. A list by status may be another one with each change, and is read again.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.clients.tables import Table
from shared.models import TicketsQuery
from shared.models.clock import Clock
from shared.storage.keys import invert_moment
from shared.storage.sharded_counters import Totals
from shared.tickets.listing.scan_ranges import Range, Window

_MAX_LENGTH = 50_000
_MAX_KEYS = 200_000
"""Of all lists together, each of 71 bytes."""
# Longer than any opening takes, and than clocks of several processes differ.
_SETTLED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Known:
    """The second halves of ids, and the counters as they were then; what lies from `cutoff` on can
    only go."""

    keys: list[str]
    cutoff: str
    totals: Totals


class KnownKeys:
    """The lists that were not asked for lately are forgotten first."""

    def __init__(
        self, table: Table, count: Callable[[Range], Awaitable[Totals]], clock: Clock
    ) -> None:
        self._table = table
        self._count = count
        self._clock = clock
        self._lists: OrderedDict[tuple[str, ...], _Known] = OrderedDict()

    async def find(self, one: Range, query: TicketsQuery) -> tuple[int, list[str] | None]:
        """How many tickets a counted range has, and their keys, newest first: a storage call, one
        more if there was any change, and one for each thousand that are not known. No keys of more
        than 50,000."""
        name = (one.partition, one.prefix, query.task_type or "")
        known, totals = self._lists.get(name), await self._count(one)
        total = totals.of(query.status, query.task_type)
        if total > _MAX_LENGTH:
            return total, None
        if known is None:
            keys = await self._scan(one, Window())
        elif known.totals.version == totals.version:
            keys = known.keys
        else:
            keys = await self._update_keys(one, query, known, total)
        if len(keys) == total:
            self._remember(name, keys, totals)
        else:  # Somebody wrote meanwhile, or a crash has left a pointer.
            self._lists.pop(name, None)
        return total, keys

    async def _update_keys(
        self, one: Range, query: TicketsQuery, known: _Known, total: int
    ) -> list[str]:
        if query.status is None:
            settled = known.keys[bisect_left(known.keys, known.cutoff) :]
            keys = [*await self._scan(one, Window(end=known.cutoff)), *settled]
            if len(keys) == total:
                return keys
        return await self._scan(one, Window())

    async def _scan(self, one: Range, window: Window) -> list[str]:
        entries = one.entries(self._table, window, columns=("RowKey",))
        return [entry.rest async for entry in entries]

    def _remember(self, name: tuple[str, ...], keys: list[str], totals: Totals) -> None:
        cutoff = f"{invert_moment(self._clock.now() - _SETTLED_AFTER):014x}"
        self._lists[name] = _Known(keys, cutoff, totals)
        self._lists.move_to_end(name)
        while sum(len(known.keys) for known in self._lists.values()) > _MAX_KEYS:
            self._lists.popitem(last=False)
