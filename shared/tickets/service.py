"""What people may do to tickets that are there: change, cancel, repeat and delete them."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.accounts.principal import Principal
from shared.accounts.repository import Users
from shared.clients.blobs import Container
from shared.clients.side_by_side import gather_within
from shared.clients.upload_containers import UploadContainers
from shared.errors import NotFound, Unavailable
from shared.models import StoredTicket, TicketChanges
from shared.models.clock import Clock
from shared.tasks.dependencies import Dependencies
from shared.tickets import user_changes
from shared.tickets.access import TicketAccess
from shared.tickets.attempts import Attempt
from shared.tickets.intents import Intent
from shared.tickets.permissions import Right
from shared.tickets.repository import Tickets
from shared.tickets.user_changes import Expects
from shared.tickets.validation import check_assignee, check_requester, check_task_data
from shared.tickets.workflow_port import WorkflowClient

_BLOBS = ("work", "results", "attachments", "texts")
_DELETES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Times:
    """In seconds: after how long an intent is taken for a dead one, and how long an activity may
    still be at work on a ticket that was deleted."""

    sweep_after: float
    linger: float


class TicketService:
    """Answers the ticket as it is after the change; whoever calls sees to its workflow."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        container: Container,
        users: Users,
        landing: UploadContainers,
        dependencies: Dependencies,
        times: Times,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._access = access
        self._container = container
        self._users = users
        self._dependencies = dependencies
        self._landing = landing
        self._times = times
        self._clock = clock

    async def edit(
        self, principal: Principal, ticket_id: str, changes: TicketChanges, expects: Expects
    ) -> StoredTicket:
        """Two storage calls, and those that an assignment or cancelling needs.

        Raises NotFound, Forbidden, Invalid, TooLarge, Conflict, PreconditionFailed.
        """
        only_assigns = changes.model_fields_set == {"assigned_to"}
        right = Right.REASSIGN if only_assigns else Right.EDIT
        ticket = await self._access.read(principal, ticket_id, right)
        if "task_data" in changes.model_fields_set:
            await check_task_data(ticket.task_type, changes.task_data, self._dependencies)
        if "assigned_to" in changes.model_fields_set:
            await check_assignee(self._users, changes.assigned_to)
        decide = user_changes.edit(changes, principal.actor, expects, self._clock.now())
        return await self._tickets.change(ticket.id, decide, ticket)

    async def cancel(self, principal: Principal, ticket_id: str) -> StoredTicket:
        """Raises NotFound, Forbidden, Conflict."""
        ticket = await self._access.read(principal, ticket_id, Right.CANCEL)
        return await self._tickets.change(
            ticket.id, user_changes.cancel(principal.actor, self._clock.now()), ticket
        )

    async def reprocess(
        self, principal: Principal, ticket_id: str, task_data: dict[str, Any] | None = None
    ) -> StoredTicket:
        """Raises NotFound, Forbidden, Invalid, TooLarge, Conflict."""
        ticket = await self._access.read(principal, ticket_id, Right.REPROCESS)
        await self._check_requesters(principal, ticket)
        if task_data is not None:
            await check_task_data(ticket.task_type, task_data, self._dependencies)
        try:
            # The intent that this leaves is taken for a dead one after this time.
            async with asyncio.timeout(self._times.sweep_after):
                decide = user_changes.reprocess(principal.actor, self._clock.now(), task_data)
                return await self._tickets.change(ticket.id, decide, ticket)
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def _check_requesters(self, principal: Principal, ticket: StoredTicket) -> None:
        """Who asks for it again must be allowed to, and who then reads the result."""
        owner = await self._users.recent(ticket.created_by)
        for user in filter(None, {principal.id: principal.user, ticket.created_by: owner}.values()):
            check_requester(ticket.task_type, user, self._dependencies)

    async def delete(self, principal: Principal, ticket_id: str) -> StoredTicket:
        """The ticket as it was: its rows are gone, its blobs as well; its intent, which stays for
        a while, sees to what an activity that is still at work may leave.

        Raises NotFound, Forbidden.
        """
        ticket = await self._access.read(principal, ticket_id, Right.DELETE)
        if ticket.blob_path:
            await self._landing.delete(ticket.blob_path, ticket.blob_etag)
        ticket = await self._tickets.delete(
            ticket_id,
            lambda seen: user_changes.delete(seen, principal.actor),
            self._clock.now(),
        )
        await self._clear(ticket_id, ticket.attempt)
        return ticket

    async def settle(self, intent: Intent, workflow: WorkflowClient) -> None:
        """Bring a deletion that may have died half-way to its end, which takes that its workflows
        are gone and no activity can be at work any more."""
        attempts = intent.standing.attempt
        is_purged = await workflow.purge(intent.ticket_id, attempts)
        with suppress(NotFound):  # That far it had come.
            await self._tickets.delete(
                intent.ticket_id,
                lambda seen: user_changes.delete(seen, intent.actor),
                self._clock.now(),
            )
        await self._clear(intent.ticket_id, attempts)
        if (
            is_purged
            and intent.created_at + timedelta(seconds=self._times.linger) <= self._clock.now()
        ):
            await self._tickets.forget(intent)

    async def _clear(self, ticket_id: str, attempts: int) -> None:
        """Delete every blob and message of a ticket, and what is remembered of its documents."""
        await self._tickets.delete_updates(ticket_id)
        for number in range(1, attempts + 1):
            for answer in await Attempt(self._container, ticket_id, number).answers():
                await self._container.delete(answer)
        listed = (self._container.names(f"{kind}/{ticket_id}/") for kind in _BLOBS)
        names = [name for found in await asyncio.gather(*listed) for name in found]
        await gather_within(_DELETES_AT_ONCE, self._container.delete, names)
