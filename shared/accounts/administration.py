"""Accounts as administrators manage them, and what users change of their own."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from shared.accounts.authorization import check_admin, check_user_read
from shared.accounts.credentials import hash_password
from shared.accounts.password_check import PasswordCheck
from shared.accounts.principal import Principal
from shared.accounts.repository import Decide, UserChange, Users, describe_user, draft_created
from shared.accounts.rows import KnownUser, end_tokens
from shared.audit.chain import Actor, Draft
from shared.errors import Conflict, Forbidden, NotFound, Unauthenticated
from shared.models import (
    AuditAction,
    NewUser,
    OwnChanges,
    Role,
    Status,
    StoredUser,
    UserChanges,
    UsersQuery,
)
from shared.models.clock import Clock
from shared.models.names import fold_name
from shared.storage.sharded_counters import Counters, counter_name

_SECRETS = {"password", "current_password"}
_UNDER_WAY = tuple(counter_name(status, "") for status in (Status.PENDING, Status.PROCESSING))
_NOT_BY_ONESELF = {"role", "is_active", "is_verified"}
_GUARDED = {"email", "username", "password_hash"}
"""What only the owner of an account changes, who has its password; and an administrator."""
_FROM_ENTRA = {"role", "password_hash"}
_WRONG = "The current password is wrong."

Complete = Callable[[StoredUser, dict[str, Any]], None]
"""Checks the new values of a user, and adds what follows from them."""


class UserAdministration:
    """All users, for those who may see and change them."""

    def __init__(
        self,
        *,
        users: Users,
        passwords: PasswordCheck,
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._counters = counters
        self._clock = clock

    async def page(self, principal: Principal, query: UsersQuery) -> list[StoredUser]:
        """A part of all users. Raises Forbidden."""
        check_admin(principal)
        return await self._users.page(query.skip, query.limit)

    async def read(self, principal: Principal, user_id: str) -> StoredUser:
        """One user. Raises Forbidden for another's unless an admin asks, then NotFound."""
        check_user_read(principal, user_id)
        known = await self._users.by_id(user_id)
        return _require_user(known.user if known else None)

    async def create(self, principal: Principal, new: NewUser) -> StoredUser:
        """A new user with any role. Raises Forbidden, Invalid, Conflict."""
        check_admin(principal)
        given = new.model_dump(exclude={"password"}) | {"given_department": new.department}
        user = self._users.make_user(given, await hash_password(new.password))
        return await self._users.add(user, draft_created(user, principal.actor))

    async def change(self, principal: Principal, user_id: str, changes: UserChanges) -> StoredUser:
        """Change any user; oneself, too, but with the password that `change_own` asks for. Raises
        Forbidden, Invalid, NotFound, Conflict, TooMany."""
        check_admin(principal)
        given = changes.dump_given()
        complete: Complete = _complete_given
        if principal.id == user_id:
            given = {name: given[name] for name in given if name not in _NOT_BY_ONESELF}
            complete = await self._require_password(principal, changes.current_password)
        if "department" in given:
            given["given_department"] = given["department"]
        decide = await self._decide(given, principal.actor, complete)
        return _require_user(await self._users.change(user_id, decide))

    async def change_own(self, principal: Principal, changes: OwnChanges) -> StoredUser:
        """Change the caller. Raises Invalid, Conflict, TooMany for a `current_password` that was
        wrong too often, and Forbidden for one that is wrong, or missing where it is needed."""
        given = changes.dump_given()
        if principal.user.role is Role.MANAGER:
            given.pop("department", None)
        complete = await self._require_password(principal, changes.current_password)
        decide = await self._decide(given, principal.actor, complete)
        return _require_user(await self._users.change(principal.id, decide))

    async def delete(self, principal: Principal, user_id: str) -> None:
        """Take a user away; tickets and audit trail stay.

        Raises Forbidden, NotFound, and Conflict while tickets of the user wait or run.
        """
        check_admin(principal)
        if principal.id == user_id:
            raise Forbidden("Nobody can delete their own account; please ask another admin.")
        if await self._users.by_id(user_id) is None:
            raise NotFound("There is no such user.")
        totals = await self._counters.totals(user_id)
        if any(count > 0 for name, count in totals.items() if name.startswith(_UNDER_WAY)):
            raise Conflict("Tickets of this user still wait or run; please cancel them first.")

        def decide(user: StoredUser) -> UserChange:
            draft = Draft(
                AuditAction.USER_DELETED,
                principal.actor,
                "Account deleted",
                old_values=describe_user(user),
            )
            return UserChange({}, draft, deletes=True)

        _require_user(await self._users.change(user_id, decide))

    async def _decide(
        self, given: Mapping[str, Any], actor: Actor, complete: Complete | None = None
    ) -> Decide:
        """What makes of a user the one that was asked for."""
        password_hash = await hash_password(given["password"]) if "password" in given else ""
        wanted = {name: value for name, value in given.items() if name not in _SECRETS}

        def decide(user: StoredUser) -> UserChange | None:
            values = {name: new for name, new in wanted.items() if getattr(user, name) != new}
            if password_hash:
                values["password_hash"] = password_hash
            if complete:
                complete(user, values)
            if not user.password_hash and not _FROM_ENTRA.isdisjoint(values):
                raise Conflict("Role and password of this user come from Microsoft Entra ID.")
            return _update_user(user, values, actor, self._clock.now()) if values else None

        return decide

    async def _require_password(self, principal: Principal, password: str) -> Complete:
        """What holds of changes of oneself, by whoever knows this `password`, empty for nobody."""
        verified = await self._verify_password(principal, password) if password else ""
        return lambda user, values: _complete_own(user, values, verified)

    async def _verify_password(self, principal: Principal, password: str) -> str:
        """The hash of the caller's password. Raises Forbidden, TooMany."""
        hashes: list[str] = []

        async def note(known: KnownUser) -> None:
            await self._users.require_unchanged(known)
            if known.user.id == principal.id:
                hashes.append(known.user.password_hash)

        with suppress(Unauthenticated):
            await self._passwords.check_user(principal.id, password, principal.actor, note)
        if not hashes:
            raise Forbidden(_WRONG)
        return hashes[0]


