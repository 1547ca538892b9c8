"""Families of refresh tokens: a row holds the hash of the present secret, and those of the secrets
that were exchanged within the grace.

Whoever asks twice for a short while, because they ask from several places or an answer was lost, is
answered the same. A secret that was exchanged before that ends its family.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from shared.accounts.credentials import RefreshToken
from shared.accounts.rows import row, session_key
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import rfc3339
from shared.storage.keys import USERS

_MAX_EXCHANGED = 100
"""So many hashes fit into a column, and more than anybody needs."""


@dataclass(frozen=True, slots=True)
class Session:
    """A family as read."""

    found: Row

    @property
    def user_id(self) -> str:
        return str(self.found.values["user_id"])

    @property
    def opened_at(self) -> float:
        """Unix time of the login."""
        return float(self.found.values["opened_at"])

    @property
    def exchanged(self) -> dict[str, float]:
        """The hashes of the latest secrets that were exchanged, each with the Unix time of that."""
        known: dict[str, float] = json.loads(self.found.values.get("exchanged") or "{}")
        return known

    def has(self, token: RefreshToken) -> bool:
        """Whether `token` is the present one of the family."""
        return token.has_hash(str(self.found.values["hash"]))

    def find_exchange(self, token: RefreshToken, new: RefreshToken, since: float) -> float | None:
        """When `token` was exchanged for `new`, None if that was not since the Unix time."""
        at = self.exchanged.get(token.hash)
        is_known = self.has(new) or new.hash in self.exchanged
        return at if at is not None and at >= since and is_known else None


def begin_family(token: RefreshToken, user_id: str, at: float, until: datetime) -> Write:
    """The write that begins a family at the Unix time `at`."""
    values = {"user_id": user_id, "hash": token.hash, "opened_at": at, "expires_at": until}
    return Write(Verb.INSERT, row(session_key(token.family), values))


class RefreshTokens:
    """The rows of sessions; what was exchanged counts for `grace` seconds more."""

    def __init__(self, table: Table, grace: float) -> None:
        self._table = table
        self._grace = grace

    async def read(self, token: RefreshToken, moment: datetime) -> Session | None:
        """The family of `token`, None when it has ended."""
        found = await self._table.read(USERS, session_key(token.family))
        if found is None or found.values["expires_at"] <= rfc3339(moment):
            return None
        return Session(found)

    async def exchange(
        self, session: Session | None, old: RefreshToken, new: RefreshToken, moment: datetime
    ) -> float | None:
        """Put `new` in the place of `old`: one storage call, none where that is done already.

        The Unix time at which it was done, by us or within the grace by others; None if `old` does
        not count any more.
        """
        at = moment.timestamp()
        while session is not None and session.has(old):
            kept = {one: then for one, then in session.exchanged.items() if then >= self._since(at)}
            exchanged = dict([*kept.items(), (old.hash, at)][-_MAX_EXCHANGED:])
            values = {"hash": new.hash, "exchanged": json.dumps(exchanged)}
            try:
                write = Write(Verb.MERGE, row(session.found.key, values), session.found.etag)
                await self._table.write([write])
                return at
            except WriteConflict:  # By others, or by a try of our own whose answer was lost.
                session = await self.read(old, moment)
        return session.find_exchange(old, new, self._since(at)) if session else None

    def _since(self, at: float) -> float:
        return at - self._grace

    async def close(self, session: Session) -> None:
        """End a family, whether it still is there or not."""
        await self._table.delete(USERS, session.found.key)
