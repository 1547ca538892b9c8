"""Realtime connections of users: what each may hear, and who is connected."""

from datetime import timedelta

from shared.accounts.audience import groups_of
from shared.clients.realtime import Realtime
from shared.models import Negotiated, StoredUser, now

_MAX_MINUTES = 60


class Connections:
    """An invitation to connect lives for `minutes`, as long as the access token that asks for it,
    and an hour at most."""

    def __init__(self, realtime: Realtime, minutes: int) -> None:
        self._realtime = realtime
        self._minutes = min(minutes, _MAX_MINUTES)

    async def negotiate(self, user: StoredUser) -> Negotiated:
        """Where `user` can hear of what they may read now. Raises Unavailable."""
        groups = groups_of(user)
        expires_at = now() + timedelta(minutes=self._minutes)
        url = await self._realtime.client_url(user.id, groups, self._minutes)
        return Negotiated(url=url, user_id=user.id, groups=groups, expires_at=expires_at)
