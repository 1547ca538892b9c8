"""The stand-in as an ASGI application: REST, clients, the record of calls."""

import asyncio
import json
import logging
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from infra.local.calls import Calls
from infra.local.webpubsub import DEFAULT_KEY, PROTOCOLS, RELIABLE_PROTOCOL
from infra.local.webpubsub.hub import Connection, Hub
from infra.local.webpubsub.rest import HUB_NAME, OPERATIONS, Call
from infra.local.webpubsub.session import Session
from infra.local.webpubsub.tokens import TokenError, strings, verify
from infra.local.webpubsub.upstream import Upstream, UpstreamError

_LOGGER = logging.getLogger(__name__)
_POLICY_VIOLATION = 1008
_RECOVERY_SECONDS = 30.0


def application(
    key: str = DEFAULT_KEY,
    event_handler: str | None = None,
    event_token: Callable[[], str] | None = None,
    recovery_seconds: float = _RECOVERY_SECONDS,
) -> ASGIApp:
    """A Web PubSub with the access key `key` that hands events to the URL `event_handler`, signed,
    or with what `event_token` gives. A lost reliable connection is kept for `recovery_seconds`."""
    upstream = Upstream(event_handler, key, event_token) if event_handler else None
    service = _Service(key, upstream, recovery_seconds)
    routes = [
        Route(f"/api/hubs/{{hub}}{path}", service.operation(method, act), methods=[method])
        for method, path, act in OPERATIONS
    ]
    app = Starlette(
        routes=[
            Route("/api/health", _healthy),
            service.calls.route(),
            *routes,
            WebSocketRoute("/client/hubs/{hub}", service.client),
        ],
        exception_handlers={HTTPException: _problem},
        lifespan=service.lifespan,
    )
    return _RawPaths(app)


class _RawPaths:
    """Matches routes on the path as it was sent, so that a name may contain an escaped slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "raw_path" in scope:
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await self._app(scope, receive, send)


class _Service:
    def __init__(self, key: str, upstream: Upstream | None, recovery_seconds: float) -> None:
        self._key = key
        self._recovery_seconds = recovery_seconds
        self._upstream = upstream
        self._hubs: defaultdict[str, Hub] = defaultdict(Hub)
        self.calls = Calls()

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        if self._upstream is not None:
            await self._upstream.aclose()

    def operation(
        self, method: str, act: Callable[[Call], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint that checks a call, does it, and records it whatever became of it."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                if request.method != method:  # Starlette answers HEAD with what GET has
                    raise HTTPException(405)
                response = act(self._checked(request, body))
            except HTTPException as error:
                response = await _problem(request, error)
            self._record(request, body, response.status_code)
            return response

        return endpoint

    def _checked(self, request: Request, body: bytes) -> Call:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            verify(token if scheme == "Bearer" else None, self._key, _url(request))
        except TokenError as error:
            raise HTTPException(401, str(error)) from error
        if not request.query_params.get("api-version"):
            raise HTTPException(400, "the query parameter api-version is required")
        params = {name: unquote(value) for name, value in request.path_params.items()}
        return Call(
            hub=self._hub(params["hub"]),
            params=params,
            query=request.query_params,
            content_type=request.headers.get("Content-Type", ""),
            body=body,
            key=self._key,
            client_url=_client_url(request, params["hub"]),
        )

    def _hub(self, name: str) -> Hub:
        if not HUB_NAME.fullmatch(name):
            raise HTTPException(400, f"{name!r} is no name for a hub")
        return self._hubs[name.lower()]

    async def client(self, socket: WebSocket) -> None:
        """Let a client in, or refuse the handshake with the status that says why."""
        name = unquote(socket.path_params["hub"])
        if "awps_connection_id" in socket.query_params:
            await self._recover(socket, name)
            return
        try:
            hub = self._hub(name)
            connection = await self._admitted(socket, name)
        except HTTPException as error:
            await socket.send_denial_response(await _problem(socket, error))
            # uvicorn logs an error when this returns before the socket is closed.
            await asyncio.sleep(0.01)
            return
        await socket.accept(subprotocol=connection.protocol)
        session = Session(socket, name, hub, connection, self._upstream, self._recovery_seconds)
        await session.run()

    async def _recover(self, socket: WebSocket, name: str) -> None:
        """Let a client of a reliable connection go on, or close with the code that tells it that
        there is nothing to recover."""
        hub = self._hubs[name.lower()]
        connection_id = socket.query_params["awps_connection_id"]
        connection = hub.connections.get(connection_id)
        await socket.accept(subprotocol=RELIABLE_PROTOCOL)
        token = socket.query_params.get("awps_reconnection_token", "")
        if (
            connection is None
            or connection.closed_for is not None
            or not secrets.compare_digest(token.encode(), connection.reconnection_token.encode())
        ):
            await socket.close(_POLICY_VIOLATION, "there is no such connection to recover")
            return
        await hub.sessions[connection_id].recover(socket)

    async def _admitted(self, socket: WebSocket, hub: str) -> Connection:
        scheme, _, bearer = socket.headers.get("Authorization", "").partition(" ")
        token = socket.query_params.get("access_token") or (bearer if scheme == "Bearer" else None)
        try:
            claims = verify(token, self._key, _client_url(socket, hub))
        except TokenError as error:
            raise HTTPException(401, str(error)) from error
        offered = list(socket.scope["subprotocols"])
        connection = Connection(
            user_id=claims.get("sub"),
            protocol=next((known for known in PROTOCOLS if known in offered), None),
            roles=set(strings(claims, "role")),
            groups=set(strings(claims, "webpubsub.group")),
        )
        if self._upstream is not None:
            await _consult(self._upstream, hub, connection, socket, claims)
        if offered and connection.protocol is None:
            known = " or ".join(PROTOCOLS)
            raise HTTPException(400, f"of {', '.join(offered)} none is known: try {known}")
        return connection

    def _record(self, request: Request, body: bytes, status: int) -> None:
        self.calls.record(
            method=request.method,
            path=unquote(request.url.path),
            query=dict(request.query_params),
            body=_readable(body),
            status=status,
        )


async def _consult(
    upstream: Upstream, hub: str, connection: Connection, socket: WebSocket, claims: dict[str, Any]
) -> None:
    """Let the event handler refuse the connection, or change what it is."""
    offered = list(socket.scope["subprotocols"])
    asked = {
        "claims": {name: strings(claims, name) for name in claims},
        "query": {
            name: socket.query_params.getlist(name)
            for name in socket.query_params
            if name != "access_token"
        },
        "headers": {name: socket.headers.getlist(name) for name in socket.headers},
        "subprotocols": offered,
        "clientCertificates": [],
    }
    try:
        reply = await upstream.connect(hub, connection, asked)
    except UpstreamError as error:
        _LOGGER.warning("event handler: %s", error)
        raise HTTPException(
            error.status if error.status in (401, 403) else 500, str(error)
        ) from error
    connection.user_id = reply.user_id or connection.user_id
    connection.groups |= set(reply.groups or [])
    connection.roles |= set(reply.roles or [])
    if reply.subprotocol in offered:
        connection.protocol = reply.subprotocol


def _url(request: HTTPConnection) -> str:
    return f"http://{request.headers['Host']}{request.scope['path']}?{request.url.query}"


def _client_url(request: HTTPConnection, hub: str) -> str:
    return f"http://{request.headers['Host']}/client/hubs/{hub}"


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


async def _healthy(_: Request) -> Response:
    return Response()


async def _problem(_: HTTPConnection, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = error.detail if isinstance(error, HTTPException) else "an error of the stand-in"
    return JSONResponse({"code": status, "message": message}, status)
