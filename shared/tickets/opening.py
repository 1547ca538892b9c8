"""How a ticket comes into being.

The intent is written first, then what the ticket is opened with, then the ticket with its event and
count in one transaction, then the workflow is started. Whatever dies between these, the sweeper
completes or removes it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.accounts.principal import Principal
from shared.accounts.repository import Users
from shared.audit.chain import Actor, Draft
from shared.errors import Unavailable, WriteConflict
from shared.models import (
    Attachment,
    AuditAction,
    NewTicket,
    Source,
    StoredTicket,
    StoredUser,
)
from shared.models.clock import Clock
from shared.quotas.service import Quotas
from shared.storage.keys import new_ticket_id
from shared.storage.locks import Locks
from shared.tasks.dependencies import Dependencies
from shared.tasks.registry import find_task_type
from shared.telemetry.metrics import record
from shared.telemetry.names import Metric
from shared.telemetry.scope import facts_of, note
from shared.tickets.idempotency import IdempotencyKeys, Once
from shared.tickets.large_inputs.measuring import measure_inputs
from shared.tickets.large_inputs.saving import InputSaving
from shared.tickets.repository import Tickets
from shared.tickets.transaction import Claim, StoredBefore
from shared.tickets.validation import check_assignee, check_requester, check_task_data

API = {"source": Source.API}


class FileClaim(Claim, Protocol):
    """A file in Blob storage that one ticket is opened for; `origin` is what the ticket keeps of
    it."""

    @property
    def origin(self) -> Mapping[str, Any]: ...


class NewFiles(StoredBefore, Protocol):
    """Files that a ticket is opened with."""

    @property
    def attachments(self) -> list[Attachment]: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket as it was when it was opened, by this request or by an earlier one with its key."""

    ticket: StoredTicket
    _: KW_ONLY
    is_new: bool


class TicketOpening:
    """Opens tickets. `sweep_after` is in seconds: how long opening may take at most."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        keys: IdempotencyKeys,
        users: Users,
        quotas: Quotas,
        inputs: InputSaving,
        dependencies: Dependencies,
        sweep_after: float,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._dependencies = dependencies
        self._keys = keys
        self._users = users
        self._quotas = quotas
        self._inputs = inputs
        self._sweep_after = sweep_after
        self._clock = clock
        self._turns = Locks()

    async def open_ticket(
        self,
        principal: Principal,
        new: NewTicket,
        once: Once | None = None,
        files: NewFiles | None = None,
    ) -> Opened:
        """Store a new ticket of `principal`: two storage calls, one more for each of `once`, an
        assignment and limits, and those that its files need.

        Raises Forbidden, Invalid, TooLarge, QuotaExceeded, Unavailable.
        """
        owner, actor = principal.user, principal.actor
        check_requester(new.task_type, new.task_data, owner, self._dependencies)
        await check_task_data(new.task_type, new.task_data, self._dependencies)
        try:
            # An intent is taken for a dead one after twice this time.
            async with asyncio.timeout(self._sweep_after):
                if once is None:
                    return Opened(await self._create(owner, new, actor, None, files), is_new=True)
                async with self._turns.of(f"{once.user_id} {once.row_key}"):
                    return await self._create_once(owner, new, actor, once, files)
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def open_dropped(
        self, owner: StoredUser, new: NewTicket, files: NewFiles, drop: FileClaim
    ) -> StoredTicket | None:
        """Store a ticket for a file that its owner put into Blob storage; None when another process
        was faster. Raises Forbidden, Invalid, TooLarge, QuotaExceeded, Unavailable."""
        check_requester(new.task_type, new.task_data, owner, self._dependencies)
        await check_task_data(new.task_type, new.task_data, self._dependencies)
        try:
            async with asyncio.timeout(self._sweep_after):
                return await self._create(owner, new, Actor(), drop, files, drop.origin)
        except WriteConflict:
            return None
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def _create_once(
        self, owner: StoredUser, new: NewTicket, actor: Actor, once: Once, files: NewFiles | None
    ) -> Opened:
        used = await self._keys.find_used(once)
        if used is None:
            try:
                return Opened(await self._create(owner, new, actor, once, files), is_new=True)
            except WriteConflict:  # Another process was faster.
                used = await self._keys.find_used(once)
        if used is None:
            raise Unavailable("This request is being repeated; please try again.")
        first = _ticket(owner, new, used.created_at, used.ticket_id)
        known = {"attachments": used.attachments, "events": 1, "seq": 1}
        return Opened(first.model_copy(update=known), is_new=False)

    async def _create(
        self,
        owner: StoredUser,
        new: NewTicket,
        actor: Actor,
        claim: Claim | None,
        files: NewFiles | None,
        origin: Mapping[str, Any] = API,
    ) -> StoredTicket:
        inputs = measure_inputs(new.__dict__)
        await check_assignee(self._users, new.assigned_to)
        moment = self._clock.now()
        ticket = _ticket(owner, new, moment, new_ticket_id(owner.id, moment), origin)
        ticket.large_inputs = dict(inputs.large)
        note(facts_of(ticket))
        ticket.attachments = [] if files is None else files.attachments
        task_type = find_task_type(new.task_type)
        ticket.waits_for_files = task_type.must_wait(new.task_data, ticket.attachments)
        ticket = await self._quotas.admit(ticket, owner)
        created = {
            "title",
            "task_type",
            "priority",
            "status",
            "source",
            "assigned_to",
            "max_tokens",
            "attachments",
        }
        draft = Draft(
            AuditAction.TICKET_CREATED,
            actor,
            "Ticket created.",
            new_values=ticket.model_dump(mode="json", include=created),
        )
        first: list[StoredBefore] = [] if files is None else [files]
        if inputs.large:
            first.append(self._inputs.prepare(inputs))
        try:
            created_ticket = await self._tickets.create(ticket, draft, claim, first)
        except WriteConflict:  # There is a ticket for the claim already.
            await self._withdraw(ticket)
            raise
        record(Metric.TICKETS_OPENED, 1)
        return created_ticket.model_copy(update={**inputs.values, "shortened": []})

    async def _withdraw(self, ticket: StoredTicket) -> None:
        """It was counted, and is not opened."""
        if ticket.is_counted or ticket.are_files_counted:
            await self._quotas.withdraw(ticket.id, ticket.attempt)


def _ticket(
    owner: StoredUser,
    new: NewTicket,
    moment: datetime,
    ticket_id: str,
    origin: Mapping[str, Any] = API,
) -> StoredTicket:
    """The ticket as it is when it is opened, which follows from what is given."""
    return StoredTicket(
        id=ticket_id,
        created_by=owner.id,
        created_at=moment,
        updated_at=moment,
        assignment=1 if new.assigned_to else 0,
        **origin,
        **new.model_dump(),
    )
