"""Tickets as they are now, read once for all who ask together."""

import asyncio

from shared.models import StoredTicket
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.repository import Tickets


class TicketReader:
    """Pieces of work that begin together read their ticket together, with its inputs whole."""

    def __init__(self, tickets: Tickets, large_inputs: LargeInputs) -> None:
        self._tickets = tickets
        self._large_inputs = large_inputs
        self._reads: dict[str, asyncio.Future[StoredTicket]] = {}

    async def read(self, ticket_id: str) -> StoredTicket:
        """Raises NotFound."""
        reading = self._reads.get(ticket_id)
        if reading is None:
            reading = asyncio.ensure_future(self._read(ticket_id))
            self._reads[ticket_id] = reading
            reading.add_done_callback(lambda _: self._reads.pop(ticket_id))
        return await asyncio.shield(reading)

    async def _read(self, ticket_id: str) -> StoredTicket:
        return await self._large_inputs.complete(await self._tickets.read(ticket_id))
