"""The rows of tickets: each change, its audit event and its counts in one transaction.

All rows of a ticket lie in its owner's partition of the table `tickets`: the ticket itself, a copy
under its status (so that a list by status is a range, too), its events. What lists it elsewhere is
written before and cleaned up after; see `index`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from shared.audit.chain import AuditChains, Draft
from shared.audit.rows import read_event
from shared.clients.tables import MAX_ROWS, Table, Verb, Write
from shared.errors import NotFound, Problem, Unavailable, WriteConflict
from shared.models import AuditEvent, Message, Status, StoredTicket
from shared.storage.conflicts import retry_on_conflict
from shared.storage.keys import EVERYBODY, prefix_range, split_ticket_id
from shared.storage.locks import Locks
from shared.storage.sharded_counters import Counters, Totals
from shared.tickets.intents import Intent, settle_write
from shared.tickets.listing.index import Index, IndexKey, listing_state_of
from shared.tickets.realtime.updates import as_message, update_range
from shared.tickets.rows import as_ticket
from shared.tickets.transaction import (
    Claim,
    StoredBefore,
    TicketChange,
    TicketTransaction,
    Tries,
)

_MAX_SECONDS = 120.0
_MAX_WRITES = 100


Decide = Callable[[StoredTicket], TicketChange | None]
DecideEnd = Callable[[StoredTicket], Draft]
Announce = Callable[[StoredTicket, Sequence[Message]], Awaitable[None]]
"""Tells those who listen of a change; never raises, never takes long."""
CountEnded = Callable[[StoredTicket], Awaitable[None]]
"""Counts an attempt that has ended, once however often it is told."""


def add_note(draft: Draft, at: datetime) -> Decide:
    """Leave a trace in the ticket's trail; nothing else of it changes."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        return TicketChange({"updated_at": ticket.updated_at}, draft, moment=at)

    return decide


async def to_nobody(ticket: StoredTicket, messages: Sequence[Message]) -> None:
    """For who changes tickets where nobody listens."""


async def to_no_sum(ticket: StoredTicket) -> None:
    """For who ends tickets where nobody counts."""


