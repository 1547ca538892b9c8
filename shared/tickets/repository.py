"""The rows of tickets: each change, its audit event and its counts in one transaction.

All rows of a ticket lie in its owner's partition of the table `tickets`: the ticket itself, a copy
under its status (so that a list by status is a range, too), its events. What lists it elsewhere is
written before and cleaned up after; see `index`.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Protocol

from shared.audit.activity_hours import Activity
from shared.audit.chain import Draft, next_event
from shared.audit.rows import as_ticket_event, ticket_event_writes
from shared.clients.tables import Table, Verb, Write
from shared.errors import NotFound, Problem, Unavailable, WriteConflict
from shared.models import AuditEvent, Notice, Status, StoredTicket, now
from shared.storage.keys import EVERYBODY, split_ticket_id
from shared.storage.locks import Locks
from shared.storage.sharded_counters import Counters, Totals, counter_name
from shared.tickets.intents import Intent, Purpose, settled
from shared.tickets.listing.index import Index, Place, standing
from shared.tickets.rows import as_ticket, status_row, ticket_row

_MOST_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a ticket, what the audit trail says of it, and which realtime messages
    will tell it: each takes the next number of the ticket. `more` are events after the first."""

    values: Mapping[str, Any]
    event: Draft | None = None
    notices: tuple[Notice, ...] = ()
    moment: datetime = field(default_factory=now)
    more: tuple[Draft, ...] = ()


class Claim(Protocol):
    """What only one ticket may be opened for: its row is written with the ticket, `reminders` of it
    before."""

    def note(self, ticket: StoredTicket) -> Write: ...

    def reminders(self, ticket: StoredTicket) -> list[Write]: ...


Decide = Callable[[StoredTicket], Change | None]
DecideEnd = Callable[[StoredTicket], Draft]
Announce = Callable[[StoredTicket, tuple[Notice, ...]], Awaitable[None]]
"""Tells those who listen of a change; never raises."""


def noted(draft: Draft) -> Decide:
    """Leave a trace in the ticket's trail; nothing else of it changes."""

    def decide(ticket: StoredTicket) -> Change | None:
        return Change({"updated_at": ticket.updated_at}, draft)

    return decide


async def to_nobody(ticket: StoredTicket, notices: tuple[Notice, ...]) -> None:
    """For who changes tickets where nobody listens."""


