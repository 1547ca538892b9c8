"""How a ticket comes into being, and how one that was left half-way is brought in.

The intent is written first, then the ticket with its event and count in one transaction, then the
workflow is started. Whatever dies between these, the sweeper completes or removes it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.accounts.repository import Users
from shared.audit.chain import Actor, Draft
from shared.errors import NotFound, Unavailable, WriteConflict
from shared.models import (
    Attachment,
    AuditAction,
    NewTicket,
    Source,
    Status,
    StoredTicket,
    User,
    now,
    validated,
)
from shared.storage.keys import new_ticket_id
from shared.storage.locks import Locks
from shared.tasks import task_of
from shared.tickets.idempotency import IdempotencyKeys, Once
from shared.tickets.intents import Intent, Intents, Purpose
from shared.tickets.repository import Tickets
from shared.tickets.transaction import Claim
from shared.tickets.validation import check_assignee, check_task_data

log = logging.getLogger(__name__)

Start = Callable[[StoredTicket], Awaitable[None]]
API = {"source": Source.API}
Settle = Callable[[Intent], Awaitable[None]]


class FileClaim(Claim, Protocol):
    """A file in Blob storage that one ticket is opened for; `origin` is what the ticket keeps of
    it."""

    @property
    def origin(self) -> Mapping[str, Any]: ...


class NewFiles(Protocol):
    """Files that a ticket is opened with: they are stored before the ticket names them."""

    @property
    def attachments(self) -> list[Attachment]: ...

    async def store(self, ticket: StoredTicket) -> Intent:
        """The trace that storing leaves. Raises Unavailable."""

    async def clear(self, ticket_id: str) -> None:
        """The ticket was not opened."""

    async def forget(self, intent: Intent) -> None:
        """The ticket names them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket as it was when it was opened, by this request or by an earlier one with its key."""

    ticket: StoredTicket
    is_new: bool


class TicketOpening:
    """Opens tickets. `sweep_after` is in seconds: how long opening may take at most."""

    def __init__(
        self,
        tickets: Tickets,
        intents: Intents,
        keys: IdempotencyKeys,
        users: Users,
        sweep_after: float,
    ) -> None:
        self._tickets = tickets
        self._intents = intents
        self._keys = keys
        self._users = users
        self._sweep_after = sweep_after
        self._turns = Locks()

    async def open_ticket(
        self,
        caller: User,
        body: Any,
        actor: Actor,
        once: Once | None = None,
        files: NewFiles | None = None,
    ) -> Opened:
        """Store a new ticket of `caller`: two storage calls, one more for each of `once` and an
        assignment, and those that its files need.

        Raises Invalid, TooLarge, Unavailable.
        """
        new = validated(NewTicket, body)
        check_task_data(new.task_type, new.task_data)
        try:
            # An intent is taken for a dead one after twice this time.
            async with asyncio.timeout(self._sweep_after):
                if once is None:
                    return Opened(await self._create(caller, new, actor, None, files), is_new=True)
                async with self._turns.of(f"{once.user_id} {once.row_key}"):
                    return await self._create_once(caller, new, actor, once, files)
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def open_dropped(
        self, owner: User, new: NewTicket, files: NewFiles, drop: FileClaim
    ) -> StoredTicket | None:
        """Store a ticket for a file that its owner put into Blob storage; None when another process
        was faster. Raises Invalid, TooLarge, Unavailable."""
        check_task_data(new.task_type, new.task_data)
        try:
            async with asyncio.timeout(self._sweep_after):
                return await self._create(owner, new, Actor(), drop, files, drop.origin)
        except WriteConflict:
            return None
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def _create_once(
        self, caller: User, new: NewTicket, actor: Actor, once: Once, files: NewFiles | None
    ) -> Opened:
        used = await self._keys.used(once)
        if used is None:
            try:
                return Opened(await self._create(caller, new, actor, once, files), is_new=True)
            except WriteConflict:  # Another process was faster.
                used = await self._keys.used(once)
        if used is None:
            raise Unavailable("This request is being repeated; please try again.")
        first = _ticket(caller, new, used.created_at, used.ticket_id)
        known = {"attachments": used.attachments, "events": 1, "seq": 1}
        return Opened(first.model_copy(update=known), is_new=False)

    async def _create(
        self,
        caller: User,
        new: NewTicket,
        actor: Actor,
        claim: Claim | None,
        files: NewFiles | None,
        origin: Mapping[str, Any] = API,
    ) -> StoredTicket:
        await check_assignee(self._users, new.assigned_to)
        moment = now()
        ticket = _ticket(caller, new, moment, new_ticket_id(caller.id, moment), origin)
        if files is None:
            ticket.waits_for_files = task_of(new.task_type).NEEDS_FILES
        else:
            ticket.attachments = files.attachments
        created = {
            "title",
            "task_type",
            "priority",
            "status",
            "source",
            "assigned_to",
            "attachments",
        }
        draft = Draft(
            AuditAction.TICKET_CREATED,
            actor,
            "Ticket created.",
            new_values=ticket.model_dump(mode="json", include=created),
        )
        if files is None:
            return await self._tickets.create(ticket, draft, claim)
        intent = await files.store(ticket)
        try:
            created_ticket = await self._tickets.create(ticket, draft, claim)
        except WriteConflict:
            await files.clear(ticket.id)
            raise
        await files.forget(intent)
        return created_ticket

    async def sweep(self, start: Start, delete: Settle, files: Settle) -> int:
        """Look at every intent that should have been gone by now; how many there were.

        Raises nothing for a single one: the others must have their turn.
        """
        moment = now()
        late = [intent for intent in await self._intents.all() if self._age(intent, moment) >= 1]
        for intent in late:
            try:
                if intent.purpose is Purpose.DELETE:
                    await delete(intent)
                elif intent.purpose is Purpose.FILES:
                    await files(intent)
                else:
                    await self._settle(intent, moment, start)
            except Unavailable:
                log.warning("Storage is away: ticket %s waits for the next sweep", intent.ticket_id)
        return len(late)

    async def _settle(self, intent: Intent, moment: datetime, start: Start) -> None:
        """Start what is stored and pending; remove what has moved on or never came to be."""
        try:
            ticket = await self._tickets.read(intent.ticket_id)
        except NotFound:
            if self._age(intent, moment) >= 2:
                log.warning("Ticket %s was never stored: its intent goes", intent.ticket_id)
                await self._tickets.forget(intent)
            return
        if ticket.status is Status.PENDING:
            await start(ticket)
        else:
            await self._tickets.forget(intent, ticket)

    def _age(self, intent: Intent, moment: datetime) -> float:
        """In units of the time that opening may take."""
        return (moment - intent.created_at) / timedelta(seconds=self._sweep_after)


def _ticket(
    caller: User,
    new: NewTicket,
    moment: datetime,
    ticket_id: str,
    origin: Mapping[str, Any] = API,
) -> StoredTicket:
    """The ticket as it is when it is opened, which follows from what is given."""
    return StoredTicket(
        id=ticket_id,
        created_by=caller.id,
        created_at=moment,
        updated_at=moment,
        assignment=1 if new.assigned_to else 0,
        **origin,
        **new.model_dump(),
    )
