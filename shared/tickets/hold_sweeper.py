"""Gives back what is counted for attempts that are no more, or never came to be: whoever counted
them, or ended them, died before saying so."""

from contextlib import suppress
from datetime import timedelta

from shared.clients.blobs import Container
from shared.errors import NotFound
from shared.models import StoredTicket, rfc3339
from shared.models.clock import Clock
from shared.quotas.service import Hold, Quotas
from shared.tickets.attempts import Attempt
from shared.tickets.repository import Tickets

_OPENING = timedelta(minutes=15)
"""Whoever opens a ticket has ended by then, one way or the other."""
_HOSTS_KEPT = timedelta(days=2)


class HoldSweeper:
    """A storage call, and one or two for each attempt that is counted as running."""

    def __init__(
        self, *, tickets: Tickets, quotas: Quotas, container: Container, clock: Clock
    ) -> None:
        self._tickets = tickets
        self._quotas = quotas
        self._container = container
        self._clock = clock

    async def sweep(self) -> None:
        """Look at every attempt that has been counted for some time, and at the hosts that are
        gone. Raises Unavailable."""
        moment = self._clock.now()
        for hold in await self._quotas.holds():
            if hold.since < rfc3339(moment - _OPENING):
                await self._settle(hold)
        await self._quotas.take_back_from_gone((moment - _HOSTS_KEPT).date().isoformat())

    async def _settle(self, hold: Hold) -> None:
        ticket: StoredTicket | None = None
        with suppress(NotFound):
            ticket = await self._tickets.read(hold.ticket_id)
        if ticket is None or ticket.attempt < hold.attempt:
            await self._quotas.withdraw(hold.ticket_id, hold.attempt)
        elif ticket.has_ended or ticket.attempt > hold.attempt:
            ledger = await Attempt(self._container, hold.ticket_id, hold.attempt).ledger()
            await self._quotas.settle(hold.ticket_id, hold.attempt, ledger.usage.tokens)