class Tickets:
    """The table `tickets`; `announce` is called after each change."""

    def __init__(self, table: Table, announce: Announce = to_nobody) -> None:
        self._table = table
        self._announce = announce
        self._counters = Counters(table)
        self._index = Index(table)
        self._activity = Activity(table)
        self._locks = Locks()

    async def read(self, ticket_id: str) -> StoredTicket:
        """One point read. Raises NotFound."""
        owner, rest = split_ticket_id(ticket_id)
        row = await self._table.read(owner, f"ticket_{rest}")
        if row is None:
            raise NotFound("There is no such ticket.")
        return as_ticket(row)

    async def note(self, ticket_id: str, draft: Draft) -> None:
        """Leave a trace in a ticket's trail; nothing else of it changes. Raises NotFound."""
        await self.change(ticket_id, noted(draft))

    async def events(self, ticket_id: str) -> list[AuditEvent]:
        """The audit trail of a ticket, oldest first; it outlives the ticket."""
        owner, rest = split_ticket_id(ticket_id)
        rows = self._table.query(owner, f"event_{rest}_", f"event_{rest}`")
        return [as_ticket_event(row, ticket_id) async for row in rows]

    async def totals(self, owner: str) -> Totals:
        """How many tickets an owner has by status and type: one storage call."""
        return await self._counters.totals(owner)

    async def create(
        self, ticket: StoredTicket, draft: Draft, claim: Claim | None = None
    ) -> StoredTicket:
        """Store a new ticket with its first event and its count: two storage calls.

        Raises WriteConflict when there is a ticket for `claim` already.
        """
        event = next_event(ticket, draft, ticket.created_at)
        ticket = ticket.model_copy(update={"events": 1, "last_hash": event.hash})
        writes = [
            Write(Verb.INSERT, ticket_row(ticket.id, ticket.__dict__)),
            *ticket_event_writes(event),
            Write(Verb.INSERT, status_row(ticket.id, ticket.status, ticket.__dict__)),
        ]
        stands = standing(ticket)
        intent = Intent(Purpose.OPEN, stands, ticket.created_at)
        owner, moment = ticket.created_by, ticket.created_at
        reminders = claim.reminders(ticket) if claim else []
        also = [intent.note(), *reminders, *self._activity.due(owner, moment)]
        await self._index.add(stands.places(), ticket.task_type, also)
        self._activity.made(owner, moment)
        counts = {counter_name(ticket.status, ticket.task_type): 1}
        try:
            every = [*writes, *([claim.note(ticket)] if claim else [])]
            etag = await self._counters.write(ticket.created_by, every, counts)
        except WriteConflict as conflict:
            if conflict.index == len(writes):
                await self.forget(intent)
                raise
            # The id is ours alone: an earlier try took effect although its answer was lost.
            return await self.read(ticket.id)
        return ticket.model_copy(update={"etag": etag})

    async def change(
        self, ticket_id: str, decide: Decide, known: StoredTicket | None = None
    ) -> StoredTicket:
        """Apply what `decide` makes of the ticket's present state; None leaves it as it is.

        `decide` is asked again when another writer was faster, so it must tell a change that has
        been made already. `known` saves the first read. Answers the ticket as it then is, when
        those who listen have been told. Raises NotFound.
        """
        ticket, change = await self._change(ticket_id, decide, known)
        if change is not None and change.notices:
            await self._announce(ticket, change.notices)
        return ticket

    async def _change(
        self, ticket_id: str, decide: Decide, known: StoredTicket | None
    ) -> tuple[StoredTicket, Change | None]:
        tried: set[Place] = set()
        sent: dict[str, Change] = {}
        async with self._turn(ticket_id):
            for number in count():
                ticket = known or await self.read(ticket_id)
                known = None
                if mine := sent.get(ticket.last_hash):
                    # It took effect although its answer was lost.
                    await self._index.remove(tried - standing(ticket).places(), ticket.task_type)
                    return ticket, mine
                try:
                    change = decide(ticket)
                except Problem:
                    await self._untry(ticket, tried)
                    raise
                if change is None:
                    await self._index.remove(tried - standing(ticket).places(), ticket.task_type)
                    return ticket, None
                try:
                    return await self._apply(ticket, change, tried, sent), change
                except WriteConflict:
                    await asyncio.sleep(random.uniform(0, min(0.01 * number, 0.2)))  # noqa: S311
        raise AssertionError  # Only time ends these tries.

    async def delete(self, ticket_id: str, decide: DecideEnd) -> StoredTicket:
        """Remove a ticket but not its events; what it was.

        What is left to do outside the tables, `Intents` knows until it is done. Raises NotFound.
        """
        gone: StoredTicket | None = None
        async with self._turn(ticket_id):
            for number in count():
                try:
                    ticket = await self.read(ticket_id)
                except NotFound:
                    if gone is None:
                        raise
                    return gone  # An earlier try took effect although its answer was lost.
                draft = decide(ticket)
                gone = ticket
                try:
                    await self._remove(ticket, draft)
                except WriteConflict:
                    await asyncio.sleep(random.uniform(0, min(0.01 * number, 0.2)))  # noqa: S311
                else:
                    return ticket
        raise AssertionError  # Only time ends these tries.

    async def forget(self, intent: Intent, known: StoredTicket | None = None) -> None:
        """Remove an intent, and what it listed where that is not where the ticket is listed."""
        present = standing(known).places() if known else frozenset()
        stale = intent.standing.places() - present
        done = [settled(intent.ticket_id, intent.purpose)]
        await self._index.remove(stale, intent.standing.task_type, done)

    async def _untry(self, ticket: StoredTicket, tried: set[Place]) -> None:
        """Remove what a try listed that somebody else overtook, where it cannot become true: while
        the ticket is open another writer may be about to make it so."""
        if ticket.status not in (Status.PENDING, Status.PROCESSING):
            mine = {place for place in tried if place.partition == EVERYBODY}
            await self._index.remove(mine - standing(ticket).places(), ticket.task_type)

    @asynccontextmanager
    async def _turn(self, ticket_id: str) -> AsyncIterator[None]:
        """The turn of a writer of this process. Time bounds it, not a number of tries: one of many
        writers loses most of its tries and must have its turn all the same."""
        try:
            async with asyncio.timeout(_MOST_SECONDS), self._locks.of(ticket_id):
                yield
        except TimeoutError:
            raise Unavailable("This ticket is too busy at the moment; please try again.") from None

    async def _apply(
        self, ticket: StoredTicket, change: Change, tried: set[Place], sent: dict[str, Change]
    ) -> StoredTicket:
        """Notes in `tried` what is listed, and in `sent` the hash by which a change is known."""
        changed, writes = _written(ticket, change)
        if change.event is not None:
            sent[changed.last_hash] = change
        before, after = standing(ticket).places(), standing(changed).places()
        if after - before:
            also = _intended(ticket, changed)
            await self._index.add(after - before, ticket.task_type, also)
            tried |= before | after
        if change.event is not None:
            await self._activity.mark(ticket.created_by, change.moment)
        etag = await self._counters.write(ticket.created_by, writes, _counts(ticket, changed))
        stale = (before | tried) - after
        if stale:
            left = ticket.status is Status.PENDING is not changed.status
            also = [settled(ticket.id, Purpose.OPEN)] if left else []
            await self._index.remove(stale, ticket.task_type, also)
        return changed.model_copy(update={"etag": etag})

    async def _remove(self, ticket: StoredTicket, draft: Draft) -> None:
        stands, moment = standing(ticket), now()
        intent = Intent(Purpose.DELETE, stands, moment, draft.actor)
        also = [intent.note(), *self._activity.due(ticket.created_by, moment)]
        await self._index.add((), ticket.task_type, also)
        self._activity.made(ticket.created_by, moment)
        row = ticket_row(ticket.id, {})
        writes = [
            Write(Verb.DELETE, row, ticket.etag),
            Write(Verb.DELETE, status_row(ticket.id, ticket.status, {})),
            *ticket_event_writes(next_event(ticket, draft, moment)),
        ]
        counts = {counter_name(ticket.status, ticket.task_type): -1}
        await self._counters.write(ticket.created_by, writes, counts)
        await self._index.remove(
            stands.places(), ticket.task_type, [settled(ticket.id, Purpose.OPEN)]
        )


