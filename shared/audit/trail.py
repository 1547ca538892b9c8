"""The audit trail as administrators search it: over everybody, by time.

Each event lies twice in the transaction of its change: in its chain, and as a copy by time, among
those of its owner's tickets or among those of users. A search goes back hour by hour, through the
owners that were active then; it does not look at more of them than a bound for one answer.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.audit.activity_hours import Activity
from shared.audit.chain import AuditChains, Draft, is_authentic
from shared.audit.digests import Digests, has_sealed
from shared.audit.keys import is_signed
from shared.audit.rows import key_in_time, read_event, user_event_writes
from shared.clients.side_by_side import gather_within
from shared.clients.tables import Row, Table
from shared.errors import Malformed, NotFound
from shared.models import (
    AuditEvent,
    AuditPage,
    AuditQuery,
    CheckedEvent,
    EntityType,
)
from shared.models.clock import Clock
from shared.storage.columns import log_key
from shared.storage.keys import USERS, moment_of, prefix_end

PAGE = 50
MAX_LOOKED = 256
"""Reads of an owner's hour for one answer, and as many pages of the events of users."""
_AT_ONCE = 16
_HOUR = timedelta(hours=1)
_CURSOR = re.compile(r"log_[0-9a-f]{14}_[0-9a-f.-]{0,80}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = prefix_end("log_")


@dataclass(frozen=True, slots=True)
class _Found:
    """Events by their keys in time. Nothing that was looked for lies before `seen` but these."""

    events: dict[str, AuditEvent]
    seen: str


class TicketTrails(Protocol):
    """The trails of tickets. All raise NotFound."""

    async def events(self, ticket_id: str) -> list[AuditEvent]: ...

    async def note(self, ticket_id: str, draft: Draft, at: datetime) -> None: ...


class AuditTrail:
    """Reads the tables `tickets` and `users`."""

    def __init__(
        self,
        *,
        tickets: TicketTrails,
        ticket_table: Table,
        user_table: Table,
        chains: AuditChains,
        digests: Digests,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._ticket_table = ticket_table
        self._user_table = user_table
        self._activity = Activity(ticket_table)
        self._chains = chains
        self._digests = digests
        self._clock = clock

    async def note(self, draft: Draft, ticket_id: str) -> None:
        """Keep an event in the trail of a ticket; by itself when there is no such ticket."""
        moment = self._clock.now()
        try:
            await self._tickets.note(ticket_id, draft, moment)
        except NotFound:
            event = self._chains.nobodys_event(draft, moment)
            await self._user_table.write(user_event_writes(event))
            self._chains.note_written([event])

    async def search(self, query: AuditQuery) -> AuditPage:
        """The newest events that fit, and where to go on. Raises Malformed for a bad cursor.

        A page may hold fewer events than fit one, even none, and yet have a next one.
        """
        start, end = _range(query)
        if query.entity_type is EntityType.TICKET and query.entity_id:
            tickets, users = await self._of_ticket(query, start, end), _Found({}, end)
        else:
            tickets, users = await asyncio.gather(
                self._of_tickets(query, start, end), self._of_users(query, start, end)
            )
        seen = min(tickets.seen, users.seen)
        found = tickets.events | users.events
        keys = [key for key in sorted(found) if key < seen]
        shown = keys[:PAGE]
        if len(keys) > PAGE:
            cursor: str | None = shown[-1]
        else:
            cursor = None if seen == end else seen
        events = await self._check_events({key: found[key] for key in shown})
        return AuditPage(events=events, next_cursor=cursor)

    async def _check_events(self, found: Mapping[str, AuditEvent]) -> list[CheckedEvent]:
        """Events by their keys in time, each with whether it is as it was written: no storage call
        unless there are some that were written without a key."""
        keys = self._chains.keys
        is_late = await self._find_what_is_late(found.values())

        def is_verified(key: str, event: AuditEvent) -> bool | None:
            if not keys.is_set:
                return None
            if key != key_in_time(event) or not is_authentic(event, keys):
                return False
            return True if is_signed(event.hash) else (False if is_late(event) else None)

        return [
            CheckedEvent(**event.__dict__, verified=is_verified(key, event))
            for key, event in found.items()
        ]

    async def _find_what_is_late(
        self, events: Iterable[AuditEvent]
    ) -> Callable[[AuditEvent], bool]:
        """Tells which events without a signature are of a time when all had one."""
        if not self._chains.keys.is_set or all(is_signed(event.hash) for event in events):
            return lambda _: False
        newest = await self._digests.newest()
        if newest is None or not has_sealed(newest):
            return lambda _: False
        sealed_at = newest.sealing.sealed_at
        return lambda event: sealed_at is None or event.timestamp > sealed_at

    async def _of_ticket(self, query: AuditQuery, start: str, end: str) -> _Found:
        """One storage call for each thousand events of the ticket."""
        try:
            events = await self._tickets.events(query.entity_id or "")
        except NotFound:
            events = []
        keyed = {key_in_time(event): event for event in events}
        fits = {
            key: event for key, event in keyed.items() if start < key < end and _fits(event, query)
        }
        return _Found(fits, end)

    async def _of_users(self, query: AuditQuery, start: str, end: str) -> _Found:
        events: dict[str, AuditEvent] = {}
        looked = 0
        async for row in self._user_table.query(USERS, start, end):
            event = read_event(row)
            looked += 1
            if row.key > start and event and _fits(event, query):
                events[row.key] = event
            if len(events) > PAGE or looked >= MAX_LOOKED * 1000:
                # Behind this row, and before whatever key follows it.
                return _Found(events, f"{row.key}`")
        return _Found(events, end)

    async def _of_tickets(self, query: AuditQuery, start: str, end: str) -> _Found:
        """Hour by hour; the reads of an hour go side by side."""
        events: dict[str, AuditEvent] = {}
        looked = 0
        async for hour, owners in self._activity.hours(*_span(query, self._clock.now())):
            hour_start = max(start, log_key(hour + _HOUR - timedelta(microseconds=1)))
            if looked and (looked + len(owners) > MAX_LOOKED or len(events) > PAGE):
                return _Found(events, hour_start)
            looked += len(owners)
            hour_end = min(end, log_key(hour - timedelta(microseconds=1)))
            async for row in self._rows(owners, hour_start, hour_end):
                event = read_event(row, row.key.split("_")[-1].partition(".")[0])
                if row.key > start and event and _fits(event, query):
                    events[row.key] = event
        return _Found(events, end)

    async def _rows(self, owners: list[str], start: str, end: str) -> AsyncIterator[Row]:
        async def read(owner: str) -> list[Row]:
            return [row async for row in self._ticket_table.query(owner, start, end)]

        for rows in await gather_within(_AT_ONCE, read, owners):
            for row in rows:
                yield row


def _range(query: AuditQuery) -> tuple[str, str]:
    """Between which keys the events lie: newest first, `until` not included, after the cursor."""
    start = (
        "log_" if query.until is None else log_key(_utc(query.until) - timedelta(microseconds=1))
    )
    if query.cursor is not None:
        if not _CURSOR.fullmatch(query.cursor.rstrip("`")):
            raise Malformed("The cursor is not one that this server gave.")
        start = max(start, query.cursor)
    end = _END if query.since is None else log_key(_utc(query.since) - timedelta(microseconds=1))
    return start, max(start, end)


def _span(query: AuditQuery, at: datetime) -> tuple[datetime, datetime]:
    """The newest and the oldest time to look at."""
    newest = at + _HOUR if query.until is None else _utc(query.until)
    if query.cursor is not None:
        newest = min(newest, moment_of(int(query.cursor[4:18], 16)))
    return newest, _EPOCH if query.since is None else _utc(query.since)


def _utc(moment: datetime) -> datetime:
    """A time without a zone is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _fits(event: AuditEvent, query: AuditQuery) -> bool:
    wanted = query.model_dump(
        include={"entity_type", "entity_id", "user_id", "action"}, exclude_none=True
    )
    return all(getattr(event, name) == value for name, value in wanted.items())