def _complete_own(user: StoredUser, values: dict[str, Any], verified: str) -> None:
    """What else `values` mean that users change of themselves; `verified` is the hash of the
    password that they knew, if they gave one. Raises Forbidden."""
    if not _GUARDED.isdisjoint(values):
        if not user.password_hash:
            raise Forbidden("You have no password here; an administrator can change this.")
        if not verified:
            raise Forbidden("This needs your `current_password`.")
    if verified and verified != user.password_hash:
        raise Forbidden(_WRONG)
    if user.is_verified and fold_name(values.get("email", user.email)) != fold_name(user.email):
        values["is_verified"] = False


def _complete_given(user: StoredUser, values: dict[str, Any]) -> None:
    """Who is made a manager is given a department with it: the one they have."""
    if values.get("role") is Role.MANAGER and "given_department" not in values:
        department = user.given_department or values.get("department", user.department)
        values |= {"department": department, "given_department": department}


def _update_user(
    user: StoredUser, values: dict[str, Any], actor: Actor, moment: datetime
) -> UserChange:
    """A new role or password, or none to be active any more, ends the user's tokens."""
    after = user.model_copy(update=values)
    before_shown, after_shown = describe_user(user), describe_user(after)
    changed = [name for name in after_shown if before_shown[name] != after_shown[name]]
    draft = Draft(
        AuditAction.USER_UPDATED,
        actor,
        "Account changed",
        old_values={name: before_shown[name] for name in changed},
        new_values={name: after_shown[name] for name in changed},
        metadata={"password_changed": True} if "password_hash" in values else {},
    )
    if "password_hash" in values or "role" in values or not after.is_active:
        values = {**values, **end_tokens(user, moment)}
    return UserChange({**values, "updated_at": moment}, draft, moment=moment)


def _require_user(user: StoredUser | None) -> StoredUser:
    if user is None:
        raise NotFound("There is no such user.")
    return user
