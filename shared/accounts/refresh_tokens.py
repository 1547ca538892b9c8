"""Families of refresh tokens: a row holds the hash of the present secret only.

A secret that is not the present one has been used before, which ends its family.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.accounts.credentials import RefreshToken
from shared.accounts.rows import row, session_key
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import rfc3339
from shared.storage.keys import USERS


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

    def has(self, token: RefreshToken) -> bool:
        """Whether `token` is the present one of the family."""
        return token.has_hash(str(self.found.values["hash"]))


def begin_family(token: RefreshToken, user_id: str, at: float, until: datetime) -> Write:
    """The write that begins a family at the Unix time `at`."""
    values = {"user_id": user_id, "hash": token.hash, "opened_at": at, "expires_at": until}
    return Write(Verb.INSERT, row(session_key(token.family), values))


class RefreshTokens:
    """The rows of sessions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def read(self, token: RefreshToken, moment: datetime) -> Session | None:
        """The family of `token`, None when it has ended."""
        found = await self._table.read(USERS, session_key(token.family))
        if found is None or found.values["expires_at"] <= rfc3339(moment):
            return None
        return Session(found)

    async def rotate(self, session: Session, new: RefreshToken) -> bool:
        """Put `new` in the place of the present token; False if that was used meanwhile."""
        values = row(session.found.key, {"hash": new.hash})
        try:
            await self._table.write([Write(Verb.MERGE, values, session.found.etag)])
        except WriteConflict:
            found = await self._table.read(USERS, session.found.key)
            # Ours, if an earlier try took effect although its answer was lost.
            return found is not None and Session(found).has(new)
        return True

    async def close(self, session: Session) -> None:
        """End a family, whether it still is there or not."""
        await self._table.delete(USERS, session.found.key)