class Tickets:
    """The table `tickets`; `announce` is called after each change, `count_ended` while an end is
    the last one: whoever wrote it may have died before it was counted."""

    def __init__(
        self,
        table: Table,
        announce: Announce = to_nobody,
        count_ended: CountEnded = to_no_sum,
        *,
        chains: AuditChains | None = None,
    ) -> None:
        self._table = table
        self._announce = announce
        self._count_ended = count_ended
        self._counters = Counters(table)
        self._index = Index(table)
        self._transaction = TicketTransaction(
            table=table,
            counters=self._counters,
            index=self._index,
            chains=chains or AuditChains(),
        )
        self._locks = Locks()

    async def read(self, ticket_id: str) -> StoredTicket:
        """One point read. Raises NotFound."""
        owner, sort_key = split_ticket_id(ticket_id)
        row = await self._table.read(owner, f"ticket_{sort_key}")
        if row is None:
            raise NotFound("There is no such ticket.")
        return as_ticket(row)

    async def note(self, ticket_id: str, draft: Draft, at: datetime) -> None:
        """Leave a trace in a ticket's trail; nothing else of it changes. Raises NotFound."""
        await self.change(ticket_id, add_note(draft, at))

    async def events(self, ticket_id: str) -> list[AuditEvent]:
        """The audit trail of a ticket, oldest first; it outlives the ticket."""
        owner, rest = split_ticket_id(ticket_id)
        rows = self._table.query(owner, *prefix_range(f"event_{rest}_"))
        return [event async for row in rows if (event := read_event(row, ticket_id))]

    async def updates(self, ticket_id: str, after: int) -> list[Message]:
        """The realtime messages about a ticket after the number `after`, up to 1,000: one storage
        call."""
        found: list[Message] = []
        async for row in self._table.query(*update_range(ticket_id, after)):
            found.append(as_message(row))
            if len(found) == MAX_ROWS:
                break
        return found

    async def delete_updates(self, ticket_id: str) -> None:
        """Of a ticket that is gone: a storage call, and one more for each 100 messages."""
        rows = self._table.query(*update_range(ticket_id), columns=("PartitionKey", "RowKey"))
        writes = [Write(Verb.DELETE, row.values) async for row in rows]
        for begin in range(0, len(writes), _MAX_WRITES):
            with suppress(WriteConflict):  # Another process deletes them, too.
                await self._table.write(writes[begin : begin + _MAX_WRITES])

    async def totals(self, owner: str) -> Totals:
        """How many tickets an owner has by status and type: one storage call."""
        return await self._counters.totals(owner)

    async def create(
        self,
        ticket: StoredTicket,
        draft: Draft,
        claim: Claim | None = None,
        first: Sequence[StoredBefore] = (),
    ) -> StoredTicket:
        """Store a new ticket with its first event and its count: two storage calls, and between
        them, as there is an intent by then, those of what is stored `first`.

        Raises WriteConflict when there is a ticket for `claim` already.
        """
        stored, messages = await self._transaction.insert(ticket, draft, claim, first)
        stored = stored or await self.read(ticket.id)
        await self._announce(stored, messages)
        return stored

    async def change(
        self, ticket_id: str, decide: Decide, known: StoredTicket | None = None
    ) -> StoredTicket:
        """Apply what `decide` makes of the ticket's present state; None leaves it as it is.

        `decide` is asked again when another writer was faster, so it must tell a change that has
        been made already. `known` saves the first read. Answers the ticket as it then is; those who
        listen are told. Raises NotFound.
        """
        ticket, messages = await self._change(ticket_id, decide, known)
        if messages:
            await self._announce(ticket, messages)
        if ticket.has_ended and ticket.completed_at == ticket.updated_at:
            await self._count_ended(ticket)
        return ticket

    async def _change(
        self, ticket_id: str, decide: Decide, known: StoredTicket | None
    ) -> tuple[StoredTicket, list[Message]]:
        tries = Tries()
        seen: StoredTicket | None = None

        async def attempt() -> tuple[StoredTicket, list[Message]]:
            nonlocal known, seen
            try:
                ticket, known = known or await self.read(ticket_id), None
            except NotFound:
                if seen:  # It was deleted meanwhile: what a try listed of it goes, too.
                    await self._index.remove(tries.listed, seen.task_type)
                raise
            seen = ticket
            try:
                # There are some when a try took effect although its answer was lost.
                mine = tries.sent.get(ticket.last_hash)
                change = decide(ticket) if mine is None else None
            except Problem:
                await self._untry(ticket, tries.listed)
                raise
            if change is None:
                await self._index.remove(
                    tries.listed - listing_state_of(ticket).places(), ticket.task_type
                )
                return ticket, mine or []
            return await self._transaction.apply(ticket, change, tries)

        async with self._turn(ticket_id):
            return await retry_on_conflict(attempt)

    async def delete(self, ticket_id: str, decide: DecideEnd, at: datetime) -> StoredTicket:
        """Remove a ticket but not its events; what it was.

        What is left to do outside the tables, `Intents` knows until it is done. Raises NotFound.
        """
        gone: StoredTicket | None = None

        async def attempt() -> StoredTicket:
            nonlocal gone
            try:
                ticket = await self.read(ticket_id)
            except NotFound:
                if gone is None:
                    raise
                return gone  # An earlier try took effect although its answer was lost.
            draft = decide(ticket)
            gone = ticket
            await self._transaction.remove(ticket, draft, at)
            return ticket

        async with self._turn(ticket_id):
            return await retry_on_conflict(attempt)

    async def forget(self, intent: Intent, known: StoredTicket | None = None) -> None:
        """Remove an intent, and what it listed where that is not where the ticket is listed."""
        present = listing_state_of(known).places() if known else frozenset()
        stale = intent.standing.places() - present
        done = [settle_write(intent.ticket_id, intent.purpose)]
        await self._index.remove(stale, intent.standing.task_type, done)

    async def list_anew(self, ticket: StoredTicket, moment: datetime) -> None:
        """Write what lists a ticket, as far as it is not there: a beginning may have died."""
        await self._index.add(listing_state_of(ticket).places(), ticket.task_type, moment)

    async def _untry(self, ticket: StoredTicket, tried: set[IndexKey]) -> None:
        """Remove what a try listed that somebody else overtook, where it cannot become true: while
        the ticket is open another writer may be about to make it so."""
        if ticket.status not in (Status.PENDING, Status.PROCESSING):
            mine = {place for place in tried if place.partition == EVERYBODY}
            await self._index.remove(mine - listing_state_of(ticket).places(), ticket.task_type)

    @asynccontextmanager
    async def _turn(self, ticket_id: str) -> AsyncIterator[None]:
        """The turn of a writer of this process. Time bounds it, not a number of tries: one of many
        writers loses most of its tries and must have its turn all the same."""
        try:
            async with asyncio.timeout(_MAX_SECONDS), self._locks.of(ticket_id):
                yield
        except TimeoutError:
            raise Unavailable("This ticket is too busy at the moment; please try again.") from None
