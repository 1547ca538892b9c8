"""Azure Web PubSub: messages to those who are connected. Nothing else speaks to it.

Losing it loses no ticket: sending never raises and nobody waits for it; a client that misses a
message sees a gap in `seq`, or polls.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from shared.clients.azure_transport import ConnectionPool, ObservedTransport
from shared.errors import Unavailable
from shared.settings.realtime import RealtimeSettings
from shared.telemetry.spans import Service

log = logging.getLogger(__name__)

_SECONDS = 2.0
_REST_SECONDS = 0.5
_CONNECT_AGAIN = "What you may hear has changed; please connect again."
_PATIENCE: dict[str, Any] = {"retry_total": 0, "connection_timeout": 2, "read_timeout": 2}


class Realtime:
    """One hub. An outage is logged once, when it begins; after half a second messages try again."""

    def __init__(
        self,
        settings: RealtimeSettings,
        credential: AsyncTokenCredential | None = None,
        connections: ConnectionPool | None = None,
    ) -> None:
        self._is_away = False
        self._rests_until = 0.0
        self._owed: set[str] = set()
        self._client: Any = None
        transport = ObservedTransport(Service.REALTIME, _PATIENCE, connections)
        options = {**_PATIENCE, "transport": transport}
        if settings.connection_string:
            self._client = WebPubSubServiceClient.from_connection_string(
                settings.connection_string, hub=settings.hub, **options
            )
        elif settings.endpoint and credential:
            self._client = WebPubSubServiceClient(
                endpoint=settings.endpoint, hub=settings.hub, credential=credential, **options
            )

    @property
    def is_on(self) -> bool:
        return self._client is not None

    async def send(self, groups: Collection[str], message: Mapping[str, Any]) -> bool:
        """Send `message` once to each connection that is in any of `groups` now; whether the
        service took it."""
        loop = asyncio.get_running_loop()
        if self._client is None or loop.time() < self._rests_until or not await self._settle():
            return False
        taken = await self._try(
            lambda: self._client.send_to_all(
                dict(message), content_type="application/json", filter=_in_any(groups)
            )
        )
        # A try costs a few milliseconds of this process, also when it fails.
        self._rests_until = 0.0 if taken else loop.time() + _REST_SECONDS
        return taken

    async def tell(self, connection_id: str, message: Mapping[str, Any]) -> bool:
        """Send `message` to one connection; whether the service took it."""
        return await self._try(
            lambda: self._client.send_to_connection(
                connection_id, dict(message), content_type="application/json"
            )
        )

    async def close_user(self, user_id: str) -> bool:
        """Close all connections of a user, who may connect again as who they are then; whether the
        service did. If it did not, nothing more is sent from here before that is made up for."""
        self._owed.add(user_id)
        return await self._settle()

    async def close_connection(self, connection_id: str) -> bool:
        return await self._try(
            lambda: self._client.close_connection(connection_id, reason=_CONNECT_AGAIN)
        )

    async def is_connected(self, connection_id: str) -> bool:
        """Raises Unavailable."""
        if self._client is None:
            return False
        try:
            async with asyncio.timeout(_SECONDS):
                return bool(await self._client.connection_exists(connection_id))
        except (AzureError, TimeoutError):
            raise Unavailable("The realtime service is away; please try again.") from None

    async def client_url(self, user_id: str, groups: list[str], minutes: int) -> str:
        """The address at which `user_id` may connect during the next `minutes`, to read and for
        nothing else. No call where the app has the service's key.

        Raises Unavailable where the service is away, or there is none.
        """
        if self._client is None:
            raise Unavailable("There are no realtime messages here; please ask for the ticket.")
        try:
            async with asyncio.timeout(_SECONDS):
                token = await self._client.get_client_access_token(
                    user_id=user_id, groups=groups, roles=[], minutes_to_expire=minutes
                )
        except (AzureError, TimeoutError):
            raise Unavailable("The realtime service is away; please try again.") from None
        return str(token["url"])

    async def reach(self) -> None:
        """Raises AzureError or TimeoutError unless the service is there and takes our key."""
        async with asyncio.timeout(_SECONDS):
            await self._client.user_exists("nobody")

    async def _settle(self) -> bool:
        """Close what could not be closed before."""
        for user_id in [*self._owed]:
            close = partial(self._client.close_user_connections, user_id, reason=_CONNECT_AGAIN)
            if self._client is not None and not await self._try(close):
                return False
            self._owed.discard(user_id)
        return True

    async def _try(self, call: Callable[[], Awaitable[Any]]) -> bool:
        if self._client is None:
            return False
        try:
            async with asyncio.timeout(_SECONDS):
                await call()
        except (AzureError, TimeoutError) as error:
            if not self._is_away:
                log.warning("Realtime is away (%s); polling still works", type(error).__name__)
            self._is_away = True
            return False
        self._is_away = False
        return True


def _in_any(groups: Collection[str]) -> str:
    """https://learn.microsoft.com/azure/azure-web-pubsub/reference-odata-filter"""
    names = (group.replace("'", "''") for group in groups)
    return " or ".join(f"'{name}' in groups" for name in names)
