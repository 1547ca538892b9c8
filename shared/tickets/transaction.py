"""One change of a ticket as storage sees it: its row, the copy by status, events, counts, intent,
with what lists it elsewhere written before and removed after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.audit.activity_hours import Activity
from shared.audit.chain import AuditChains, Draft
from shared.audit.rows import ticket_event_writes
from shared.clients.tables import Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import AuditEvent, Message, Notice, Status, StoredTicket
from shared.storage.sharded_counters import Counters, counter_name
from shared.tickets.intents import Intent, Purpose, settle_write
from shared.tickets.listing.index import Index, IndexKey, listing_state_of
from shared.tickets.realtime.updates import due_notices, make_messages, update_writes
from shared.tickets.rows import status_row, ticket_row


@dataclass(frozen=True, slots=True)
class TicketChange:
    """New values of a ticket, what the audit trail says of it, and which realtime messages
    will tell it: each takes the next number of the ticket. `more` are events after the first."""

    values: Mapping[str, Any]
    event: Draft | None = None
    notices: tuple[Notice, ...] = ()
    _: KW_ONLY
    moment: datetime
    more: tuple[Draft, ...] = ()


class Claim(Protocol):
    """What only one ticket may be opened for: its row is written with the ticket, `reminders` of it
    before."""

    def note(self, ticket: StoredTicket) -> Write: ...

    def reminders(self, ticket: StoredTicket) -> list[Write]: ...


class StoredBefore(Protocol):
    """What is stored before a ticket that is opened with it names it."""

    async def store(self, ticket_id: str) -> None:
        """Raises Unavailable."""

    async def clear(self, ticket_id: str) -> None:
        """The ticket was not opened. Doing it again does no harm. Raises Unavailable."""


class TicketTransaction:
    """Methods raise WriteConflict when somebody else wrote first, and Unavailable."""

    def __init__(
        self, *, table: Table, counters: Counters, index: Index, chains: AuditChains
    ) -> None:
        self._chains = chains
        self._counters = counters
        self._index = index
        self._activity = Activity(table)

    async def insert(
        self,
        ticket: StoredTicket,
        draft: Draft,
        claim: Claim | None,
        first: Sequence[StoredBefore],
    ) -> tuple[StoredTicket, list[Message]] | None:
        """Store a new ticket with its first event, message and count: two storage calls, and
        between them those of what is stored `first`. None when an earlier try took effect although
        its answer was lost, as the id is ours alone.

        Raises WriteConflict when there is a ticket for `claim` already.
        """
        owner, moment = ticket.created_by, ticket.created_at
        event = self._chains.next_event(ticket, draft, moment)
        ticket = ticket.model_copy(update={"events": 1, "last_hash": event.hash, "seq": 1})
        messages = make_messages(None, ticket, (Notice.TICKET_UPDATE,))
        writes = [
            Write(Verb.INSERT, ticket_row(ticket.id, ticket.__dict__)),
            *ticket_event_writes(event),
            *update_writes(ticket.id, messages),
            Write(Verb.INSERT, status_row(ticket.id, ticket.status, ticket.__dict__)),
        ]
        reminders = claim.reminders(ticket) if claim else []
        also = [opening_of(ticket).note(), *reminders, *self._activity.due(owner, moment)]
        await self._index.add(listing_state_of(ticket).places(), ticket.task_type, moment, also)
        self._activity.remember_mark(owner, moment)
        for one in first:
            await one.store(ticket.id)
        counts = {counter_name(ticket.status, ticket.task_type): 1}
        try:
            every = [*writes, *([claim.note(ticket)] if claim else [])]
            etag = await self._counters.write(owner, every, counts)
        except WriteConflict as conflict:
            if conflict.index == len(writes):  # The claim, which comes last, is another ticket's.
                raise
            return None
        self._chains.note_written([event])
        return ticket.model_copy(update={"etag": etag}), messages

    async def apply(
        self,
        ticket: StoredTicket,
        change: TicketChange,
        tried: set[IndexKey],
        sent: dict[str, list[Message]],
    ) -> tuple[StoredTicket, list[Message]]:
        """The ticket after `change`, and the messages that tell of it.

        Notes in `tried` what is listed, and in `sent` the hash by which a change is known.
        """
        events = self._chain_events(ticket, change)
        changed, writes, messages = _write_change(ticket, change, events)
        if change.event is not None:
            sent[changed.last_hash] = messages
        before, after = listing_state_of(ticket).places(), listing_state_of(changed).places()
        # A ticket that begins has its intent until it ends: should this die before the ticket
        # itself has begun, the sweeper lists it as pending again.
        left = before - after if _begins(ticket, changed) else frozenset()
        if after - before:
            also = _intend_opening(ticket, changed)
            moment = change.moment
            await self._index.add(after - before, ticket.task_type, moment, also, left=left)
            tried |= (before | after) - left
        if change.event is not None:
            await self._activity.mark(ticket.created_by, change.moment)
        etag = await self._counters.write(ticket.created_by, writes, _counts(ticket, changed))
        self._chains.note_written(events)
        stale = (before | tried) - after - left
        if stale:
            ends = changed.has_ended and not ticket.has_ended
            also = [settle_write(ticket.id, Purpose.OPEN)] if ends else []
            await self._index.remove(stale, ticket.task_type, also)
        return changed.model_copy(update={"etag": etag}), messages

    def _chain_events(self, ticket: StoredTicket, change: TicketChange) -> list[AuditEvent]:
        """What the audit trail says of `change`, each event after the one before."""
        events = []
        for draft in [*([change.event] if change.event else []), *change.more]:
            event = self._chains.next_event(ticket, draft, change.moment)
            ticket = ticket.model_copy(
                update={"events": ticket.events + 1, "last_hash": event.hash}
            )
            events.append(event)
        return events

    async def remove(self, ticket: StoredTicket, draft: Draft, moment: datetime) -> None:
        stands = listing_state_of(ticket)
        intent = Intent(Purpose.DELETE, stands, moment, actor=draft.actor)
        also = [intent.note(), *self._activity.due(ticket.created_by, moment)]
        await self._index.add((), ticket.task_type, moment, also)
        self._activity.remember_mark(ticket.created_by, moment)
        row = ticket_row(ticket.id, {})
        event = self._chains.next_event(ticket, draft, moment)
        writes = [
            Write(Verb.DELETE, row, ticket.etag),
            Write(Verb.DELETE, status_row(ticket.id, ticket.status, {})),
            *ticket_event_writes(event),
        ]
        counts = {counter_name(ticket.status, ticket.task_type): -1}
        await self._counters.write(ticket.created_by, writes, counts)
        self._chains.note_written([event])
        await self._index.remove(
            stands.places(), ticket.task_type, [settle_write(ticket.id, Purpose.OPEN)]
        )


def opening_of(ticket: StoredTicket) -> Intent:
    """The trace of a ticket that has been stored and whose workflow has not yet begun."""
    return Intent(Purpose.OPEN, listing_state_of(ticket), ticket.created_at)


def _write_change(
    ticket: StoredTicket, change: TicketChange, events: Sequence[AuditEvent]
) -> tuple[StoredTicket, list[Write], list[Message]]:
    """The ticket after `change`, the writes that make it so, the ticket's own row first, and the
    messages that tell of it."""
    notices = due_notices(ticket, change.notices, change.moment)
    seq = ticket.seq + len(notices)
    fields = {"updated_at": change.moment, "seq": seq, **change.values}
    if Notice.PROCESSING_STATUS in notices:
        fields["progress_told_at"] = change.moment
    if events:
        fields |= {"events": ticket.events + len(events), "last_hash": events[-1].hash}
    changed = ticket.model_copy(update=fields)
    # Only the ticket's own row carries an ETag: its copy and its events change with it or not at
    # all, and an event that is there already has the number of one that somebody else wrote first.
    if changed.status is ticket.status:
        copies = [Write(Verb.MERGE, status_row(ticket.id, ticket.status, fields))]
    else:
        copies = [
            Write(Verb.DELETE, status_row(ticket.id, ticket.status, {})),
            Write(Verb.INSERT, status_row(ticket.id, changed.status, changed.__dict__)),
        ]
    own = Write(Verb.MERGE, ticket_row(ticket.id, fields), ticket.etag)
    messages = make_messages(ticket, changed, notices)
    trail = [write for event in events for write in ticket_event_writes(event)]
    return changed, [own, *copies, *trail, *update_writes(ticket.id, messages)], messages


def _begins(before: StoredTicket, after: StoredTicket) -> bool:
    return before.status is Status.PENDING and after.status is Status.PROCESSING


def _intend_opening(before: StoredTicket, after: StoredTicket) -> list[Write]:
    """A ticket that becomes pending (again) needs a workflow, which a crash may prevent; one that
    has waited for files lost the intent to open it when its wait began."""
    if _begins(before, after) and before.waits_for_files:
        return [Intent(Purpose.OPEN, listing_state_of(before), after.updated_at).note()]
    if after.status is not Status.PENDING or before.status is Status.PENDING:
        return []
    return [Intent(Purpose.OPEN, listing_state_of(after), after.updated_at).note()]


def _counts(before: StoredTicket, after: StoredTicket) -> dict[str, int]:
    if before.status == after.status:
        return {}
    return {
        counter_name(before.status, before.task_type): -1,
        counter_name(after.status, after.task_type): 1,
    }
