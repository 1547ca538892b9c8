"""A proxy in front of Azurite, under a test's control: it counts calls, and lets them go wrong."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

import httpx2
from httpx2 import AsyncClient, Limits
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.servers.serving import served

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


class StorageProxy:
    """Passes calls on to Azurite, whose connection string is `upstream`, and notes them in `calls`.

    `before` is asked before a call is passed on, `after` when it has taken effect and not been
    answered yet; a Response from either is what the caller gets.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.before: Meddle = leave_alone
        self.after: Meddle = leave_alone
        self.calls: list[Call] = []
        self.connection_string = ""

    def reset(self, before: Meddle = leave_alone, after: Meddle = leave_alone) -> None:
        """Forget the calls, and meddle like this from now on."""
        self.before, self.after, self.calls = before, after, []

    def forwarder(self, service: str, origin: str) -> ASGIApp:
        """An ASGI app that passes everything on to `origin`."""
        client = AsyncClient(limits=Limits(max_connections=200), timeout=60)

        async def forward(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            request = Request(scope, receive)
            body = await request.body()
            path = scope["raw_path"].decode()
            call = Call(service, request.method, path, len(self.calls) + 1)
            self.calls.append(call)
            response = await self.before(call)
            if response is None:
                query = f"?{request.url.query}" if request.url.query else ""
                url = f"{origin}{path}{query}"
                headers = request.headers.items()
                answer = await client.request(call.method, url, headers=headers, content=body)
                response = await self.after(call) or _same(answer)
            await response(scope, receive, send)

        return forward


def _same(answer: httpx2.Response) -> Response:
    response = Response(answer.content, answer.status_code)
    for name, value in answer.headers.multi_items():
        if name.lower() not in HOP_BY_HOP:
            response.headers[name] = value
    if answer.request.method == "HEAD":  # There it tells of a body that is not sent.
        response.headers["content-length"] = answer.headers.get("content-length", "0")
    return response


@contextmanager
def storage_proxy(upstream: str) -> Iterator[StorageProxy]:
    """A running proxy in front of the storage of `upstream`, a connection string."""
    proxy = StorageProxy(upstream)
    services = _ENDPOINT.findall(upstream)
    apps = [
        proxy.forwarder(service.lower(), f"http://127.0.0.1:{port}") for service, port in services
    ]
    with served(*apps) as ports:
        proxy.connection_string = upstream
        for (_, theirs), ours in zip(services, ports, strict=True):
            proxy.connection_string = proxy.connection_string.replace(
                f"127.0.0.1:{theirs}/", f"127.0.0.1:{ours}/"
            )
        yield proxy


def lose_answers(count: int) -> Meddle:
    """Loses the answers to the first transactions, which have taken effect."""
    left = [count]

    async def meddle(call: Call) -> Response | None:
        if call.path.endswith("$batch") and left[0]:
            left[0] -= 1
            return Response(status_code=503)
        return None

    return meddle


def hold(fits: Callable[[Call], bool], reached: Event, release: Event) -> Meddle:
    """Keeps the first call that fits waiting until `release`; `reached` tells that it came."""

    async def meddle(call: Call) -> Response | None:
        if not reached.is_set() and fits(call):
            reached.set()
            while not release.is_set():
                await asyncio.sleep(0.01)
        return None

    return meddle
