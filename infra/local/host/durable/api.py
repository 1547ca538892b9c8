"""The HTTP API of the Durable Functions extension, and the value of the durable client binding.

Paths and status codes are those of the extension's 3.x:
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api
The local host asks for no key, as `func start`.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.host.durable.engine import Engine
from infra.local.host.durable.history_view import decoded, history_view
from infra.local.host.durable.operations import Operations, RefusedError
from infra.local.host.durable.records import Filter, Instance, Status

BASE = "/runtime/webhooks/durabletask"
PAGE = 100
Handler = Callable[[Request], Awaitable[Response]]


class AsciiJson(JSONResponse):
    """JSON in ASCII, so that lone surrogates, which no encoding holds, get through."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content).encode()


class DurableApi:
    """The endpoints below `BASE`, for the hub of that name."""

    def __init__(self, engine: Engine, hub: str, origin: str) -> None:
        self._engine = engine
        self._operations = Operations(engine)
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
            Route(BASE + path + end, _answering(handler), methods=[method])
            for method, path, handler in table
            for end in ("", "/")
        ]
        for route in routes:
            route.methods = (route.methods or set()) - {"HEAD"}  # Starlette's addition to a GET
        return routes

    def client_binding(self, hub: str | None) -> str:
        """The JSON text a durable client binding is given."""
        hub_name = hub or self._hub
        query = f"taskHub={hub_name}&connection=Storage"
        base = f"{self._origin}{BASE}"
        start = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]?{query}"
        return json.dumps(
            {
                "taskHubName": hub_name,
                "creationUrls": {
                    "createNewInstancePostUri": start,
                    "createAndWaitOnNewInstancePostUri": start
                    + "&timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}",
                },
                "managementUrls": self._payload("INSTANCEID", self._origin),
                "baseUrl": base,
                "requiredQueryStringParameters": query,
                "rpcBaseUrl": f"{base}/",
            }
        )

    def _payload(self, instance_id: str, origin: str) -> dict[str, str]:
        """The management URLs of an instance."""
        query = f"taskHub={self._hub}&connection=Storage"
        url = f"{origin}{BASE}/instances/{quote(instance_id, safe='')}"
        return {
            "id": instance_id,
            "statusQueryGetUri": f"{url}?{query}",
            "sendEventPostUri": f"{url}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{url}/terminate?reason={{text}}&{query}",
            "rewindPostUri": f"{url}/rewind?reason={{text}}&{query}",
            "purgeHistoryDeleteUri": f"{url}?{query}",
            "restartPostUri": f"{url}/restart?{query}",
            "suspendPostUri": f"{url}/suspend?reason={{text}}&{query}",
            "resumePostUri": f"{url}/resume?reason={{text}}&{query}",
        }

    def _accepted(self, request: Request, instance_id: str) -> Response:
        payload = self._payload(instance_id, f"{request.url.scheme}://{request.url.netloc}")
        headers = {"Location": payload["statusQueryGetUri"], "Retry-After": "10"}
        return AsciiJson(payload, 202, headers)

    async def _start(self, request: Request) -> Response:
        body = await request.body()
        text = _json_text(body) if body.strip() else None
        name, wanted = request.path_params["name"], request.path_params.get("id")
        version = request.query_params.get("version")
        instance_id = self._operations.start(name, wanted, text, version)
        seconds = _number(request, "timeout", 0.0)
        if seconds:
            await self._engine.until_finished(instance_id, seconds)
            instance = self._operations.get(instance_id)
            if instance.status.finished:
                return AsciiJson(decoded(instance.output))
        return self._accepted(request, instance_id)

    async def _status(self, request: Request) -> Response:
        instance = self._operations.get(request.path_params["id"])
        body = _status_of(instance, _flag(request, "showInput", True))
        if _flag(request, "showHistory", False):
            history = self._engine.store.history(instance.id)
            body["historyEvents"] = history_view(
                history,
                show_input=_flag(request, "showInput", True),
                show_output=_flag(request, "showHistoryOutput", False),
            )
        if not instance.status.finished:
            url = self._payload(instance.id, f"{request.url.scheme}://{request.url.netloc}")
            headers = {"Location": url["statusQueryGetUri"], "Retry-After": "5"}
            return AsciiJson(body, 202, headers)
        failed = instance.status is Status.FAILED
        as_error = failed and _flag(request, "returnInternalServerErrorOnFailure", False)
        return AsciiJson(body, 500 if as_error else 200)

    async def _list(self, request: Request) -> Response:
        top = int(_number(request, "top", PAGE))
        after = _after(request.headers.get("x-ms-continuation-token", ""))
        found = self._operations.query(_filter(request), after, top + 1)
        page, more = found[:top], len(found) > top
        token = base64.b64encode(str(page[-1].serial).encode()).decode() if more and page else ""
        show_input = _flag(request, "showInput", True)
        body = [_status_of(instance, show_input) for instance in page]
        return AsciiJson(body, headers={"x-ms-continuation-token": token})

    async def _raise_event(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError(400, "Only application/json request content is supported.")
        text = _json_text(await request.body())
        params = request.path_params
        self._operations.raise_event(params["id"], params["event"], text)
        return Response(status_code=202)

    async def _terminate(self, request: Request) -> Response:
        self._operations.terminate(request.path_params["id"], _reason(request))
        return Response(status_code=202)

    async def _suspend(self, request: Request) -> Response:
        self._operations.suspend(request.path_params["id"], _reason(request))
        return Response(status_code=202)

    async def _resume(self, request: Request) -> Response:
        self._operations.resume(request.path_params["id"], _reason(request))
        return Response(status_code=202)

    async def _restart(self, request: Request) -> Response:
        new_id = _flag(request, "restartWithNewInstanceId", True)
        return self._accepted(request, self._operations.restart(request.path_params["id"], new_id))

    async def _rewind(self, request: Request) -> Response:
        self._operations.rewind(request.path_params["id"], _reason(request))
        return Response(status_code=202)

    async def _purge(self, request: Request) -> Response:
        self._operations.purge(request.path_params["id"])
        return AsciiJson({"instancesDeleted": 1})

    async def _purge_all(self, request: Request) -> Response:
        wanted = _filter(request)
        if wanted.created_from is None:
            raise RefusedError(400, "Please provide a value for createdTimeFrom.")
        count = self._operations.purge_all(wanted)
        return AsciiJson({"instancesDeleted": count}, 200 if count else 404)


def lower_path_words(path: str) -> str:
    """The path with the API's own words in lower case; names and ids stay as they are."""
    if not path.lower().startswith(BASE):
        return path
    words = path[len(BASE) :].split("/")
    own_words = (1, 3) if words[1:2] and words[1].lower() == "instances" else (1,)
    own = [word.lower() if i in own_words else word for i, word in enumerate(words)]
    return BASE + "/".join(own)


def _answering(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as refused:
            if not refused.message:
                return Response(status_code=refused.status)
            body = {"Message": refused.message, "ExceptionMessage": refused.message}
            return AsciiJson(body, refused.status)

    return answer


def _status_of(instance: Instance, show_input: bool) -> dict[str, Any]:
    return {
        "name": instance.name,
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
        return json.dumps(json.loads(body))
    except ValueError as error:
        raise RefusedError(400, f"The request's body is not JSON: {error}") from error


def _reason(request: Request) -> str:
    return request.query_params.get("reason", "")


def _flag(request: Request, name: str, default: bool) -> bool:
    return request.query_params.get(name, str(default)).lower() == "true"


def _number(request: Request, name: str, default: float) -> float:
    given = request.query_params.get(name) or default
    try:
        number = float(given)
    except ValueError:
        number = -1
    if not 0 <= number < 1e9:
        raise RefusedError(400, f"{name} is not a number that makes sense here: {given}")
    return number


def _after(token: str) -> int:
    try:
        return int(base64.b64decode(token or "MA==", validate=True))
    except (binascii.Error, ValueError) as error:
        raise RefusedError(400, "The continuation token is not one this API gave out.") from error


def _filter(request: Request) -> Filter:
    query = request.query_params
    names = {s.lower(): s for s in Status}
    given = [s.strip() for s in query.get("runtimeStatus", "").split(",") if s.strip()]
    return Filter(
        prefix=query.get("instanceIdPrefix", ""),
        created_from=_time(query.get("createdTimeFrom")),
        created_to=_time(query.get("createdTimeTo")),
        statuses=tuple(names.get(s.lower(), s) for s in given),
    )


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise RefusedError(400, f"'{text}' is not a time in ISO 8601.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
