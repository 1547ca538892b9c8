"""Tickets as they are now, read once for all who ask together."""

from functools import partial

from shared.models import StoredTicket
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.repository import Tickets
from shared.workflow.shared_reads import SharedReads


class TicketReader:
    """Pieces of work that begin together read their ticket together, with its inputs whole."""

    def __init__(self, tickets: Tickets, large_inputs: LargeInputs) -> None:
        self._tickets = tickets
        self._large_inputs = large_inputs
        self._reads = SharedReads[StoredTicket]()

    async def read(self, ticket_id: str) -> StoredTicket:
        """Raises NotFound."""
        return await self._reads.read(ticket_id, partial(self._read, ticket_id))

    async def _read(self, ticket_id: str) -> StoredTicket:
        return await self._large_inputs.complete(await self._tickets.read(ticket_id))
