"""What an account allows beside tickets."""

from shared.accounts.principal import Principal
from shared.errors import Forbidden
from shared.models import Role


def check_admin(principal: Principal) -> None:
    """For the routes of administrators: users, audit, connections. Raises Forbidden."""
    if principal.user.role is not Role.ADMIN:
        raise Forbidden("Only administrators may do this.")


def check_user_read(principal: Principal, user_id: str) -> None:
    """Raises Forbidden for another's account, whether there is one or not."""
    if principal.id != user_id:
        check_admin(principal)
