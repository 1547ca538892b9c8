"""The first administrator: comes into being when the name from the settings first signs in."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from shared.accounts.credentials import hash_password
from shared.accounts.repository import Users, created, newcomer
from shared.audit.chain import Actor
from shared.errors import Conflict, Unavailable
from shared.models import Role


@dataclass(frozen=True, slots=True)
class BootstrapAdmin:
    """What the settings say; the email is lower case, "" for no such admin."""

    email: str
    password: str = field(repr=False)

    def is_called(self, name: str) -> bool:
        """Whether `name` is reserved for this admin."""
        return bool(self.email) and name.casefold() == self.email

    async def make(self, users: Users) -> None:
        """Store the admin, unless another process is faster."""
        for username in ("admin", f"admin-{secrets.token_hex(3)}"):
            fields = {"email": self.email, "username": username, "role": Role.ADMIN}
            admin = newcomer(fields, await hash_password(self.password))
            with suppress(Conflict):  # The name is taken, or another process was faster.
                await users.add(admin, created(admin, Actor()))
            if await users.by_name(self.email) is not None:
                return
        raise Unavailable("The first administrator could not be made; please try again.")
