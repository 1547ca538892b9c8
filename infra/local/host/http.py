"""Serves HTTP functions: a request becomes a `func.HttpRequest`, what is returned a response."""

import logging
from io import BytesIO

import azure.functions as func
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.local.host.functions import Function, FunctionApp, HostError, resolve_settings
from infra.local.host.invocation import Invoker
from infra.local.host.routes import RouteError, Template, compile_template

log = logging.getLogger("host")


class HttpFunctions:
    """An ASGI app that dispatches to the app's HTTP functions."""

    def __init__(self, app: FunctionApp, invoker: Invoker) -> None:
        self._invoker = invoker
        routes = [(_template(f, app.route_prefix), f) for f in app.of_kind("httpTrigger")]
        self._routes = sorted(routes, key=lambda route: route[0].precedence)

    def describe(self) -> list[str]:
        """A line for each function: its verbs and path."""
        return [f"{f.name}: [{','.join(_methods(f)) or 'any'}] /{t.text}" for t, f in self._routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; 404 also for a known route with another verb, as the platform."""
        request = Request(scope, receive)
        found = self._find(request)
        response = Response(status_code=404)
        if found:
            function, values = found
            try:
                response = await self._answer(function, request, values)
            except ClientDisconnect:
                return
        await response(scope, receive, send)

    def _find(self, request: Request) -> tuple[Function, dict[str, str]] | None:
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        path = raw.decode("latin-1").lstrip("/")
        for template, function in self._routes:
            methods = _methods(function)
            if methods and request.method not in methods:
                continue
            if (values := template.match(path)) is not None:
                return function, values
        return None

    async def _answer(
        self, function: Function, request: Request, values: dict[str, str]
    ) -> Response:
        value = func.HttpRequest(
            request.method,
            str(request.url),
            headers=_headers(request),
            params=_joined(request.query_params.multi_items()),
            route_params=values,
            body=await _body(request),
        )
        subject = f"{request.method} {request.scope['path']}"
        try:
            result = await self._invoker.call(
                function, value, subject, lambda r: str(getattr(r, "status_code", 200))
            )
            return _response(result)
        except (Exception, SystemExit):
            log.exception("%s %s", function.name, subject)
            return Response(status_code=500)


async def _body(request: Request) -> bytes:
    """The body, in memory once: joining its pieces at the end would hold it twice."""
    whole = BytesIO()
    async for piece in request.stream():
        whole.write(piece)
    return whole.getvalue()


def _template(function: Function, prefix: str) -> Template:
    own = function.trigger.get("route")
    route = resolve_settings(own or function.name, owner=f"Function '{function.name}'")
    try:
        return compile_template(f"{prefix}/{route}".strip("/"))
    except RouteError as error:
        raise HostError(f"Function '{function.name}': route '{route}': {error}.") from error


def _methods(function: Function) -> list[str]:
    return [method.upper() for method in function.trigger.get("methods") or []]


def _headers(request: Request) -> dict[str, str]:
    """The request's headers; the connection's address stands last in X-Forwarded-For, as Azure's
    front end writes it, whatever the client has put there."""
    headers = _joined(request.headers.items())
    if request.client is not None:
        host, port = request.client
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        before = headers.get("x-forwarded-for")
        headers["x-forwarded-for"] = f"{before}, {address}" if before else address
    return headers


def _joined(pairs: object) -> dict[str, str]:
    """Repeated names as one value with commas, as the platform hands them over."""
    joined: dict[str, str] = {}
    for name, value in pairs:  # type: ignore[attr-defined]
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _response(result: object) -> Response:
    if result is None:
        return Response(status_code=204)
    if isinstance(result, str):
        return Response(result, media_type="text/plain")
    if not isinstance(result, func.HttpResponse):
        raise TypeError(f"an HTTP function returned {type(result).__name__}, not an HttpResponse")
    response = Response(result.get_body(), result.status_code)
    if "content-type" not in result.headers:
        text = result.mimetype.startswith("text/")
        kind = f"{result.mimetype}; charset={result.charset}" if text else result.mimetype
        response.headers["content-type"] = kind
    for name, value in result.headers.items():
        if name.lower() != "content-length":
            response.headers.append(name, value)
    return response
