"""Who asks: made once for a request, and handed down to whatever decides or records."""

from dataclasses import dataclass

from shared.audit.chain import Actor
from shared.models import StoredUser


@dataclass(frozen=True, slots=True)
class Principal:
    """A user who is signed in, and from where; None where that is not known."""

    user: StoredUser
    ip_address: str | None = None
    user_agent: str | None = None

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def actor(self) -> Actor:
        """As the audit trail records them."""
        return Actor(self.user.id, self.ip_address, self.user_agent)