def _written(ticket: StoredTicket, change: Change) -> tuple[StoredTicket, list[Write]]:
    """The ticket after `change`, and the writes that make it so, the ticket's own row first."""
    seq = ticket.seq + len(change.notices)
    fields = {"updated_at": change.moment, "seq": seq, **change.values}
    changed, events = ticket, []
    for draft in [*([change.event] if change.event else []), *change.more]:
        event = next_event(changed, draft, change.moment)
        told = {"events": changed.events + 1, "last_hash": event.hash}
        changed = changed.model_copy(update=told)
        events += ticket_event_writes(event)
        fields |= told
    changed = changed.model_copy(update=fields)
    if changed.status is ticket.status:
        copies = [Write(Verb.MERGE, status_row(ticket.id, ticket.status, fields))]
    else:
        copies = [
            Write(Verb.DELETE, status_row(ticket.id, ticket.status, {})),
            Write(Verb.INSERT, status_row(ticket.id, changed.status, changed.__dict__)),
        ]
    own = Write(Verb.MERGE, ticket_row(ticket.id, fields), ticket.etag)
    return changed, [own, *copies, *events]


def _intended(before: StoredTicket, after: StoredTicket) -> list[Write]:
    """A ticket that becomes pending (again) needs a workflow, which a crash may prevent."""
    if after.status is not Status.PENDING or before.status is Status.PENDING:
        return []
    return [Intent(Purpose.OPEN, standing(after), after.updated_at).note()]


def _counts(before: StoredTicket, after: StoredTicket) -> dict[str, int]:
    if before.status == after.status:
        return {}
    return {
        counter_name(before.status, before.task_type): -1,
        counter_name(after.status, after.task_type): 1,
    }
