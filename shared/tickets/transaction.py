"""One change of a ticket as storage sees it: its row, the copy by status, events, counts, intent,
with what lists it elsewhere written before and removed after.

What is written follows from the ticket, the change and its events: pure functions plan it, for a
new ticket, a changed one and one that goes. One method carries it out.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.audit.activity_hours import Activity
from shared.audit.chain import AuditChains, Draft
from shared.audit.rows import ticket_event_writes
from shared.clients.tables import Table, Write
from shared.errors import WriteConflict
from shared.models import AuditEvent, Message, Notice, Status, StoredTicket
from shared.storage.sharded_counters import Counters, counter_name
from shared.tickets.intents import Intent, Purpose, settle_write
from shared.tickets.listing.index import Index, IndexKey, listing_state_of
from shared.tickets.realtime.updates import due_notices, make_messages, update_writes
from shared.tickets.rows import delete_ticket, insert_ticket, merge_ticket


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


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a change writes. `ticket` is as it then is, without its new ETag."""

    ticket: StoredTicket
    moment: datetime
    _: KW_ONLY
    events: Sequence[AuditEvent]
    messages: list[Message] = field(default_factory=list)
    # In the partition of everybody, and in that of its assignee, before:
    listed: frozenset[IndexKey] = frozenset()
    left: frozenset[IndexKey] = frozenset()
    noted: Sequence[Write] = ()
    # In the owner's partition, the ticket's own row first, all or nothing:
    writes: Sequence[Write]
    counts: Mapping[str, int]
    # And where it was listed, after:
    stale: frozenset[IndexKey] = frozenset()
    settled: Sequence[Write] = ()


@dataclass(slots=True)
class Tries:
    """What the tries of one change have left behind: where they listed the ticket, and by the hash
    of the last event the messages of those whose answer may have been lost."""

    listed: set[IndexKey] = field(default_factory=set)
    sent: dict[str, list[Message]] = field(default_factory=dict)


class TicketTransaction:
    """Methods raise WriteConflict when somebody else wrote first, and Unavailable. What they give
    is the ticket as it then is, and the messages that tell of it."""

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
    ) -> tuple[StoredTicket | None, list[Message]]:
        """Store a new ticket with its first event, message and count: two storage calls, and
        between them those of what is stored `first`. None for the ticket when an earlier try took
        effect although its answer was lost, as the id is ours alone.

        Raises WriteConflict when there is a ticket for `claim` already; then nothing is left.
        """
        plan = _plan_opening(ticket, draft, claim, self._chains)
        try:
            return await self._carry_out(plan, first), plan.messages
        except WriteConflict as conflict:
            if claim is not None and conflict.index == len(plan.writes) - 1:  # It comes last.
                for one in first:
                    await one.clear(ticket.id)
                settled = [settle_write(ticket.id, Purpose.OPEN)]
                await self._index.remove(plan.listed, ticket.task_type, settled)
                raise
        return None, plan.messages

    async def apply(
        self, ticket: StoredTicket, change: TicketChange, tries: Tries
    ) -> tuple[StoredTicket, list[Message]]:
        """Change a ticket: a storage call, and two more when its status or assignee changes."""
        plan = _plan_change(ticket, change, tries.listed, self._chains)
        if plan.events:
            tries.sent[plan.ticket.last_hash] = plan.messages
        if plan.listed:
            tries.listed |= plan.listed | plan.stale
        return await self._carry_out(plan), plan.messages

    async def remove(self, ticket: StoredTicket, draft: Draft, moment: datetime) -> None:
        """Delete a ticket but not its events: three storage calls."""
        await self._carry_out(_plan_removal(ticket, draft, moment, self._chains))

    async def _carry_out(self, plan: _Plan, first: Sequence[StoredBefore] = ()) -> StoredTicket:
        """The ticket with its new ETag."""
        ticket, owner = plan.ticket, plan.ticket.created_by
        with self._activity.mark(owner, plan.events) as due:
            noted = [*plan.noted, *due]
            await self._index.add(plan.listed, ticket.task_type, plan.moment, noted, left=plan.left)
        for one in first:
            await one.store(ticket.id)
        etag = await self._counters.write(owner, plan.writes, plan.counts)
        self._chains.note_written(plan.events)
        await self._index.remove(plan.stale, ticket.task_type, plan.settled)
        return ticket.model_copy(update={"etag": etag})


