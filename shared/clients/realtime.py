"""Azure Web PubSub: messages to users. Nothing else speaks to it.

Losing it loses no ticket: sending never raises and never takes long; a client that misses a message
sees a gap in `seq`, or polls.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from shared.settings.realtime import RealtimeSettings

log = logging.getLogger(__name__)

_SEND_SECONDS = 2.0
_REST_SECONDS = 30.0
_PATIENCE: dict[str, Any] = {"retry_total": 0, "connection_timeout": 2, "read_timeout": 2}


class Realtime:
    """Sends messages of one hub. After a fault it rests for a while, as each try costs time."""

    def __init__(
        self, settings: RealtimeSettings, credential: AsyncTokenCredential | None = None
    ) -> None:
        self._rests_until = 0.0
        self._client: Any = None
        if settings.connection_string:
            self._client = WebPubSubServiceClient.from_connection_string(
                settings.connection_string, hub=settings.hub, **_PATIENCE
            )
        elif settings.endpoint and credential:
            self._client = WebPubSubServiceClient(
                endpoint=settings.endpoint, hub=settings.hub, credential=credential, **_PATIENCE
            )

    @property
    def is_on(self) -> bool:
        return self._client is not None

    async def send(self, users: Iterable[str], message: Mapping[str, Any]) -> None:
        """Send `message` to every connection of `users`, if the service is there."""
        if self._client is None or time.monotonic() < self._rests_until:
            return
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                for user in users:
                    await self._client.send_to_user(
                        user, dict(message), content_type="application/json"
                    )
        except (AzureError, TimeoutError) as error:
            self._rests_until = time.monotonic() + _REST_SECONDS
            log.warning("Realtime is away (%s); polling still works", type(error).__name__)

    async def reach(self) -> None:
        """Raises AzureError or TimeoutError unless the service is there and takes our key."""
        async with asyncio.timeout(_SEND_SECONDS):
            await self._client.user_exists("nobody")
