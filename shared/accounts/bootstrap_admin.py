"""The first administrator: comes into being when the name from the settings first signs in."""

import secrets
from contextlib import suppress

from shared.accounts.credentials import hash_password, password_fits
from shared.accounts.repository import Users, draft_created
from shared.audit.chain import Actor
from shared.errors import Conflict, Unavailable
from shared.models import Role
from shared.models.names import fold_name, normalize_name
from shared.settings.accounts import BootstrapSettings


class BootstrapAdmin:
    """The administrator that the settings name, if they name one."""

    def __init__(self, settings: BootstrapSettings) -> None:
        self._email = normalize_name(settings.email)
        self._password = settings.password

    def is_called(self, name: str) -> bool:
        """Whether `name` is that of this admin, for whom it is reserved."""
        return bool(self._email) and fold_name(name) == fold_name(self._email)

    async def may_sign_in(self, users: Users) -> bool:
        """Whether the name and the password of the settings let somebody in: the password of an
        admin who is there is their own affair."""
        known = await users.by_name(self._email)
        if known is None:
            return True
        fits = await password_fits(known.user.password_hash, self._password)
        return fits and known.user.is_active

    async def make(self, users: Users) -> None:
        """Store the admin, unless another process is faster."""
        for username in ("admin", f"admin-{secrets.token_hex(3)}"):
            fields = {"email": self._email, "username": username, "role": Role.ADMIN}
            admin = users.make_user(fields, await hash_password(self._password))
            with suppress(Conflict):  # The name is taken, or another process was faster.
                await users.add(admin, draft_created(admin, Actor()), may_reserved=True)
            if await users.by_name(self._email) is not None:
                return
        raise Unavailable("The first administrator could not be made; please try again.")
