"""The rows of users, their unique names, and their sessions.

All lie in one partition, so that a user and the claims on their email and username come into
being in one transaction: of two simultaneous registrations one wins, and no half-made user keeps
a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Any

from shared.clients.tables import Row, Table, Verb, Write
from shared.credentials import RefreshToken
from shared.errors import Conflict, NotSignedIn, Unavailable, WriteConflict
from shared.models import StoredUser, rfc3339

_PARTITION = "users"
_TRIES = 20
_EMPTY = {"full_name", "department", "job_title", "last_login"}


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user as read; `etag` guards the next write."""

    user: StoredUser
    etag: str


class Users:
    """The table `users`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def by_id(self, user_id: str) -> KnownUser | None:
        """One point read."""
        row = await self._table.read(_PARTITION, f"user_{user_id}")
        return None if row is None else KnownUser(_user(row), row.etag)

    async def department_of(self, user_id: str) -> str | None:
        """The department of a user, None where there is none."""
        known = await self.by_id(user_id)
        return known.user.department if known else None

    async def members_of(self, department: str) -> list[str]:
        """The ids of the users of a department."""
        first = f"member_{_hashed(department)}_"
        rows = self._table.query(_PARTITION, first, f"{first}~")
        return [row.key.removeprefix(first) async for row in rows]

    async def by_name(self, name: str) -> KnownUser | None:
        """The user with this email or username, in any case: always two point reads, so that
        time does not tell whether there is one."""
        claim = await self._table.read(_PARTITION, _claim(name))
        return await self.by_id(claim.values["user_id"] if claim else "nobody")

    async def add(self, user: StoredUser) -> None:
        """Raises Conflict when the email or the username is taken."""
        writes = [
            Write(Verb.INSERT, _row(f"user_{user.id}", _columns(user.__dict__))),
            Write(Verb.INSERT, _row(_claim(user.email), {"user_id": user.id})),
            Write(Verb.INSERT, _row(_claim(user.username), {"user_id": user.id})),
        ]
        if user.department:
            writes.append(Write(Verb.INSERT, _row(_membership(user.department, user.id), {})))
        try:
            await self._table.write(writes)
        except WriteConflict as conflict:
            if conflict.index == 0:
                return  # Our own id: the first try took effect although its answer was lost.
            taken = "email" if conflict.index == 1 else "username"
            raise Conflict(f"This {taken} is taken; please choose another.") from None

    async def change(self, user_id: str, changes: Mapping[str, Any]) -> StoredUser | None:
        """Change some fields of a user; None when there is no such user any more."""
        for _ in range(_TRIES):
            known = await self.by_id(user_id)
            if known is None:
                return None
            values = _row(f"user_{user_id}", _columns(changes))
            try:
                await self._table.write([Write(Verb.MERGE, values, known.etag)])
            except WriteConflict:
                continue
            return known.user.model_copy(update=dict(changes))
        raise Unavailable("This user is being changed by others; please try again.")

    async def open_session(self, known: KnownUser, token: RefreshToken, until: datetime) -> None:
        """Store a new family of refresh tokens and the time of the login. Raises WriteConflict."""
        user = known.user
        login = _row(f"user_{user.id}", _columns({"last_login": user.last_login}))
        session = _row(
            f"session_{token.family}",
            {"user_id": user.id, "hash": token.hash, "expires_at": rfc3339(until)},
        )
        await self._table.write([Write(Verb.MERGE, login, known.etag), Write(Verb.INSERT, session)])

    async def rotate_session(self, old: RefreshToken, new: RefreshToken, at: datetime) -> str:
        """Replace the secret of a family; the id of its user.

        A secret that is not the present one has been used before: it ends the family.
        Raises NotSignedIn.
        """
        key = f"session_{old.family}"
        row = await self._table.read(_PARTITION, key)
        if row is None or row.values["expires_at"] <= rfc3339(at):
            raise NotSignedIn("The refresh token is not valid any more; please sign in again.")
        try:
            if old.has_hash(row.values["hash"]):
                values = _row(key, {"hash": new.hash})
                await self._table.write([Write(Verb.MERGE, values, row.etag)])
                return str(row.values["user_id"])
        except WriteConflict:
            pass  # Used twice at once, which is used twice.
        await self.close_session(old)
        raise NotSignedIn("The refresh token has been used before; please sign in again.")

    async def close_session(self, token: RefreshToken) -> None:
        """End a family of refresh tokens."""
        await self._table.delete(_PARTITION, f"session_{token.family}")


def _claim(name: str) -> str:
    """The key that one name in all its spellings shares; hashed, as emails may hold anything."""
    return f"name_{_hashed(name.casefold())}"


def _membership(department: str, user_id: str) -> str:
    """The key that lets the users of a department be found without a look at all users."""
    return f"member_{_hashed(department)}_{user_id}"


def _hashed(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()


def _row(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"PartitionKey": _PARTITION, "RowKey": key, **values}


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Storage cannot clear a property: an empty text stands for none."""
    return {name: _column(value) for name, value in fields.items()}


def _column(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.value if isinstance(value, Enum) else value


def _user(row: Row) -> StoredUser:
    empty = {name: None for name in _EMPTY if row.values.get(name) == ""}
    return StoredUser.model_validate(row.values | empty)
