"""What an account allows beside tickets."""

from shared.errors import Forbidden
from shared.models import Role, User


def check_admin(caller: User) -> None:
    """For the routes of administrators: users, audit, connections. Raises Forbidden."""
    if caller.role is not Role.ADMIN:
        raise Forbidden("Only administrators may do this.")


def check_user_read(caller: User, user_id: str) -> None:
    """Raises Forbidden for another's account, whether there is one or not."""
    if caller.id != user_id:
        check_admin(caller)
