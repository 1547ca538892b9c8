"""Tickets as they are now, read once for all who ask together."""

import asyncio

from shared.models import StoredTicket
from shared.tickets.repository import Tickets


class TicketReader:
    """Pieces of work that begin together read their ticket together."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets
        self._reads: dict[str, asyncio.Future[StoredTicket]] = {}

    async def read(self, ticket_id: str) -> StoredTicket:
        """Raises NotFound."""
        reading = self._reads.get(ticket_id)
        if reading is None:
            reading = asyncio.ensure_future(self._tickets.read(ticket_id))
            self._reads[ticket_id] = reading
            reading.add_done_callback(lambda _: self._reads.pop(ticket_id))
        return await asyncio.shield(reading)
