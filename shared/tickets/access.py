"""The one door to a ticket for everything that people ask: what they may not read is not there."""

from shared.accounts.principal import Principal
from shared.models import StoredTicket
from shared.telemetry.scope import facts_of, note
from shared.tickets.permissions import Permissions, Right
from shared.tickets.repository import Tickets


class TicketAccess:
    """Reads tickets for those who have a right to them."""

    def __init__(self, tickets: Tickets, permissions: Permissions) -> None:
        self._tickets = tickets
        self._permissions = permissions

    async def read(self, principal: Principal, ticket_id: str, right: Right) -> StoredTicket:
        """The ticket, if `principal` has this right to it: one storage call, and for a manager and
        a ticket of somebody else mostly none beside it.

        Raises NotFound where there is no such ticket or it may not be read, and Forbidden where it
        may be read, but this right is missing.
        """
        ticket = await self._tickets.read(ticket_id)
        await self._permissions.check(principal.user, ticket, right)
        note(facts_of(ticket))
        return ticket
