"""The users behind Microsoft Entra ID tokens: a row of ours from the first sight on.

Who it is says `oid`, which nobody can choose; names and addresses in a token can be changed by
their owners, so they never lead to an account that is there already.
"""

import re
from contextlib import suppress
from hashlib import sha256
from typing import Any

from shared.accounts.repository import UserChange, Users
from shared.audit.chain import Actor, Draft
from shared.clients.entra import EntraClaims
from shared.errors import Conflict, Invalid, Unauthenticated, Unavailable
from shared.models import AuditAction, Registration, Role, StoredUser, validate_model
from shared.models.names import drop_controls, normalize_name

_FALLBACK_DOMAIN = "entra.invalid"


class EntraUsers:
    """Finds, makes and keeps up to date the users whom Entra signs in."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def user_of(self, tenant: str, claims: EntraClaims) -> StoredUser | None:
        """The user of a token; his role is that of the app roles in his newest token.

        Raises Unauthenticated for a user that was deleted here.
        """
        user_id = sha256(f"{tenant}/{claims.oid}".encode()).hexdigest()[:16]
        role = _role(claims.roles)
        user = await self._users.recent(user_id)
        if user is None:
            return await self._make_user(user_id, role, claims)
        if user.role is role or claims.iat < user.tokens_from:
            return user
        return await self._users.change(user_id, lambda now_: _with_role(now_, role, claims))

    async def _make_user(self, user_id: str, role: Role, claims: EntraClaims) -> StoredUser:
        if await self._users.was_deleted(user_id):
            raise Unauthenticated("This account was deleted; please ask an administrator.")
        draft = Draft(
            AuditAction.USER_CREATED, Actor(user_id), "First sight of a Microsoft Entra ID user"
        )
        for names in _names(user_id, claims):
            fields = {**names, "full_name": drop_controls(claims.name)[:200] or None, "role": role}
            user = self._users.make_user(fields, user_id=user_id)
            with suppress(Conflict):  # A name is taken, and stays with whom it belongs to.
                return await self._users.add(user, draft)
        raise Unavailable("Your account could not be made; please try again.")


def _role(app_roles: list[str]) -> Role:
    """The highest of our roles among the app roles; without any, the lowest there is."""
    given = {name.casefold() for name in app_roles}
    return next((role for role in (Role.ADMIN, Role.MANAGER) if role.value in given), Role.USER)


def _with_role(user: StoredUser, role: Role, claims: EntraClaims) -> UserChange | None:
    """Older tokens, which carry another role, end here. Whoever made them a manager elsewhere has
    not seen which department they say they are of."""
    if user.role is role or claims.iat < user.tokens_from:
        return None
    after: dict[str, Any] = {"role": role}
    if role is Role.MANAGER and user.department != user.given_department:
        after["department"] = user.given_department
    draft = Draft(
        AuditAction.USER_UPDATED,
        Actor(),
        "App roles changed in Microsoft Entra ID",
        old_values={name: getattr(user, name) for name in after},
        new_values=after,
    )
    return UserChange({**after, "tokens_from": claims.iat}, draft)


def _names(user_id: str, claims: EntraClaims) -> list[dict[str, Any]]:
    """What the user may be called, the best first; the last is nobody else's."""
    address = normalize_name(claims.email or claims.preferred_username)
    name = re.sub(r"[^A-Za-z0-9._-]", "-", address.partition("@")[0])[:80].lstrip("._-")
    own = f"entra-{user_id}"
    wishes = [(address, name), (address, own), (f"{user_id}@{_FALLBACK_DOMAIN}", own)]
    return [names for wish in wishes if (names := _valid(*wish))]


def _valid(email: str, username: str) -> dict[str, Any] | None:
    """The names if they could be registered as well."""
    try:
        body = {"email": email, "username": username, "password": "-" * 8}
        return validate_model(Registration, body).model_dump(include={"email", "username"})
    except Invalid:
        return None
