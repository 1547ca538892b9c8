"""The HTTP API of the Durable Functions extension, and the value of the durable client binding.

Paths and status codes are those of the extension's 3.x:
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api
Whoever calls needs the key `KEY`, as in Azure the system key of the extension; the SDK's client in
the app calls the same API under `RPC_BASE`, where none is asked for.
"""

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.host.durable.addresses import (
    BASE,
    KEY,
    RPC_BASE,
    client_binding,
    management_urls,
)
from infra.local.host.durable.engine import Engine
from infra.local.host.durable.events import without_constants
from infra.local.host.durable.history_view import decoded, history_view
from infra.local.host.durable.operations import Operations, RefusedError, refused, refused_with
from infra.local.host.durable.queries import Page, filter_of
from infra.local.host.durable.records import Instance, Status

Handler = Callable[[Request], Awaitable[Response]]


class AsciiJson(JSONResponse):
    """JSON in ASCII, so that lone surrogates, which no encoding holds, get through."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, separators=(",", ":")).encode()


class DurableApi:
    """The endpoints below `BASE`, for the hub of that name."""

    def __init__(self, engine: Engine, hub: str, origin: str, default_version: str | None) -> None:
        self._engine = engine
        self._operations = Operations(engine, default_version)
        self._hub = hub
        self._origin = origin

    def routes(self) -> list[Route]:
        """The Starlette routes; path words ignore case through `lower_path_words`."""
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/orchestrators/{name}", self._start),
            ("POST", "/orchestrators/{name}/{id}", self._start),
            ("GET", "/instances", self._list),
            ("DELETE", "/instances", self._purge_all),
            ("GET", "/instances/{id}", self._status),
            ("DELETE", "/instances/{id}", self._purge),
            ("POST", "/instances/{id}/raiseevent/{event}", self._raise_event),
            ("POST", "/instances/{id}/terminate", self._terminate),
            ("POST", "/instances/{id}/suspend", self._suspend),
            ("POST", "/instances/{id}/resume", self._resume),
            ("POST", "/instances/{id}/restart", self._restart),
            ("POST", "/instances/{id}/rewind", self._rewind),
        ]
        routes = [
            Route(base + path + end, self._answering(handler, key), methods=[method])
            for base, key in ((BASE, KEY), (RPC_BASE, None))
            for method, path, handler in table
            for end in ("", "/")
        ]
        for route in routes:
            route.methods = (route.methods or set()) - {"HEAD"}  # Starlette's addition to a GET
        return routes

    def client_binding(self, hub: str | None) -> str:
        """The JSON text a durable client binding is given."""
        return client_binding(self._origin, hub or self._hub)

    def _accepted(self, request: Request, instance_id: str) -> Response:
        payload = management_urls(instance_id, _origin(request), self._hub)
        del payload["rewindPostUri"]  # only the client binding's payload has it
        headers = {"Location": payload["statusQueryGetUri"], "Retry-After": "10"}
        return AsciiJson(payload, 202, headers)

    def _answering(self, handler: Handler, key: str | None) -> Handler:
        """`handler` for whoever has the `key`, with its refusals as answers."""

        async def answer(request: Request) -> Response:
            given = request.headers.get("x-functions-key") or request.query_params.get("code")
            if key not in (None, given):
                return Response(status_code=401)
            try:
                return self._elsewhere(request) or await handler(request)
            except RefusedError as refusal:
                if refusal.body is None:
                    return Response(status_code=refusal.status)
                return AsciiJson(refusal.body, refusal.status)

        return answer

    def _elsewhere(self, request: Request) -> Response | None:
        """The answer for another hub, which is an empty one; None where this one is meant."""
        hub = request.query_params.get("taskHub") or self._hub
        if hub.casefold() == self._hub.casefold():
            return None
        if "name" in request.path_params:
            raise refused(
                400,
                f"This host serves the hub {self._hub}. In Azure the instance would wait until a "
                f"host of the hub {hub} takes it up.",
            )
        is_list = request.method == "GET" and "id" not in request.path_params
        return AsciiJson([]) if is_list else Response(status_code=404)

    async def _start(self, request: Request) -> Response:
        body = await request.body()
        text = _json_text(body) if body else None
        name = request.path_params["name"]
        wanted = _id(request) if "id" in request.path_params else None
        version = request.query_params.get("version")
        wait = _waiting_time(request)
        instance_id = self._operations.start(name, wanted, text, version)
        if wait:
            await self._engine.until_finished(instance_id, wait)
            instance = self._operations.get(instance_id)
            if instance.status is Status.COMPLETED:
                return AsciiJson(decoded(instance.output))
            if instance.status.finished:
                return AsciiJson(_status_of(instance, show_input=True))
        return self._accepted(request, instance_id)

    async def _status(self, request: Request) -> Response:
        instance = self._operations.get(_id(request))
        body = _status_of(instance, _flag(request, "showInput", True))
        if _flag(request, "showHistory", False):
            history = self._engine.store.history(instance.id)
            body["historyEvents"] = history_view(
                history,
                show_input=_flag(request, "showInput", True),
                show_output=_flag(request, "showHistoryOutput", False),
            )
        if not instance.status.finished:
            headers = {"Location": _address(request), "Retry-After": "5"}
            return AsciiJson(body, 202, headers)
        failed = instance.status is Status.FAILED
        as_error = failed and _flag(request, "returnInternalServerErrorOnFailure", False)
        return AsciiJson(body, 500 if as_error else 200)

    async def _list(self, request: Request) -> Response:
        page = Page(request)
        found = self._operations.query(filter_of(request), page.first, page.size + 1)
        token = page.token_before(found[page.size]) if len(found) > page.size else ""
        show_input = _flag(request, "showInput", True)
        body = [_status_of(instance, show_input) for instance in found[: page.size]]
        return AsciiJson(body, headers={"x-ms-continuation-token": token})

    async def _raise_event(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise refused(400, "Only application/json request content is supported")
        text = _json_text(await request.body())
        self._operations.raise_event(_id(request), request.path_params["event"], text)
        return Response(status_code=202)

    async def _terminate(self, request: Request) -> Response:
        self._operations.terminate(_id(request), _reason(request))
        return Response(status_code=202)

    async def _suspend(self, request: Request) -> Response:
        self._operations.suspend(_id(request), _reason(request))
        return Response(status_code=202)

    async def _resume(self, request: Request) -> Response:
        self._operations.resume(_id(request), _reason(request))
        return Response(status_code=202)

    async def _restart(self, request: Request) -> Response:
        new_id = _flag(request, "restartWithNewInstanceId", True)
        return self._accepted(request, self._operations.restart(_id(request), new_id))

    async def _rewind(self, request: Request) -> Response:
        self._operations.rewind(_id(request), _reason(request))
        return Response(status_code=202)

    async def _purge(self, request: Request) -> Response:
        self._operations.purge(_id(request))
        return AsciiJson({"instancesDeleted": 1})

    async def _purge_all(self, request: Request) -> Response:
        wanted = filter_of(request)
        if wanted.created_from is None:
            raise RefusedError(400, "Please provide value for 'createdTimeFrom' parameter.")
        count = self._operations.purge_all(wanted)
        if not count:
            raise RefusedError(404)
        return AsciiJson({"instancesDeleted": count})


def lower_path_words(path: str) -> str:
    """The path with the API's own words in lower case; names and ids stay as they are."""
    base = next((base for base in (BASE, RPC_BASE) if path.lower().startswith(base)), None)
    if base is None:
        return path
    words = path[len(base) :].split("/")
    own_words = (1, 3) if words[1:2] and words[1].lower() == "instances" else (1,)
    own = [word.lower() if i in own_words else word for i, word in enumerate(words)]
    return base + "/".join(own)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _address(request: Request) -> str:
    """The address that was asked for, as it was sent."""
    path, query = request.scope["raw_path"].decode("latin-1"), request.url.query
    return f"{_origin(request)}{path}?{query}" if query else _origin(request) + path


