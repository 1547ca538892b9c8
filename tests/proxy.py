"""A proxy in front of Azurite, under a test's control: it counts calls, and lets them go wrong."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import uvicorn
from httpx2 import AsyncClient, Limits
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.serving import take_port

HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}
_ENDPOINT = re.compile(r"(Blob|Queue|Table)Endpoint=http://127\.0\.0\.1:(\d+)/")


@dataclass(frozen=True)
class Call:
    """One storage call; `path` begins with the account's name."""

    service: str
    method: str
    path: str
    number: int
    """From 1, over all services."""


Meddle = Callable[[Call], Awaitable[Response | None]]
"""What a test does at a call: nothing, an answer of its own, or worse."""


async def leave_alone(_: Call) -> Response | None:
    """The call goes its way."""
    return None


@dataclass
class StorageProxy:
    """Stands in front of the storage of `upstream`, a connection string.

    `before` is asked before a call is passed on, `after` when it has taken effect and not been
    answered yet; a Response from either is what the caller gets.
    """

    upstream: str
    before: Meddle = leave_alone
    after: Meddle = leave_alone
    calls: list[Call] = field(default_factory=list)
    connection_string: str = ""

    def __enter__(self) -> Self:
        self._servers: list[uvicorn.Server] = []
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)))
        self._thread.start()
        if not started.wait(30):
            raise RuntimeError("the proxy did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.should_exit = server.force_exit = True
        self._thread.join()

    async def _serve(self, started: threading.Event) -> None:
        self.connection_string = self.upstream
        running = []
        async with AsyncClient(limits=Limits(max_connections=200), timeout=60) as client:
            for name, port in _ENDPOINT.findall(self.upstream):
                taken = take_port(0, "proxy")
                app = self._forwarder(name.lower(), f"http://127.0.0.1:{port}", client)
                server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
                self._servers.append(server)
                running.append(asyncio.create_task(server.serve(sockets=[taken])))
                self.connection_string = self.connection_string.replace(
                    f"127.0.0.1:{port}/", f"127.0.0.1:{taken.getsockname()[1]}/"
                )
            while not all(server.started for server in self._servers):
                await asyncio.sleep(0.01)
            started.set()
            await asyncio.gather(*running)

    def _forwarder(self, service: str, origin: str, client: AsyncClient) -> ASGIApp:
        async def forward(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            body = await request.body()
            target = scope["raw_path"].decode()
            call = Call(service, request.method, target, len(self.calls) + 1)
            self.calls.append(call)
            response = await self.before(call)
            if response is None:
                response = await self._pass_on(call, request, body, origin, client)
            await response(scope, receive, send)

        return forward

    async def _pass_on(
        self, call: Call, request: Request, body: bytes, origin: str, client: AsyncClient
    ) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        answer = await client.request(
            call.method,
            f"{origin}{call.path}{query}",
            headers=request.headers.items(),
            content=body,
        )
        if (instead := await self.after(call)) is not None:
            return instead
        response = Response(answer.content, answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in HOP_BY_HOP:
                response.headers[name] = value
        return response
