"""Lists of tickets, newest first, over all that a caller may read.

A pointer is followed by a point read, and counts only if the ticket still stands where it points.
How many rows are looked at for one page or one total is bounded, where a filter is nothing that
storage can answer; a page that ends early has a cursor that goes on.
"""

import asyncio
import base64
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain

from shared.accounts.principal import Principal
from shared.clients.tables import Table
from shared.errors import Malformed, NotFound
from shared.models import StoredTicket, TicketPage, TicketsQuery, rfc3339
from shared.models.clock import Clock
from shared.storage.keys import EVERYBODY
from shared.storage.sharded_counters import Totals
from shared.tasks.registry import find_task_type
from shared.tickets.large_inputs.measuring import SEARCHED
from shared.tickets.listing.index import Index, listing_state_of
from shared.tickets.listing.known_keys import KnownKeys
from shared.tickets.listing.scan_ranges import (
    ListedPointers,
    Range,
    RangeEntry,
    Window,
    merge_streams,
    ranges,
    window_of,
)
from shared.tickets.permissions import Permissions
from shared.tickets.repository import Tickets
from shared.tickets.results import show_in_list
from shared.tickets.rows import as_ticket

Listed = Range | ListedPointers

_MAX_LOOKED_AT = 10_000
_MAX_FOLLOWED = 500
_SEARCHED_AT_ONCE = 200
# Longer than any change takes between a pointer and the transaction that makes it true.
_STALE_AFTER = timedelta(minutes=10)
_TIMES = ("created_after", "created_before")
_REST = re.compile(r"[0-9a-f]{22}")


