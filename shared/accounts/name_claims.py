"""Who has which email or username: a row for each, under a key that all its spellings share.

Older versions shared it among fewer spellings. Their rows count for the spelling that they were
made for, so whoever signs in with that is found; `upgrade_page` adds what is missing.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from shared.accounts.rows import NEVER, as_user, hash_text, row
from shared.clients.tables import MAX_ROWS, Row, Table, Verb, Write
from shared.errors import Conflict, Unavailable, WriteConflict
from shared.models import StoredUser
from shared.models.names import fold_name
from shared.storage.keys import USERS, prefix_range

log = logging.getLogger(__name__)

_TRIES = 30


class NameClaims:
    """The rows of names; `reserved` is a name that is claimed only by who says so."""

    def __init__(self, table: Table, reserved: str = "") -> None:
        self._table = table
        self._reserved = _key(reserved)

    async def find_owner(self, name: str) -> str:
        """The id of the user with this name, "" for nobody: one point read, two for a name that
        older versions compared otherwise."""
        rows = await self._read(_keys(name))
        return next((str(one.values["user_id"]) for one in rows if one.values["user_id"]), "")

    async def plan(
        self, before: StoredUser | None, after: StoredUser | None, *, may_reserved: bool = False
    ) -> list[Write]:
        """What a change means for the claims, None being no such user: no storage call where no
        name changes, else a point read for each name that was there.

        Raises Conflict for a name that is reserved.
        """
        old, new = _names(before), _names(after)
        if old == new:
            return []
        held = await self._read_held(before)
        keep = {key for name in new for key in _keys(name)}
        wanted = {_key(name) for name in new if name not in old} - set(held)
        if self._reserved in wanted and not may_reserved:
            raise Conflict("This email is taken; please choose another.")
        gone = [Write(Verb.DELETE, row(key, {}), held[key]) for key in held if key not in keep]
        return gone + [_claim(key, after) for key in sorted(wanted) if after]

    async def write(self, writes: list[Write], user: StoredUser) -> None:
        """Apply writes of which some are claims. Raises WriteConflict, and Conflict for a name that
        another user has."""
        for _ in range(_TRIES):
            try:
                await self._table.write(writes)
                return
            except WriteConflict as conflict:
                write = writes[conflict.index]
                key = str(write.values["RowKey"])
                if write.verb is not Verb.INSERT or not key.startswith("name_"):
                    raise
                held = await self._table.read(USERS, key)
                if held is not None and held.values["user_id"]:
                    taken = "email" if key == _key(user.email) else "username"
                    raise Conflict(f"This {taken} is taken; please choose another.") from None
                # Nobody's: an older version counted failures there.
                etag = held.etag if held else ""
                verb = Verb.MERGE if held else Verb.INSERT
                writes[conflict.index] = Write(verb, write.values, etag)
        raise Unavailable("This name is being tried by others; please try again.")

    async def _read_held(self, user: StoredUser | None) -> dict[str, str]:
        """The keys that a user has, with the ETags of their rows."""
        rows = await self._read(key for name in _names(user) for key in _keys(name))
        return {one.key: one.etag for one in rows if user and one.values["user_id"] == user.id}

    async def _read(self, keys: Iterable[str]) -> list[Row]:
        """The rows that there are, in order."""
        found = await asyncio.gather(*(self._table.read(USERS, key) for key in dict.fromkeys(keys)))
        return [one for one in found if one is not None]

    @property
    def name(self) -> str:
        """Of what is upgraded, for `shared.storage.migration`."""
        return "names3"

    async def upgrade_page(self, token: str) -> tuple[int, str]:
        """Claim the present keys of the names of older users, up to 1,000 from the row `token` on:
        how many were claimed, and the token of the next page, empty after the last."""
        start, end = prefix_range("user_")
        count = number = 0
        async for one in self._table.query(USERS, token or start, end):
            if number == MAX_ROWS:
                return count, one.key
            number += 1
            user = as_user(one).user
            for name in _names(user):
                count += len(_keys(name)) > 1 and await self._add(name, user)
        return count, ""

    async def _add(self, name: str, user: StoredUser) -> bool:
        """Whether a claim was missing."""
        with suppress(WriteConflict):
            await self._table.write([_claim(_key(name), user)])
            return True
        owner = await self._table.read(USERS, _key(name))
        if owner and owner.values["user_id"] != user.id:
            log.warning("Users %s and %s have the same name", user.id, owner.values["user_id"])
        return False


def _claim(key: str, user: StoredUser) -> Write:
    return Write(Verb.INSERT, row(key, {"user_id": user.id, "expires_at": NEVER}))


def _names(user: StoredUser | None) -> list[str]:
    return [user.email, user.username] if user else []


def _key(name: str) -> str:
    """Hashed, as emails may hold anything."""
    return f"name_{hash_text(fold_name(name))}"


def _keys(name: str) -> list[str]:
    """Where the claim of a name may lie, the older place first: of two users whose names have
    become one, each is found by their own."""
    return list(dict.fromkeys([f"name_{hash_text(name.casefold())}", _key(name)]))
