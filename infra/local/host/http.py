"""Serves HTTP functions: a request becomes a `func.HttpRequest`, what is returned a response."""

import asyncio
import logging
from collections.abc import Callable
from io import BytesIO

import azure.functions as func
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from infra.local.host.functions import Function, FunctionApp, HostError, resolve_settings
from infra.local.host.invocation import Invoker
from infra.local.host.precedence import Precedence
from infra.local.host.protocol import METHODS
from infra.local.host.responses import ResponseTooLargeError, response_of
from infra.local.host.routes import RouteError, Template, check_route, compile_template
from infra.local.host.urls import decode_path, query_values

log = logging.getLogger("host")

FLUSH_SECONDS = 0.1
"""In which an answer has left the process."""
START_PAGE = "<!DOCTYPE html><title>The local host</title><p>Your function app is up and running."


class HttpFunctions:
    """An ASGI app that dispatches to the app's HTTP functions.

    `replace` is called with a reason when a function broke what Azure's worker lives on.
    """

    def __init__(
        self,
        app: FunctionApp,
        invoker: Invoker,
        replace: Callable[[str], None],
        precedence: Precedence,
    ) -> None:
        self._invoker = invoker
        self._precedence = precedence
        self._replace = replace
        # Azure's host asks them in this order, not the most specific first.
        functions = sorted(app.of_kind("httpTrigger"), key=lambda f: f.name.upper())
        self._routes = [(_template(f, app.route_prefix), _methods(f), f) for f in functions]

    def describe(self) -> list[str]:
        """A line for each function: its verbs and path."""
        return [f"{f.name}: [{','.join(m) or 'any'}] /{t.text}" for t, m, f in self._routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; 404 also for a known route with another verb, as the platform."""
        found = self._find(scope)
        if found:
            try:
                response = await self._answer(*found, scope, receive)
            except ClientDisconnect:
                return
        else:
            response = HTMLResponse(START_PAGE) if scope["path"] == "/" else Response(None, 404)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[Function, dict[str, str]] | None:
        path = decode_path(scope["raw_path"].decode("ascii")).removeprefix("/")
        for template, methods, function in self._routes:
            if scope["method"] in (methods or METHODS):
                values = template.match(path)
                if values is not None:
                    return function, values
        return None

    async def _answer(
        self, function: Function, values: dict[str, str], scope: Scope, receive: Receive
    ) -> Response:
        headers = _headers(scope)
        subject = f"{scope['method']} {_without_token(scope['path'], values)}"
        # As Azure's host, which hands on only a body that has its length before it.
        body = await _body(receive, keep="content-length" in headers)
        value = func.HttpRequest(
            scope["method"],
            _url(scope, headers),
            headers=headers,
            params=query_values(scope["query_string"].decode("ascii")),
            route_params=values,
            body=body,
        )
        del body  # The function may let go of it.
        with self._precedence.answering(scope["method"]):
            http_1_0 = scope["http_version"] == "1.0"
            return await self._call(function, value, subject, http_1_0=http_1_0)

    async def _call(
        self, function: Function, value: func.HttpRequest, subject: str, *, http_1_0: bool
    ) -> Response:
        try:
            result = await self._invoker.call(
                function, value, subject, lambda r: str(getattr(r, "status_code", 200))
            )
            return response_of(result, http_1_0=http_1_0)
        except ResponseTooLargeError as error:
            reason = f"{function.name} {subject}: {error}"
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._replace, reason)
        except (Exception, SystemExit):
            log.exception("%s %s", function.name, subject)
        return Response(status_code=500)


def _without_token(path: str, values: dict[str, str]) -> str:
    """The path as logs may have it: what its route calls a token is a secret."""
    return path.replace(values["token"], "***") if values.get("token") else path


async def _body(receive: Receive, *, keep: bool) -> bytes:
    """The body, in memory once: joining its pieces at the end would hold it twice."""
    whole = BytesIO()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if keep:
            whole.write(message.get("body", b""))
        more = message.get("more_body", False)
    return whole.getvalue()


def _template(function: Function, prefix: str) -> Template:
    own = function.trigger.get("route")
    route = resolve_settings(own or function.name, owner=f"Function '{function.name}'")
    try:
        check_route(route)
        return compile_template(f"{prefix}/{route}".strip("/"))
    except RouteError as error:
        raise HostError(f"Function '{function.name}': route '{route}': {error}.") from error


def _methods(function: Function) -> list[str]:
    return [method.upper() for method in function.trigger.get("methods") or []]


def _url(scope: Scope, headers: dict[str, str]) -> str:
    path, query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii")
    return f"{scope['scheme']}://{headers.get('host', '')}{path}{'?' if query else ''}{query}"


def _headers(scope: Scope) -> dict[str, str]:
    """The request's headers, repeated ones joined by commas; the connection's address stands last
    in X-Forwarded-For, as Azure's front end writes it, whatever the client has put there."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    if scope["client"] is not None:
        host, port = scope["client"]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        before = headers.get("x-forwarded-for")
        headers["x-forwarded-for"] = f"{before}, {address}" if before else address
    return headers