def _plan_opening(
    ticket: StoredTicket, draft: Draft, claim: Claim | None, chains: AuditChains
) -> _Plan:
    events = chains.chain_events(ticket, [draft], ticket.created_at)
    trail = ticket_event_writes(events, ticket.created_by, ticket.sort_key)
    known = {"events": len(events), "last_hash": events[-1].hash, "seq": 1}
    ticket = ticket.model_copy(update=known)
    messages = make_messages(None, ticket, (Notice.TICKET_UPDATE,))
    told = update_writes(ticket, messages)
    standing = listing_state_of(ticket)
    noted = [Intent(Purpose.OPEN, standing, ticket.created_at).note()]
    writes = [*insert_ticket(ticket), *trail, *told]
    if claim is not None:
        noted += claim.reminders(ticket)
        writes.append(claim.note(ticket))
    return _Plan(
        ticket,
        ticket.created_at,
        events=events,
        messages=messages,
        listed=standing.places(),
        noted=noted,
        writes=writes,
        counts={_counter_of(ticket): 1},
    )


def _plan_change(
    ticket: StoredTicket, change: TicketChange, tried: Set[IndexKey], chains: AuditChains
) -> _Plan:
    """`tried` is where earlier tries have listed the ticket."""
    drafts = [*([change.event] if change.event else []), *change.more]
    events = chains.chain_events(ticket, drafts, change.moment)
    # An event that is there already has the number of one that somebody else wrote first.
    trail = ticket_event_writes(events, ticket.created_by, ticket.sort_key)
    notices = due_notices(ticket, change.notices, change.moment)
    fields = {"updated_at": change.moment, "seq": ticket.seq + len(notices), **change.values}
    if events:
        fields |= {"events": ticket.events + len(events), "last_hash": events[-1].hash}
    if Notice.PROCESSING_STATUS in notices:
        fields["progress_told_at"] = change.moment
    changed = ticket.model_copy(update=fields)
    messages = make_messages(ticket, changed, notices)
    told = update_writes(ticket, messages)
    before, after = listing_state_of(ticket).places(), listing_state_of(changed).places()
    # A ticket that begins has its intent until it ends: should this die before the ticket
    # itself has begun, the sweeper lists it as pending again.
    left = before - after if _begins(ticket, changed) else frozenset()
    ends = changed.has_ended and not ticket.has_ended
    return _Plan(
        changed,
        change.moment,
        events=events,
        messages=messages,
        listed=after - before,
        left=left,
        noted=_intend_opening(ticket, changed),
        writes=[*merge_ticket(ticket, changed, fields), *trail, *told],
        counts=_count_change(ticket, changed),
        stale=(before | tried) - after - left,
        settled=[settle_write(ticket.id, Purpose.OPEN)] if ends else [],
    )


def _plan_removal(
    ticket: StoredTicket, draft: Draft, moment: datetime, chains: AuditChains
) -> _Plan:
    events = chains.chain_events(ticket, [draft], moment)
    trail = ticket_event_writes(events, ticket.created_by, ticket.sort_key)
    standing = listing_state_of(ticket)
    return _Plan(
        ticket,
        moment,
        events=events,
        noted=[Intent(Purpose.DELETE, standing, moment, actor=draft.actor).note()],
        writes=[*delete_ticket(ticket), *trail],
        counts={_counter_of(ticket): -1},
        stale=standing.places(),
        settled=[settle_write(ticket.id, Purpose.OPEN)],
    )


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


def _count_change(before: StoredTicket, after: StoredTicket) -> dict[str, int]:
    if before.status is after.status:
        return {}
    return {_counter_of(before): -1, _counter_of(after): 1}


def _counter_of(ticket: StoredTicket) -> str:
    return counter_name(ticket.status, ticket.task_type)
