"""Who may do what to which object: the one place that decides."""

from shared.errors import NotFound
from shared.models import Role, StoredTicket, User


def check_read(caller: User, ticket: StoredTicket) -> None:
    """Raises NotFound, as if there were no such ticket, unless `caller` may read it."""
    if caller.role is not Role.ADMIN and caller.id not in (ticket.created_by, ticket.assigned_to):
        raise NotFound("There is no such ticket.")
