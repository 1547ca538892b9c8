"""Accounts: registration, login, and who a request comes from."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.credentials import (
    AccessTokens,
    RefreshToken,
    hash_password,
    password_fits,
    token_pair,
)
from shared.errors import Conflict, Forbidden, NotSignedIn, Unavailable, WriteConflict
from shared.ids import new_user_id
from shared.models import Login, Registration, Role, StoredUser, Tokens, now, validated
from shared.users import KnownUser, Users

_TRIES = 10


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say about accounts. The admin's email is lower case, "" for none."""

    registration_open: bool
    refresh_token_days: int
    admin_email: str
    admin_password: str


class Accounts:
    """Everything about users that a caller can ask for."""

    def __init__(self, users: Users, tokens: AccessTokens, policy: Policy) -> None:
        self._users = users
        self._tokens = tokens
        self._policy = policy

    async def register(self, body: Any) -> StoredUser:
        """A new user of the lowest role. Raises Invalid, Forbidden, Conflict."""
        if not self._policy.registration_open:
            raise Forbidden("Registration is closed; please ask an administrator.")
        new = validated(Registration, body)
        if new.email.casefold() == self._policy.admin_email:
            raise Conflict("This email is taken; please choose another.")
        user = await _new_user(new.model_dump(exclude={"password"}), new.password)
        await self._users.add(user)
        return user

    async def login(self, body: Any) -> Tokens:
        """Tokens for a username or email and its password.

        Raises Invalid, and NotSignedIn alike for an unknown name, a wrong password and a user
        that is not active.
        """
        login = validated(Login, body)
        for _ in range(_TRIES):
            known = await self._users.by_name(login.username)
            if known is None and login.username.casefold() == self._policy.admin_email:
                known = await self._bootstrap_admin()
            if not await password_fits(known.user if known else None, login.password):
                known = None
            if known is None or not known.user.is_active:
                raise NotSignedIn("Username or password is wrong.")
            try:
                return await self._sign_in(known)
            except WriteConflict:
                continue  # The user was changed meanwhile, perhaps deactivated: look again.
        raise Unavailable("This account is busy at the moment; please try again.")

    async def refresh(self, body: Mapping[str, Any]) -> Tokens:
        """A new pair for a refresh token, which is used up. Raises NotSignedIn."""
        old = RefreshToken.parse(str(body.get("refresh_token", "")))
        new = RefreshToken.new(old.family)
        moment = now()
        user_id = await self._users.rotate_session(old, new, moment)
        known = await self._users.by_id(user_id)
        if known is None or not known.user.is_active:
            await self._users.close_session(new)
            raise NotSignedIn("This account is not active.")
        return token_pair(self._tokens, known.user, new, moment)

    async def caller(self, authorization: str) -> StoredUser:
        """The user whose token an `Authorization` header carries, as stored now.

        Raises NotSignedIn.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotSignedIn("This needs a bearer token; please sign in.")
        claims = self._tokens.read(token.strip())
        known = await self._users.by_id(claims.sub)
        if known is None or not known.user.is_active or claims.iat < known.user.tokens_from:
            raise NotSignedIn("The access token is not valid any more; please sign in again.")
        return known.user

    async def _sign_in(self, known: KnownUser) -> Tokens:
        moment = now()
        refresh = RefreshToken.new()
        user = known.user.model_copy(update={"last_login": moment})
        until = moment + timedelta(days=self._policy.refresh_token_days)
        await self._users.open_session(KnownUser(user, known.etag), refresh, until)
        return token_pair(self._tokens, user, refresh, moment)

    async def _bootstrap_admin(self) -> KnownUser:
        """The first admin comes into being when they first sign in."""
        email = self._policy.admin_email
        for username in ("admin", f"admin-{secrets.token_hex(3)}"):
            fields = {"email": email, "username": username, "role": Role.ADMIN}
            admin = await _new_user(fields, self._policy.admin_password)
            with suppress(Conflict):  # The name is taken, or another process was faster.
                await self._users.add(admin)
            known = await self._users.by_name(email)
            if known is not None:
                return known
        raise Unavailable("The first administrator could not be made; please try again.")


async def _new_user(fields: Mapping[str, Any], password: str) -> StoredUser:
    moment = now()
    return StoredUser(
        id=new_user_id(),
        created_at=moment,
        updated_at=moment,
        password_hash=await hash_password(password),
        **fields,
    )
