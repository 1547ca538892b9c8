"""Sends the realtime messages about tickets to those who may read them at that moment."""

import asyncio
import logging
from collections.abc import Sequence

from shared.accounts.audience import ADMINS, department_group, user_group
from shared.clients.realtime import Realtime
from shared.errors import Problem
from shared.models import Message, StoredTicket
from shared.tickets.permissions import Directory

log = logging.getLogger(__name__)

_MAX_WAITING = 1_000


class Notifications:
    """Nobody waits for a message: they are sent in the background, those of a ticket in order."""

    def __init__(self, realtime: Realtime, directory: Directory) -> None:
        self._realtime = realtime
        self._directory = directory
        self._last: dict[str, asyncio.Task[None]] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        """Whether there is a realtime service."""
        return self._realtime.is_on

    async def send(self, ticket: StoredTicket, messages: Sequence[Message]) -> None:
        """Hand over `messages` about `ticket` for sending. Never raises, and waits for nothing.

        While too many wait already they are not sent: who listens sees the gap and catches up.
        """
        if not self._realtime.is_on or len(self._waiting) >= _MAX_WAITING:
            return
        task = asyncio.create_task(self._send(ticket, messages, self._last.get(ticket.id)))
        self._last[ticket.id] = task
        self._waiting.add(task)
        task.add_done_callback(lambda done: self._forget(ticket.id, done))

    async def drain(self) -> None:
        """Return when all that was handed over has been tried."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    async def _send(
        self,
        ticket: StoredTicket,
        messages: Sequence[Message],
        earlier: "asyncio.Task[None] | None",
    ) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        try:
            groups = await self._readers(ticket)
        except Problem:
            log.warning("Who may read ticket %s is not known: nobody was told", ticket.id)
            return
        for message in messages:
            await self._realtime.send(groups, message)

    async def _readers(self, ticket: StoredTicket) -> list[str]:
        """The groups that may read a ticket now: no storage call while its owner is remembered."""
        users = dict.fromkeys(filter(None, (ticket.created_by, ticket.assigned_to)))
        department = await self._directory.department_of(ticket.created_by)
        departments = [department_group(department)] if department else []
        return [*map(user_group, users), *departments, ADMINS]

    def _forget(self, ticket_id: str, task: "asyncio.Task[None]") -> None:
        self._waiting.discard(task)
        if self._last.get(ticket_id) is task:
            del self._last[ticket_id]
