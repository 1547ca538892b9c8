"""The transport of the Azure SDKs, with a span for each request: retries are requests, too.

All clients of a process share one pool of connections. It looks at no proxy and no `~/.netrc`,
which the SDKs would ask for at every request.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from yarl import URL

from shared.telemetry.spans import Service, outside_call

_TURNS_UNTIL_CLOSED = 3
"""Of the event loop: it is told of the end of the stream, closes the transport, tells its owner."""


class ConnectionPool:
    """The connections of all clients that share them: opened with the first request, closed when
    the last client is."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._users = 0

    def join(self) -> aiohttp.ClientSession:
        """What a client sends with until it leaves. Only where an event loop runs."""
        if self._session is None:
            # nosemgrep: http-has-a-timeout  azure.core gives each request its own.
            self._session = aiohttp.ClientSession(
                trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        self._users += 1
        return self._session

    async def leave(self) -> None:
        self._users -= 1
        if not self._users and self._session is not None:
            session, self._session = self._session, None
            await session.close()


class ObservedTransport(AioHttpTransport):  # type: ignore[misc]
    """Sends to one service, within the times of `patience`, in seconds, over `connections`."""

    def __init__(
        self,
        service: Service,
        patience: Mapping[str, Any],
        connections: ConnectionPool | None = None,
    ) -> None:
        times = {name: patience[name] for name in ("connection_timeout", "read_timeout")}
        super().__init__(use_env_settings=False, **times)
        self.session: aiohttp.ClientSession | None = None
        self._service = service
        self._connections = connections or ConnectionPool()

    async def open(self) -> None:
        if self.session is None:
            self.session = self._connections.join()

    async def close(self) -> None:
        if self.session is not None:
            self.session = None
            await self._connections.leave()

    async def send(self, request: HttpRequest, **config: Any) -> AsyncHttpResponse:
        # The loop may have been held up for longer than the other side keeps connections: it must
        # see which were closed before one is taken, as a POST is not sent twice.
        for _ in range(_TURNS_UNTIL_CLOSED):
            await asyncio.sleep(0)
        with outside_call(self._service, request.method, URL(request.url).host) as call:
            response: AsyncHttpResponse = await super().send(request, **config)
            call.note_answer(response.status_code)
            return response
