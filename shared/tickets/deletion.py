"""Deleting a ticket: its rows and blobs go at once, and its intent stays until nothing can come
late."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from shared.accounts.principal import Principal
from shared.clients.blobs import Container
from shared.clients.side_by_side import gather_within
from shared.clients.upload_containers import UploadContainers
from shared.errors import NotFound
from shared.models import StoredTicket
from shared.models.clock import Clock
from shared.quotas.service import Quotas
from shared.tickets import user_changes
from shared.tickets.access import TicketAccess
from shared.tickets.attempts import Attempt
from shared.tickets.intents import Intent
from shared.tickets.permissions import Right
from shared.tickets.repository import Tickets
from shared.tickets.workflow_port import WorkflowClient

_BLOBS = ("work", "results", "attachments", "texts", "inputs")
_DELETES_AT_ONCE = 16


class TicketDeletion:
    """Deletes tickets, whose workflows whoever calls sees to; an activity may still be at work on
    one for `linger` seconds."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        container: Container,
        landing: UploadContainers,
        quotas: Quotas,
        linger: float,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._access = access
        self._container = container
        self._landing = landing
        self._quotas = quotas
        self._linger = timedelta(seconds=linger)
        self._clock = clock

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
        await self._uncount(ticket)
        await self._clear(ticket_id, ticket.attempt)
        return ticket

    async def _uncount(self, ticket: StoredTicket) -> None:
        """What it was counted for is free again; what was paid for it stays counted."""
        if ticket.is_counted and not ticket.has_ended:
            ledger = await Attempt(self._container, ticket.id, ticket.attempt).ledger()
            await self._quotas.settle(ticket.id, ticket.attempt, ledger.usage.tokens)
        if ticket.are_files_counted:
            await self._quotas.keep_files(ticket.id, ())

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
        if await self._quotas.limits_anything():
            await self._quotas.keep_files(intent.ticket_id, ())
        await self._clear(intent.ticket_id, attempts)
        if is_purged and intent.created_at + self._linger <= self._clock.now():
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
