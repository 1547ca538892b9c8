"""Realtime connections of users: what each may hear, and who is connected.

A connection has a row from before it is opened until after it is closed. A user whose rights
change is disconnected by `repository.Users`; what slips through between the question whether they
may connect and the connection itself is found when it is open.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256

from shared.accounts.audience import groups_of
from shared.accounts.authorization import check_admin
from shared.accounts.principal import Principal
from shared.accounts.repository import Users
from shared.clients.realtime import Realtime
from shared.clients.tables import Table, Verb, Write
from shared.errors import Unauthenticated
from shared.models import ConnectionCounts, Negotiated, StoredUser, rfc3339
from shared.models.clock import Clock
from shared.storage.keys import prefix_range

_MAX_MINUTES = 60
_PARTITION = "connections"
_PREFIX = "connection_"
_START, _END = prefix_range(_PREFIX)
_LOOKED_AT_AFTER = timedelta(days=1)


class Connections:
    """An invitation to connect lives for `minutes`, as long as the access token that asks for it,
    and an hour at most."""

    def __init__(
        self, *, realtime: Realtime, users: Users, table: Table, minutes: int, clock: Clock
    ) -> None:
        self._realtime = realtime
        self._users = users
        self._table = table
        self._minutes = min(minutes, _MAX_MINUTES)
        self._clock = clock

    async def negotiate(self, user: StoredUser) -> Negotiated:
        """Where `user` can hear of what they may read now. Raises Unavailable."""
        groups = groups_of(user)
        expires_at = self._clock.now() + timedelta(minutes=self._minutes)
        url = await self._realtime.client_url(user.id, groups, self._minutes)
        return Negotiated(url=url, user_id=user.id, groups=groups, expires_at=expires_at)

    async def admit(
        self, connection_id: str, user_id: str, invited_at: int, groups: Collection[str]
    ) -> list[str]:
        """The groups of a connection that is about to open, by an invitation of the Unix time
        `invited_at` into `groups`: two storage calls.

        Raises Unauthenticated when the user may not hear all that any more.
        """
        user = await self._active(user_id)
        # The service counts in whole seconds, and tokens begin a second after the last that ended.
        if invited_at < int(user.tokens_from) - 1 or not set(groups) <= set(groups_of(user)):
            raise Unauthenticated("What you may hear has changed; please negotiate again.")
        row = self._row(connection_id) | {
            "connection_id": connection_id,
            "user_id": user.id,
            "groups": ",".join(groups_of(user)),
            "tokens_from": user.tokens_from,
            "connected_at": rfc3339(self._clock.now()),
        }
        await self._table.write([Write(Verb.REPLACE, row)])
        return groups_of(user)

    async def confirm(self, connection_id: str, user_id: str) -> None:
        """A connection is open: say so to it, or close it if its user's rights have changed since
        it was admitted. Two storage calls."""
        row = await self._table.read(_PARTITION, _key(connection_id))
        known = await self._users.by_id(user_id)
        admitted = (row.values["groups"], row.values["tokens_from"]) if row else None
        user = known.user if known and known.user.is_active else None
        if user is None or admitted != (",".join(groups_of(user)), user.tokens_from):
            await self._realtime.close_connection(connection_id)
            return
        message = {"type": "connection_confirmed", "user_id": user.id, "groups": groups_of(user)}
        await self._realtime.tell(
            connection_id, message | {"timestamp": rfc3339(self._clock.now())}
        )

    async def principal_of(self, connection_id: str, user_id: str) -> Principal:
        """Whose connection it is that is known: two storage calls.

        Raises Unauthenticated for one that is not known as the user's.
        """
        row = await self._table.read(_PARTITION, _key(connection_id))
        if row is None or row.values["user_id"] != user_id:
            raise Unauthenticated("This connection is not known; please connect again.")
        return Principal(await self._active(user_id))

    async def forget(self, connection_id: str) -> None:
        """A connection is closed."""
        await self._table.delete(_PARTITION, _key(connection_id))

    async def count(self, principal: Principal) -> ConnectionCounts:
        """The connections that are known, a storage call for each 1,000. Raises Forbidden."""
        check_admin(principal)
        rows = self._table.query(_PARTITION, _START, _END, columns=("RowKey", "user_id"))
        users = [str(row.values["user_id"]) async for row in rows]
        return ConnectionCounts(total_connections=len(users), connected_users=len(set(users)))

    async def expire(self) -> None:
        """Forget connections whose end nobody told us of, and close those that are yet to be
        closed. Raises Unavailable."""
        await self._users.close_left()
        late = self._clock.now() - _LOOKED_AT_AFTER
        async for row in self._table.query(_PARTITION, _START, _END):
            connection_id = str(row.values["connection_id"])
            if datetime.fromisoformat(row.values["connected_at"]) > late:
                continue
            if not await self._realtime.is_connected(connection_id):
                await self.forget(connection_id)

    async def _active(self, user_id: str) -> StoredUser:
        known = await self._users.by_id(user_id)
        if known is None or not known.user.is_active:
            raise Unauthenticated("This account is not active; please ask an administrator.")
        return known.user

    def _row(self, connection_id: str) -> dict[str, object]:
        return {"PartitionKey": _PARTITION, "RowKey": _key(connection_id)}


def _key(connection_id: str) -> str:
    """Hashed, as the service may call a connection anything."""
    return f"{_PREFIX}{sha256(connection_id.encode(errors='replace')).hexdigest()}"
