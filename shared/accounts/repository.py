"""The stored users: each change, its audit event and what it means for names in one transaction.

Of two simultaneous registrations of a name one wins, and no half-made user keeps a name.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from typing import Any

from shared.accounts.audience import must_reconnect
from shared.accounts.name_claims import NameClaims
from shared.accounts.rows import (
    KnownUser,
    as_user,
    closing_key,
    gone_key,
    member_writes,
    members_key,
    row,
    user_key,
    user_row,
)
from shared.audit.chain import Actor, AuditChains, Draft
from shared.audit.rows import user_event_writes
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import Unavailable, WriteConflict
from shared.models import AuditAction, StoredUser, rfc3339
from shared.models.clock import Clock
from shared.storage.keys import USERS, is_user_id, new_user_id, prefix_range

_TRIES = 30
_NOBODY = "0" * 16
_REMEMBERED = 10_000
_TRANSIENT: dict[str, dict[str, str]] = {
    "address_": {},
    "name_": {"user_id": ""},  # An older version counted failures there.
    "session_": {},
}
_SHOWN = (
    *("email", "username", "full_name", "department", "job_title"),
    *("is_active", "is_verified", "role"),
)


@dataclass(frozen=True, slots=True)
class UserChange:
    """New values of a user, what the audit trail says of it, and what else is written with it.

    `deletes` takes the user away; the trail stays. Without a `moment` it happens when it
    is written.
    """

    values: Mapping[str, Any]
    event: Draft
    also: tuple[Write, ...] = ()
    _: KW_ONLY
    deletes: bool = False
    moment: datetime | None = None


Decide = Callable[[StoredUser], UserChange | None]


def describe_user(user: StoredUser) -> dict[str, Any]:
    """What the audit trail may say of a user."""
    dumped = user.model_dump(mode="json")
    return {name: dumped[name] for name in _SHOWN} | {"given_department": user.given_department}


def draft_created(user: StoredUser, actor: Actor) -> Draft:
    """What the audit trail says of a new user."""
    return Draft(AuditAction.USER_CREATED, actor, "Account opened", new_values=describe_user(user))


CloseConnections = Callable[[str], Awaitable[bool]]
"""Ends the realtime connections of a user; whether that was done. Never raises or takes long."""


class Users:
    """The table `users`. Reads of who is calling may be as old as `remember` seconds. A change that
    ends what a user may hear ends their connections by `close`."""

    def __init__(
        self,
        table: Table,
        remember: float,
        clock: Clock,
        *,
        close: CloseConnections | None = None,
        chains: AuditChains | None = None,
        claims: NameClaims | None = None,
    ) -> None:
        self._claims = claims or NameClaims(table)
        self._chains = chains or AuditChains()
        self._table = table
        self._remember = remember
        self._clock = clock
        self._close = close
        self._recent: OrderedDict[str, tuple[float, KnownUser]] = OrderedDict()
        self._changes = 0

    def make_user(
        self, fields: Mapping[str, Any], password_hash: str = "", user_id: str | None = None
    ) -> StoredUser:
        """A user who is not stored yet; without a hash they sign in elsewhere."""
        moment = self._clock.now()
        return StoredUser(
            id=user_id or new_user_id(),
            created_at=moment,
            updated_at=moment,
            password_hash=password_hash,
            **fields,
        )

    async def by_id(self, user_id: str) -> KnownUser | None:
        """The user as stored now: one point read."""
        if not is_user_id(user_id):
            return None
        found = await self._table.read(USERS, user_key(user_id))
        return None if found is None else as_user(found)

    async def recent(self, user_id: str) -> StoredUser | None:
        """The user as stored at most a few seconds ago, and never before a change by this
        process: one point read, or none."""
        at, known = self._recent.get(user_id, (0.0, None))
        if known is not None and self._clock.monotonic() < at + self._remember:
            return known.user
        changes, at = self._changes, self._clock.monotonic()
        known = await self.by_id(user_id)
        if known is not None and changes == self._changes:
            self._recent[user_id] = (at, known)
            self._recent.move_to_end(user_id)
            if len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return known.user if known else None

    async def by_name(self, name: str) -> KnownUser | None:
        """The user with this email or username, however it is spelled: two point reads, also where
        there is nobody, so that nothing tells that."""
        return await self.by_id(await self._claims.find_owner(name) or _NOBODY)

    async def page(self, skip: int, limit: int) -> list[StoredUser]:
        """Users in the order of their ids."""
        found: list[StoredUser] = []
        async for one in self._table.query(
            USERS, *prefix_range("user_"), page=min(skip + limit, 1000)
        ):
            if skip:
                skip -= 1
                continue
            found.append(as_user(one).user)
            if len(found) == limit:
                break
        return found

    async def was_deleted(self, user_id: str) -> bool:
        """Whether there has been such a user. One point read."""
        return await self._table.read(USERS, gone_key(user_id)) is not None

    async def trail_end(self, user_id: str) -> tuple[int, str] | None:
        """How many events the audit trail of a user has, and the hash of the last; None of whom
        nothing is known. One point read, two of who was deleted."""
        keys = (user_key(user_id), gone_key(user_id))
        for key in keys:
            if found := await self._table.read(USERS, key):
                return found.values["events"], found.values["last_hash"]
        return None

    async def department_of(self, user_id: str) -> str | None:
        """The department of a user, None where there is none."""
        user = await self.recent(user_id)
        return user.department if user else None

    async def members_of(self, department: str) -> list[str]:
        """The ids of the users of a department."""
        first = members_key(department)
        rows = self._table.query(USERS, *prefix_range(first))
        return [one.key.removeprefix(first) async for one in rows]

    async def clear(self, moment: datetime) -> int:
        """Delete what no longer counts: sessions that have ended, failures to sign in from long
        ago; how many rows."""
        cleared = 0
        for kind, equal in _TRANSIENT.items():
            rows = self._table.query(
                USERS, *prefix_range(kind), equal=equal, columns=("RowKey", "expires_at")
            )
            async for one in rows:
                if one.values["expires_at"] <= rfc3339(moment):
                    cleared += await self._clear_row(one)
        return cleared

    async def _clear_row(self, one: Row) -> bool:
        with suppress(WriteConflict):  # It counts again.
            await self._table.write([Write(Verb.DELETE, row(one.key, {}), one.etag)])
            return True
        return False

    async def add(
        self, user: StoredUser, draft: Draft, *, may_reserved: bool = False
    ) -> StoredUser:
        """Store a new user. Raises Conflict when the email or the username is taken, or the email
        is reserved."""
        event = self._chains.next_user_event(user, draft, user.created_at)
        user = user.model_copy(update={"events": 1, "last_hash": event.hash})
        writes = [
            Write(Verb.INSERT, user_row(user.id, user.__dict__)),
            *await self._claims.plan(None, user, may_reserved=may_reserved),
            *member_writes(None, user),
            *user_event_writes(event),
        ]
        with suppress(WriteConflict):  # Our own id: an earlier try took effect.
            await self._write(writes, user)
        self._chains.note_written([event])
        return user

    async def change(self, user_id: str, decide: Decide) -> StoredUser | None:
        """Apply what `decide` makes of the user's present state; None leaves it as it is.

        `decide` is asked again when another writer was faster. None when there is no such user
        (any more). Raises Conflict for a name that is taken.
        """
        written: set[str] = set()
        deleted: StoredUser | None = None
        for _ in range(_TRIES):
            known = await self.by_id(user_id)
            if known is None:
                return deleted
            change = None if known.user.last_hash in written else decide(known.user)
            if change is None:
                return known.user
            moment = change.moment or self._clock.now()
            try:
                return await self.apply(known, replace(change, moment=moment))
            except WriteConflict:
                # Perhaps by a try of our own whose answer was lost: then its hash is found above.
                event = self._chains.next_user_event(known.user, change.event, moment)
                written.add(event.hash)
                deleted = known.user if change.deletes else None
        raise Unavailable("This user is being changed by others; please try again.")

    async def apply(self, known: KnownUser, change: UserChange) -> StoredUser:
        """Write a change of a user as it was read. Raises WriteConflict, and Conflict for a
        name that is taken."""
        moment = change.moment or self._clock.now()
        event = self._chains.next_user_event(known.user, change.event, moment)
        fields = {**change.values, "events": known.user.events + 1, "last_hash": event.hash}
        user = known.user.model_copy(update=fields)
        if change.deletes:
            fields = {}
            last = row(gone_key(user.id), {"events": user.events, "last_hash": user.last_hash})
            first = Write(Verb.DELETE, row(user_key(user.id), {}), known.etag)
            own = [first, Write(Verb.INSERT, last)]
        else:
            first = Write(Verb.MERGE, user_row(user.id, fields), known.etag)
            own = [first]
        after = None if change.deletes else user
        own += [*await self._claims.plan(known.user, after), *member_writes(known.user, after)]
        closes = must_reconnect(known.user, after)
        if self._close and closes:
            own.append(Write(Verb.REPLACE, row(closing_key(user.id), {})))
        await self._write([*own, *user_event_writes(event), *change.also], user)
        self._chains.note_written([event])
        if closes:
            await self.close_connections(user.id)
        return user

    async def require_unchanged(self, known: KnownUser) -> None:
        """Raises WriteConflict where the user has changed since they were read."""
        await self._table.write([Write(Verb.MERGE, user_row(known.user.id, {}), known.etag)])

    async def close_connections(self, user_id: str) -> None:
        """End the realtime connections of a user; what is left to do stays noted."""
        if self._close and await self._close(user_id):
            await self._table.delete(USERS, closing_key(user_id))

    async def close_left(self) -> None:
        """End the connections that could not be ended when that was due."""
        async for one in self._table.query(USERS, *prefix_range("closing_")):
            await self.close_connections(one.key.removeprefix("closing_"))

    async def _write(self, writes: list[Write], user: StoredUser) -> None:
        try:
            await self._claims.write(writes, user)
        finally:
            self._forget(user.id)

    def _forget(self, user_id: str) -> None:
        """What was read before now must not be remembered."""
        self._changes += 1
        self._recent.pop(user_id, None)