class TicketList:
    """Answers lists."""

    def __init__(
        self,
        *,
        table: Table,
        tickets: Tickets,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._table = table
        self._index = Index(table)
        self._tickets = tickets
        self._permissions = permissions
        self._known_keys = KnownKeys(table, self._read_totals, clock)

    async def page(self, principal: Principal, query: TicketsQuery) -> TicketPage:
        """Without a search, and all at once: a call for the totals and one for the rows of each
        owner, one for what is assigned, and then one for each ticket that is listed by a pointer.

        Raises Malformed for a bad cursor, Invalid for a task type that there is not.
        """
        if query.task_type is not None:
            find_task_type(query.task_type, at=("query", "task_type"))
        owners = await self._permissions.owners(principal.user)
        window = window_of(query)
        after = _open_cursor(query.cursor) if query.cursor else None
        wanted = self._list_pointers(ranges(principal.id, owners, query), query, window)
        skipped = 0 if query.cursor else (query.page - 1) * query.per_page
        if skipped:
            total, after = await self._skip(wanted, query, window, skipped)
            taken = await self._take(wanted, query, window.after(after), query.per_page)
        else:
            begin = window if after is None else window.after(after)
            total, taken = await asyncio.gather(
                self._count(wanted, query, window),
                self._take(wanted, query, begin, query.per_page),
            )
        tickets, last = taken
        return TicketPage(
            tickets=[show_in_list(ticket) for ticket in tickets],
            total=total,
            page=query.page,
            per_page=query.per_page,
            pages=math.ceil(total / query.per_page),
            next_cursor=_close_cursor(last) if last else None,
        )

    async def newest(self, principal: Principal, query: TicketsQuery) -> list[StoredTicket]:
        """The first page, without results, and without counting how many there are."""
        wanted = ranges(principal.id, await self._permissions.owners(principal.user), query)
        return (await self._take(wanted, query, window_of(query), query.per_page))[0]

    def _list_pointers(
        self, wanted: Sequence[Range], query: TicketsQuery, window: Window
    ) -> Sequence[Listed]:
        """Pointers that nobody counts are all read, for they are counted by that."""
        if _needs(query, "priority", "q"):
            return wanted
        return [
            one
            if one.counted
            else ListedPointers(one, table=self._table, window=window, limit=_MAX_LOOKED_AT)
            for one in wanted
        ]

    async def _take(
        self, wanted: Sequence[Listed], query: TicketsQuery, window: Window, count: int
    ) -> tuple[list[StoredTicket], str | None]:
        """Up to `count` tickets, and behind which one there may be more."""
        page = _SEARCHED_AT_ONCE if query.q else count + 1
        stream = merge_streams([one.entries(self._table, window, page) for one in wanted])
        found: list[StoredTicket] = []
        looked_at = followed = 0
        last: str | None = None
        while len(found) < count and followed < _MAX_FOLLOWED and looked_at < _MAX_LOOKED_AT:
            batch = await _some(stream, count - len(found))
            if not batch:
                return found, None
            found += await self._those_meant(batch, query)
            looked_at += len(batch)
            followed += sum(entry.place is not None for entry in batch)
            last = batch[-1].rest
        return found, last if await _some(stream, 1) else None

    async def _those_meant(
        self, batch: list[RangeEntry], query: TicketsQuery
    ) -> list[StoredTicket]:
        tickets = await asyncio.gather(*(self._follow_entry(entry) for entry in batch))
        return [ticket for ticket in tickets if ticket and _is_meant(ticket, query)]

    async def _follow_entry(self, entry: RangeEntry) -> StoredTicket | None:
        """The ticket of an entry; None for a pointer that a crash has left."""
        if entry.place is None:
            return as_ticket(entry.row)
        try:
            ticket = await self._tickets.read(entry.ticket_id)
        except NotFound:
            ticket = None
        if ticket is not None and entry.place in listing_state_of(ticket).places():
            return ticket
        if entry.row.values["written_at"] < rfc3339(self._clock.now() - _STALE_AFTER):
            await self._index.remove([entry.place], entry.row.values["task_type"])
        return None

    async def _count(self, wanted: Sequence[Listed], query: TicketsQuery, window: Window) -> int:
        return sum(await asyncio.gather(*(self._total(one, query, window) for one in wanted)))

    async def _read_totals(self, one: Listed) -> Totals:
        everybody = one.partition == EVERYBODY
        return await (self._index if everybody else self._tickets).totals(one.partition)

    async def _total(self, one: Listed, query: TicketsQuery, window: Window) -> int:
        """How many tickets of a range are meant."""
        if one.counted and not _needs(query, "priority", "assigned_to", "q", *_TIMES):
            return (await self._read_totals(one)).of(query.status, query.task_type)
        if one.is_pointers and _needs(query, "priority", "q"):
            return len((await self._take([one], query, window, _MAX_FOLLOWED))[0])
        columns = ("RowKey", "title", "description") if query.q else ("RowKey",)
        entries = one.entries(self._table, window, columns=columns)
        rows = await _some(entries, _MAX_LOOKED_AT)
        return sum(_has_text(query, entry.row.values) for entry in rows)

    async def _skip(
        self, wanted: Sequence[Listed], query: TicketsQuery, window: Window, number: int
    ) -> tuple[int, str]:
        """How many tickets there are, and the `number`-th; behind it a page begins."""
        if not _needs(query, "priority", "assigned_to", "q", *_TIMES):
            found = await asyncio.gather(*(self._find_keys(one, query) for one in wanted))
            lists = [keys for _, keys in found if keys is not None]
            if len(lists) == len(wanted):
                keys = sorted(chain.from_iterable(lists))
                after = keys[number - 1] if number <= len(keys) else "g"
                return sum(total for total, _ in found), after
        total = await self._count(wanted, query, window)
        after = await self._nth(wanted, query, window, number) if number < total else "g"
        return total, after

    async def _find_keys(self, one: Listed, query: TicketsQuery) -> tuple[int, list[str] | None]:
        if isinstance(one, Range) and one.counted:
            return await self._known_keys.find(one, query)
        found = await _some(one.entries(self._table, Window()), _MAX_LOOKED_AT)
        keys = [entry.rest for entry in found]
        return len(keys), keys if len(keys) < _MAX_LOOKED_AT else None

    async def _nth(
        self, wanted: Sequence[Listed], query: TicketsQuery, window: Window, number: int
    ) -> str:
        """The `number`-th ticket; behind it a page begins."""
        if query.q or (query.priority and any(one.is_pointers for one in wanted)):
            tickets, _ = await self._take(wanted, query, window, number)
            ids = [ticket.id.partition("-")[2] for ticket in tickets]
        else:
            keys = [one.entries(self._table, window, columns=("RowKey",)) for one in wanted]
            ids = [entry.rest for entry in await _some(merge_streams(keys), number)]
        return ids[-1] if len(ids) == number else "g"


async def _some(stream: AsyncIterator[RangeEntry], limit: int) -> list[RangeEntry]:
    """The next entries, as many as there are up to `most`."""
    found: list[RangeEntry] = []
    while len(found) < limit:
        entry = await anext(stream, None)
        if entry is None:
            break
        found.append(entry)
    return found


def _needs(query: TicketsQuery, *names: str) -> bool:
    return any(getattr(query, name) is not None for name in names)


def _is_meant(ticket: StoredTicket, query: TicketsQuery) -> bool:
    """What a range has filtered already is as true here."""
    return (
        query.priority in (None, ticket.priority)
        and query.assigned_to in (None, ticket.assigned_to)
        and _has_text(query, {"title": ticket.title, "description": ticket.description})
    )


def _has_text(query: TicketsQuery, values: Mapping[str, str]) -> bool:
    if not query.q:
        return True
    sought = query.q.casefold()
    searched = (values["title"], values["description"][:SEARCHED])
    return any(sought in text.casefold() for text in searched)


def _close_cursor(rest: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(rest)).decode().rstrip("=")


def _open_cursor(cursor: str) -> str:
    """Raises Malformed."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        rest = base64.b64decode(padded, altchars=b"-_", validate=True).hex()
    except ValueError:
        rest = ""
    if not _REST.fullmatch(rest) or _close_cursor(rest) != cursor:
        raise Malformed("This cursor is none that this API gave; please begin without one.")
    return rest
