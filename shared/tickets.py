"""The rows of tickets: each change, its audit event and its counts in one transaction.

All rows of a ticket lie in its owner's partition of the table `tickets`.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.audit import Draft, next_event
from shared.clients.tables import Table, Verb, Write
from shared.counters import Counters, counter_name
from shared.errors import NotFound, Unavailable, WriteConflict
from shared.ids import split_ticket_id
from shared.locks import Locks
from shared.models import AuditEvent, Notice, StoredTicket, now
from shared.ticket_rows import as_event, as_ticket, event_row, ticket_row

_TRIES = 60


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a ticket, what the audit trail says of it, and which realtime messages
    will tell it: each takes the next number of the ticket."""

    values: Mapping[str, Any]
    event: Draft | None = None
    notices: tuple[Notice, ...] = ()
    moment: datetime = field(default_factory=now)


Decide = Callable[[StoredTicket], Change | None]


class Tickets:
    """The table `tickets`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._counters = Counters(table)
        self._tickets = Locks()

    async def read(self, ticket_id: str) -> StoredTicket:
        """One point read. Raises NotFound."""
        owner, rest = split_ticket_id(ticket_id)
        row = await self._table.read(owner, f"ticket_{rest}")
        if row is None:
            raise NotFound("There is no such ticket.")
        return as_ticket(row)

    async def events(self, ticket_id: str) -> list[AuditEvent]:
        """The audit trail of a ticket, oldest first."""
        owner, rest = split_ticket_id(ticket_id)
        rows = self._table.query(owner, f"event_{rest}_", f"event_{rest}`")
        return [as_event(row, ticket_id) async for row in rows]

    async def create(self, ticket: StoredTicket, draft: Draft) -> StoredTicket:
        """Store a new ticket with its first event and its count: one transaction."""
        event = next_event(ticket, draft, ticket.created_at)
        ticket = ticket.model_copy(update={"events": 1, "last_hash": event.hash})
        writes = [
            Write(Verb.INSERT, ticket_row(ticket.id, ticket.__dict__)),
            Write(Verb.INSERT, event_row(event)),
        ]
        counts = {counter_name(ticket.status, ticket.task_type): 1}
        try:
            etag = await self._write(ticket.created_by, writes, counts)
        except WriteConflict:
            # The id is ours alone: an earlier try took effect although its answer was lost.
            return await self.read(ticket.id)
        return ticket.model_copy(update={"etag": etag})

    async def change(
        self, ticket_id: str, decide: Decide, known: StoredTicket | None = None
    ) -> tuple[StoredTicket, Change | None]:
        """Apply what `decide` makes of the ticket's present state; None leaves it as it is.

        `decide` is asked again when another writer was faster, so it must tell a change that has
        been made already. `known` saves the first read. Answers the ticket as it then is, and the
        change if this call made one. Raises NotFound.
        """
        async with self._tickets.of(ticket_id):
            for number in range(_TRIES):
                ticket = known or await self.read(ticket_id)
                known = None
                change = decide(ticket)
                if change is None:
                    return ticket, None
                try:
                    return await self._apply(ticket, change), change
                except WriteConflict:
                    await asyncio.sleep(random.uniform(0, min(0.01 * number, 0.2)))  # noqa: S311
        raise Unavailable("This ticket is being changed by others; please try again.")

    async def _apply(self, ticket: StoredTicket, change: Change) -> StoredTicket:
        seq = ticket.seq + len(change.notices)
        fields = {"updated_at": change.moment, "seq": seq, **change.values}
        writes: list[Write] = []
        if change.event is not None:
            event = next_event(ticket, change.event, change.moment)
            fields |= {"events": ticket.events + 1, "last_hash": event.hash}
            writes = [Write(Verb.INSERT, event_row(event))]
        changed = ticket.model_copy(update=fields)
        row = ticket_row(ticket.id, fields)
        writes = [Write(Verb.MERGE, row, ticket.etag), *writes]
        etag = await self._write(ticket.created_by, writes, _counts(ticket, changed))
        return changed.model_copy(update={"etag": etag})

    async def _write(self, owner: str, writes: list[Write], counts: Mapping[str, int]) -> str:
        """Write all or nothing, counts included; the first write's new ETag.

        Raises WriteConflict for any write but the counter's, whose conflicts are settled here.
        """
        if not counts:
            return (await self._table.write(writes))[0]
        async with self._counters.borrow(owner) as shard:
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


def _counts(before: StoredTicket, after: StoredTicket) -> dict[str, int]:
    if before.status == after.status:
        return {}
    return {
        counter_name(before.status, before.task_type): -1,
        counter_name(after.status, after.task_type): 1,
    }
