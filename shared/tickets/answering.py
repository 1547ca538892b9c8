"""The replies of people to tickets that ask."""

from contextlib import suppress
from typing import Any

from shared.accounts.principal import Principal
from shared.errors import Conflict, Invalid, NotFound, TooLarge
from shared.models import Inquiry, StoredTicket, TicketAnswer
from shared.models.clock import Clock
from shared.tasks.registry import find_task_type
from shared.text.strict_json import dumps
from shared.tickets import user_changes
from shared.tickets.access import TicketAccess
from shared.tickets.intents import Intent, Intents, Purpose
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.listing.index import listing_state_of
from shared.tickets.permissions import Right
from shared.tickets.repository import Tickets
from shared.tickets.workflow_port import WorkflowClient

_MAX_BYTES = 30_000
"""Of all answers of an attempt as JSON; they lie in a column of the ticket's row."""


class TicketAnswering:
    """Takes an answer once, however often it is sent, and tells the workflow that waits for it."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        large_inputs: LargeInputs,
        intents: Intents,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._access = access
        self._large_inputs = large_inputs
        self._intents = intents
        self._clock = clock

    async def answer(
        self, principal: Principal, ticket_id: str, given: TicketAnswer, workflow: WorkflowClient
    ) -> StoredTicket:
        """The ticket, whose work goes on: four storage calls.

        Raises NotFound, Forbidden, Invalid, TooLarge, and Conflict where nothing is asked.
        """
        ticket = await self._access.read(principal, ticket_id, Right.EDIT)
        name = ticket.inquiry
        if ticket.question is None:
            if ticket.answers.get(name) != given.answer:
                raise Conflict(user_changes.NOT_ASKING)
            return ticket
        _check(await self._large_inputs.complete(ticket), ticket.question, given.answer)
        at = self._clock.now()
        # An event that is lost with this process is raised again by the sweeper.
        intent = Intent(Purpose.ANSWER, listing_state_of(ticket), at, actor=principal.actor)
        await self._intents.add(intent)
        decide = user_changes.answer(name, given.answer, principal.actor, at)
        ticket = await self._tickets.change(ticket_id, decide, ticket)
        await self._tell(ticket, intent, workflow)
        return ticket

    async def settle(self, intent: Intent, workflow: WorkflowClient) -> None:
        """Tell a workflow what it may not have been told of."""
        ticket = None
        with suppress(NotFound):
            ticket = await self._tickets.read(intent.ticket_id)
        if ticket is None or ticket.inquiry not in ticket.answers:
            await self._intents.drop(intent)
            return
        await self._tell(ticket, intent, workflow)

    async def _tell(self, ticket: StoredTicket, intent: Intent, workflow: WorkflowClient) -> None:
        if await workflow.signal_answer(ticket):
            await self._intents.drop(intent)


def _check(ticket: StoredTicket, question: Inquiry, answer: Any) -> None:
    """Raises Invalid, TooLarge."""
    task_type = find_task_type(ticket.task_type)
    try:
        task_type.check_answer(task_type.data.model_validate(ticket.task_data), question, answer)
    except ValueError as error:
        fault = {"loc": ["answer"], "msg": str(error), "type": "answer"}
        raise Invalid(f"answer: {error}", [fault]) from None
    size = len(dumps([*ticket.answers.values(), answer]))
    if size > _MAX_BYTES:
        raise TooLarge(f"The answer is too long: {size} bytes, where {_MAX_BYTES} are allowed.")
