"""The blobs of large inputs: `inputs/{ticket}/{id}.json`, each written once and never changed."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any

from shared.clients.blobs import Container
from shared.errors import Unavailable
from shared.models import LargeInput, StoredTicket
from shared.tickets.repository import Tickets

_TRIES = 5


class LargeInputs:
    """Methods raise Unavailable when storage is away."""

    def __init__(self, container: Container, tickets: Tickets) -> None:
        self._container = container
        self._tickets = tickets

    async def complete(self, ticket: StoredTicket) -> StoredTicket:
        """The ticket with its inputs whole: a storage call for each that is large, at once.

        Raises NotFound for a ticket that is deleted meanwhile.
        """
        for _ in range(_TRIES):
            if not ticket.shortened:
                return ticket
            large = [ticket.large_inputs[name] for name in ticket.shortened]
            found = await asyncio.gather(*(self._read(ticket.id, one) for one in large))
            if None not in found:
                whole = dict(zip(ticket.shortened, found, strict=True))
                return ticket.model_copy(update={**whole, "shortened": []})
            # Somebody changed it between the two reads.
            ticket = await self._tickets.read(ticket.id)
        raise Unavailable("This ticket is too busy at the moment; please try again.")

    async def write(self, ticket_id: str, one: LargeInput, value: Any) -> None:
        await self._container.write_json(_blob(ticket_id, one.id), value)

    async def remove(self, ticket_id: str, ids: Collection[str]) -> None:
        """Doing it again does no harm."""
        await asyncio.gather(*(self._container.delete(_blob(ticket_id, one)) for one in ids))

    async def remove_others(self, ticket_id: str, kept: Collection[str], before: datetime) -> None:
        """Remove those that the ticket does not name and that were stored `before` then."""
        names = {_blob(ticket_id, one) for one in kept}
        for name, changed in await self._container.list_blobs(f"inputs/{ticket_id}/"):
            if name not in names and changed < before:
                await self._container.delete(name)

    async def _read(self, ticket_id: str, one: LargeInput) -> Any:
        return await self._container.read_json(_blob(ticket_id, one.id))


def _blob(ticket_id: str, input_id: str) -> str:
    return f"inputs/{ticket_id}/{input_id}.json"
