"""Brings in what a crash left half-way: tickets that were stored and not started, deletions, files,
answers.

Each of them leaves an intent first; one that is there for too long is somebody's who died.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from shared.errors import NotFound, Unavailable
from shared.models import Status
from shared.models.clock import Clock
from shared.telemetry.metrics import record
from shared.telemetry.names import Metric
from shared.tickets.intents import Intent, Intents, Purpose
from shared.tickets.repository import Tickets
from shared.tickets.workflow_port import WorkflowClient

log = logging.getLogger(__name__)


class Settles(Protocol):
    """Whatever can bring an intent of its own kind to its end, or leave it for the next time."""

    async def settle(self, intent: Intent, workflow: WorkflowClient) -> None: ...


class Sweeper:
    """`others` settle intents that are not of an opening; `clear_unopened` removes what was stored
    for a ticket that never came to be; `sweep_after` is in seconds: how long opening a ticket may
    take at most."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        intents: Intents,
        others: Mapping[Purpose, Settles],
        clear_unopened: Callable[[str], Awaitable[None]],
        sweep_after: float,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._intents = intents
        self._others = others
        self._clear_unopened = clear_unopened
        self._sweep_after = sweep_after
        self._clock = clock

    async def sweep(self, workflow: WorkflowClient) -> int:
        """Look at every intent that should have been gone by now; how many there were.

        Raises nothing for a single one: the others must have their turn.
        """
        moment = self._clock.now()
        found = await self._intents.all()
        late = [intent for intent in found if self._age(intent, moment) >= 1]
        oldest = 0.0
        for intent in late:
            try:
                if intent.purpose is not Purpose.OPEN:
                    await self._others[intent.purpose].settle(intent, workflow)
                elif await self._settle_opening(intent, moment, workflow):
                    oldest = max(oldest, (moment - intent.created_at).total_seconds())
            except Unavailable:
                log.warning("Storage is away: ticket %s waits for the next sweep", intent.ticket_id)
        record(Metric.OLDEST_PENDING, oldest)
        return len(late)

    async def _settle_opening(
        self, intent: Intent, moment: datetime, workflow: WorkflowClient
    ) -> bool:
        """Start what is stored and pending, listed as such; remove what has moved on or never came
        to be. Whether it is pending."""
        try:
            ticket = await self._tickets.read(intent.ticket_id)
        except NotFound:
            if self._age(intent, moment) >= 2:
                log.warning("Ticket %s was never stored: its intent goes", intent.ticket_id)
                await self._clear_unopened(intent.ticket_id)
                await self._tickets.forget(intent)
            return False
        if ticket.status is not Status.PENDING:
            await self._tickets.forget(intent, ticket)
            return False
        await self._tickets.list_anew(ticket, moment)
        await workflow.start(ticket, swept=True)
        return True

    def _age(self, intent: Intent, moment: datetime) -> float:
        """In units of the time that opening may take."""
        return (moment - intent.created_at) / timedelta(seconds=self._sweep_after)
