"""How a ticket comes into being, and how one that was left half-way is brought in.

The intent is written first, then the ticket with its event and count in one transaction, then the
workflow is started. Whatever dies between these, the sweeper completes or removes it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from shared import strictjson
from shared.audit import Actor, Draft
from shared.errors import NotFound, TooLarge, Unavailable
from shared.ids import new_ticket_id
from shared.intents import Intent, Intents
from shared.models import (
    AuditAction,
    NewTicket,
    Source,
    Status,
    StoredTicket,
    User,
    now,
    validated,
)
from shared.tasks import task_of
from shared.tickets import Tickets

log = logging.getLogger(__name__)

MOST_TASK_DATA = 64 * 1024

Start = Callable[[StoredTicket], Awaitable[None]]


class Intake:
    """Opens tickets. `sweep_after` is in seconds: how long opening may take at most."""

    def __init__(self, tickets: Tickets, intents: Intents, sweep_after: float) -> None:
        self._tickets = tickets
        self._intents = intents
        self._sweep_after = sweep_after

    async def open_ticket(self, caller: User, body: Any, actor: Actor) -> StoredTicket:
        """Store a new ticket of `caller`: two storage calls.

        Raises Invalid, TooLarge, Unavailable.
        """
        ticket = _new_ticket(caller, validated(NewTicket, body), now())
        created = {"title", "task_type", "priority", "status", "source"}
        draft = Draft(
            AuditAction.TICKET_CREATED,
            actor,
            "Ticket created.",
            new_values=ticket.model_dump(mode="json", include=created),
        )
        try:
            # An intent is taken for a dead one after twice this time.
            async with asyncio.timeout(self._sweep_after):
                await self._intents.add(ticket.id, ticket.created_at)
                return await self._tickets.create(ticket, draft)
        except TimeoutError:
            raise Unavailable("Storage is slow at the moment; please try again.") from None

    async def sweep(self, start: Start) -> int:
        """Look at every intent that should have been gone by now; how many there were.

        Raises nothing for a single one: the others must have their turn.
        """
        moment = now()
        late = [intent for intent in await self._intents.all() if self._age(intent, moment) >= 1]
        for intent in late:
            try:
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
                await self._intents.drop(intent.ticket_id)
            return
        if ticket.status is Status.PENDING:
            await start(ticket)
        else:
            await self._intents.drop(intent.ticket_id)

    def _age(self, intent: Intent, moment: datetime) -> float:
        """In units of the time that opening may take."""
        return (moment - intent.created_at) / timedelta(seconds=self._sweep_after)


def _new_ticket(caller: User, new: NewTicket, moment: datetime) -> StoredTicket:
    task = task_of(new.task_type)
    validated(task.TaskData, new.task_data, at=("task_data",))
    size = len(strictjson.dumps(new.task_data))
    if size > MOST_TASK_DATA:
        raise TooLarge(f"task_data has {size} bytes; at most {MOST_TASK_DATA} are allowed.")
    return StoredTicket(
        id=new_ticket_id(caller.id, moment),
        created_by=caller.id,
        created_at=moment,
        updated_at=moment,
        source=Source.API,
        **new.model_dump(),
    )