def _id(request: Request) -> str:
    """The instance id of the path, in which `+` is a blank."""
    return str(request.path_params["id"]).replace("+", " ")


def _status_of(instance: Instance, show_input: bool) -> dict[str, Any]:
    if_any = {"version": instance.version, "parentInstanceId": instance.parent}
    return {
        "name": instance.name,
        **{key: value for key, value in if_any.items() if value},
        "instanceId": instance.id,
        "runtimeStatus": instance.status,
        "input": decoded(instance.input) if show_input else None,
        "customStatus": decoded(instance.custom_status),
        "output": decoded(instance.output),
        "createdTime": _to_the_second(instance.created),
        "lastUpdatedTime": _to_the_second(instance.updated),
    }


def _to_the_second(moment: str) -> str:
    return moment[:19] + "Z"


def _json_text(body: bytes) -> str:
    """The body's JSON as text. Raises RefusedError 400 when it is none."""
    try:
        return without_constants(body.decode())
    except (ValueError, RecursionError) as error:
        raise refused_with(400, "Invalid JSON content", str(error)) from error


def _reason(request: Request) -> str | None:
    return request.query_params.get("reason")


def _waiting_time(request: Request) -> float:
    """How many seconds a start waits for the end: `timeout`, if there is a `pollingInterval` too.

    The end is not polled for here. Raises RefusedError 400 for an interval above the timeout.
    """
    timeout, interval = (_seconds(request, name) for name in ("timeout", "pollingInterval"))
    if timeout is None or interval is None:
        return 0.0
    if interval > timeout:
        text = f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}"
        raise refused(400, text)
    if interval < 0:
        raise refused(400, f"The polling interval {interval:g} is below zero.")
    return timeout


def _seconds(request: Request, name: str) -> float | None:
    """The number of that name; what is none is ignored, as in Azure."""
    try:
        number = float(request.query_params.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _flag(request: Request, name: str, default: bool) -> bool:
    return request.query_params.get(name, str(default)).lower() == "true"
