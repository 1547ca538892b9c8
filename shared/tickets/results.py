"""Tickets as their readers see them."""

import asyncio
from typing import Any

from shared.accounts.principal import Principal
from shared.clients.blobs import Container
from shared.errors import Conflict, NoSuchFormat
from shared.models import (
    AuditAction,
    AuditEvent,
    Message,
    ResultQuery,
    Role,
    StoredTicket,
    Timeline,
)
from shared.storage.compressed import unpack
from shared.storage.schemas import SCHEMA, StoredKind, upgrade
from shared.tasks.registry import find_task_type
from shared.tasks.saved_formats import load_format
from shared.tickets.access import TicketAccess
from shared.tickets.attempts import Attempt
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.permissions import Right
from shared.tickets.rendering.course import describe_course
from shared.tickets.rendering.files import (
    ResultFile,
    ResultFormat,
    file_of,
    form_of,
    is_saved,
    render_result,
    takes_section,
)
from shared.tickets.repository import Tickets
from shared.tickets.statistics.timeline import recall_attempt, tell_course


class TicketQueries:
    """Answers what may be read, with everything that belongs to it."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        large_inputs: LargeInputs,
        container: Container,
    ) -> None:
        self._tickets = tickets
        self._access = access
        self._large_inputs = large_inputs
        self._container = container

    async def ticket(self, principal: Principal, ticket_id: str) -> StoredTicket:
        """A ticket as its row has it: one storage call. Raises NotFound."""
        return await self._access.read(principal, ticket_id, Right.READ)

    async def events(self, principal: Principal, ticket_id: str) -> list[AuditEvent]:
        """What happened to a ticket, oldest first; what failed inside is for admins. Raises
        NotFound."""
        await self.ticket(principal, ticket_id)
        events = await self._tickets.events(ticket_id)
        return events if principal.user.role is Role.ADMIN else [*map(_hide_inside, events)]

    async def updates(self, principal: Principal, ticket_id: str, after: int) -> list[Message]:
        """The realtime messages about a ticket after the number `after`, up to 1,000: two storage
        calls. Raises NotFound."""
        await self.ticket(principal, ticket_id)
        return await self._tickets.updates(ticket_id, after)

    async def timeline(self, principal: Principal, ticket_id: str) -> Timeline:
        """The course of the present attempt: two storage calls. Raises NotFound."""
        ticket = await self.ticket(principal, ticket_id)
        attempt = Attempt(self._container, ticket.id, ticket.attempt)
        has_faults = principal.user.role is Role.ADMIN
        return tell_course(ticket, *await attempt.course(), has_faults=has_faults)

    async def complete(self, ticket: StoredTicket) -> StoredTicket:
        """The ticket with its inputs whole and its result, if there is one: a storage call more
        for each that is long, at once."""
        reading = self._large_inputs.complete(ticket), self.with_result(ticket)
        whole, shown = await asyncio.gather(*reading)
        return whole.model_copy(update={"result_data": shown.result_data})

    async def with_result(self, ticket: StoredTicket) -> StoredTicket:
        """The ticket with its result, if there is one: one more storage call for a long one."""
        if ticket.result or not ticket.result_attempt:
            return show_in_list(ticket)
        attempt = Attempt(self._container, ticket.id, ticket.result_attempt)
        return ticket.model_copy(update={"result_data": _as_result(await attempt.result())})

    async def result(self, principal: Principal, ticket_id: str, query: ResultQuery) -> ResultFile:
        """The result in the form that is asked for, or as much of it as there is; a report says at
        its end what took how long. Raises NotFound, NoSuchFormat, Conflict."""
        ticket = await self.ticket(principal, ticket_id)
        form = form_of(ticket.task_type, query.format)
        if query.partial and ticket.result_attempt != ticket.attempt:
            return await render_result(await self._with_partial_result(ticket), form)
        if not ticket.result_attempt:
            raise Conflict(f"This ticket is {ticket.status.value}; there is no result of it.")
        if not is_saved(ticket.task_type, form):
            shown, section = await asyncio.gather(
                self.with_result(ticket), self._describe_course(ticket, form)
            )
            return await render_result(shown, form, section)
        attempt = Attempt(self._container, ticket.id, ticket.result_attempt)
        content = await load_format(attempt, form)
        if content is None:
            raise NoSuchFormat(f"Nothing in this result can be shown as {form.value}.")
        return file_of(ticket, form, content)

    async def _describe_course(self, ticket: StoredTicket, form: ResultFormat) -> str:
        """What took how long on the way to the result, where the form takes that: one storage
        call."""
        if not takes_section(ticket.task_type, form):
            return ""
        attempt = Attempt(self._container, ticket.id, ticket.result_attempt)
        steps, calls = await attempt.course()
        return describe_course(tell_course(recall_attempt(ticket, steps), steps, calls))

    async def _with_partial_result(self, ticket: StoredTicket) -> StoredTicket:
        """The ticket with what there is of the result of its current attempt."""
        made = await find_task_type(ticket.task_type).assemble_partial(
            await self._large_inputs.complete(ticket),
            Attempt(self._container, ticket.id, ticket.attempt),
        )
        if made is None:
            raise Conflict("Nothing of this ticket's result is finished.")
        return ticket.model_copy(update={"result_data": made})


def show_in_list(ticket: StoredTicket) -> StoredTicket:
    """The ticket with its result, where that lies in its row: what does not is named as
    `shortened`, so that a list is bounded, and read in one go."""
    if ticket.result:
        return ticket.model_copy(update={"result_data": _as_result(unpack(ticket.result))})
    if not ticket.result_attempt:
        return ticket
    return ticket.model_copy(update={"shortened": [*ticket.shortened, "result_data"]})


def _hide_inside(event: AuditEvent) -> AuditEvent:
    if event.action is not AuditAction.TICKET_FAILED:
        return event
    return event.model_copy(update={"metadata": {}})


def _as_result(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored result in the present form, without what only storage needs."""
    result = upgrade(StoredKind.RESULT, stored) if stored else {}
    result.pop(SCHEMA, None)
    return result
