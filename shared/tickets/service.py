"""What people may do to tickets that are there: change, cancel and repeat them."""

import asyncio
from typing import Any

from shared.accounts.principal import Principal
from shared.accounts.repository import Users
from shared.errors import Unavailable
from shared.models import StoredTicket, StoredUser, TicketChanges
from shared.models.clock import Clock
from shared.quotas.service import Quotas
from shared.tasks.dependencies import Dependencies
from shared.tickets import user_changes
from shared.tickets.access import TicketAccess
from shared.tickets.large_inputs.measuring import measure_inputs
from shared.tickets.large_inputs.saving import InputSaving
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.permissions import Right
from shared.tickets.repository import Tickets
from shared.tickets.user_changes import Expects
from shared.tickets.validation import check_assignee, check_requester, check_task_data


class TicketService:
    """Answers the ticket as it is after the change; whoever calls sees to its workflow.

    An intent is taken for a dead one after `sweep_after` seconds.
    """

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        users: Users,
        quotas: Quotas,
        large_inputs: LargeInputs,
        saving: InputSaving,
        dependencies: Dependencies,
        sweep_after: float,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._access = access
        self._users = users
        self._quotas = quotas
        self._large_inputs = large_inputs
        self._saving = saving
        self._dependencies = dependencies
        self._sweep_after = sweep_after
        self._clock = clock

    async def edit(
        self, principal: Principal, ticket_id: str, changes: TicketChanges, expects: Expects
    ) -> StoredTicket:
        """Two storage calls, and those that an assignment, cancelling, large inputs or another's
        task_data need.

        Raises NotFound, Forbidden, Invalid, TooLarge, Conflict, PreconditionFailed.
        """
        inputs = measure_inputs(changes.dump_given())
        only_assigns = changes.model_fields_set == {"assigned_to"}
        right = Right.REASSIGN if only_assigns else Right.EDIT
        ticket = await self._access.read(principal, ticket_id, right)
        if "task_data" in changes.model_fields_set:
            owner = await self._find_owner(principal, ticket)
            self._check_requesters(principal, owner, ticket.task_type, changes.task_data)
            await check_task_data(ticket.task_type, changes.task_data, self._dependencies)
        if "assigned_to" in changes.model_fields_set:
            await check_assignee(self._users, changes.assigned_to)
        decide = user_changes.edit(changes, inputs, principal.actor, expects, self._clock.now())
        return await self._saving.change(ticket, decide, inputs)

    async def cancel(self, principal: Principal, ticket_id: str) -> StoredTicket:
        """Raises NotFound, Forbidden, Conflict."""
        ticket = await self._access.read(principal, ticket_id, Right.CANCEL)
        return await self._tickets.change(
            ticket.id, user_changes.cancel(principal.actor, self._clock.now()), ticket
        )

    async def reprocess(
        self, principal: Principal, ticket_id: str, task_data: dict[str, Any] | None = None
    ) -> StoredTicket:
        """Raises NotFound, Forbidden, Invalid, TooLarge, QuotaExceeded, Conflict."""
        inputs = measure_inputs({} if task_data is None else {"task_data": task_data})
        ticket = await self._access.read(principal, ticket_id, Right.REPROCESS)
        owner = await self._find_owner(principal, ticket)
        if task_data is None:
            ticket = await self._large_inputs.complete(ticket)
        data = ticket.task_data if task_data is None else task_data
        self._check_requesters(principal, owner, ticket.task_type, data)
        if task_data is not None:
            await check_task_data(ticket.task_type, task_data, self._dependencies)
        try:
            # The intent that this leaves is taken for a dead one after this time.
            async with asyncio.timeout(self._sweep_after):
                is_counted = await self._count_attempt(ticket, owner)
                decide = user_changes.reprocess(
                    data, inputs, principal.actor, self._clock.now(), is_counted=is_counted
                )
                return await self._saving.change(ticket, decide, inputs)
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def _count_attempt(self, ticket: StoredTicket, owner: StoredUser) -> bool:
        """Count the attempt after that of a ticket which has ended; whether it is counted. Should
        it not come to be, the sweeper of holds notices. Raises QuotaExceeded."""
        if not ticket.has_ended:
            return ticket.is_counted
        following = ticket.model_copy(update={"attempt": ticket.attempt + 1})
        return (await self._quotas.admit(following, owner)).is_counted

    async def _find_owner(self, principal: Principal, ticket: StoredTicket) -> StoredUser:
        """Of an owner who is gone the ticket is that of who asks."""
        if ticket.created_by == principal.id:
            return principal.user
        return await self._users.recent(ticket.created_by) or principal.user

    def _check_requesters(
        self,
        principal: Principal,
        owner: StoredUser,
        task_type: str,
        task_data: dict[str, Any],
    ) -> None:
        """Who asks for it must be allowed to, and who then reads the result."""
        for user in {principal.id: principal.user, owner.id: owner}.values():
            check_requester(task_type, task_data, user, self._dependencies)
