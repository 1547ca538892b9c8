"""How endpoints are registered: each is observed, bounded in time, and answers problem+json for
whatever is raised."""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Unpack
from urllib.parse import unquote, urlsplit

import azure.functions as func

from functions.composition import product
from functions.endpoints import ENDPOINTS, Described, Endpoint, route_of
from shared.app.early_imports import begin_early_imports
from shared.errors import Problem, Unavailable
from shared.telemetry.class_names import name_class
from shared.telemetry.logs import hide_text
from shared.telemetry.names import SpanName
from shared.telemetry.spans import describe_request

log = logging.getLogger(__name__)

_MAX_SECONDS = 220.0
"""Azure's load balancer gives up after 230; without a bound of ours a call that hangs would end the
process, with all steps in it, at host.json's `functionTimeout`.
https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout"""

_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer that does not set its own."""

Handler = Callable[..., Awaitable[func.HttpResponse]]


def endpoint(
    bp: Any, method: str, path: str, *, starts: bool = False, **described: Unpack[Described]
) -> Callable[[Handler], Handler]:
    """Register a handler for a route; with `starts` it also gets a Durable `client`.

    The rest goes into the API description, as does the handler's docstring.
    """

    def register(handler: Handler) -> Handler:
        ENDPOINTS.append(Endpoint(method, path, handler, described))
        function: Any = _answer_observed(handler, method, path)
        if starts:
            function = bp.durable_client_input(client_name="client")(function)
        methods = [method, "HEAD"] if method == "GET" else [method]
        bp.route(route_of(path), methods=methods)(function)
        return handler

    return register


def answer_unknown(bp: Any, name: str, handler: Handler) -> None:
    """Let `handler` answer what no endpoint does, whatever the verb. The platform asks functions in
    the order of their names, so that `name` must be the last of them.

    What stands in such a path may be a token that was meant for another: by the name of its
    parameter it stays out of the logs.
    """
    function = bp.route("{*token}")(_answer_observed(handler, "ANY", "{*token}"))
    bp.function_name(name)(function)


def _answer_observed(handler: Handler, method: str, route: str) -> Handler:
    """Handle a request, observed."""
    explaining = _explain_problems(handler, has_token="{token}" in route)

    @wraps(handler)
    async def answer(*args: Any, **kwargs: Any) -> func.HttpResponse:
        with product().telemetry.observe(SpanName.REQUEST, handler.__name__) as span:
            response = await explaining(*args, **kwargs)
            describe_request(span, method, route, response.status_code)
            begin_early_imports()
            return response

    return answer


def _explain_problems(handler: Handler, *, has_token: bool = False) -> Handler:
    """Turn what `handler` raises into problem+json, the unforeseen into a 500 with a logged id."""

    async def answer(*args: Any, **kwargs: Any) -> func.HttpResponse:
        path = _path(kwargs["req"], hide_token=has_token)
        try:
            return _safe(await _in_time(handler(*args, **kwargs)))
        except Problem as problem:
            return _problem(problem.body(path), problem.headers)
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # The platform would answer with its text, or never.
            fault = secrets.token_hex(8)
            kind, where = name_class(type(error)), handler.__name__
            log.error("Fault %s: %s in %s", fault, kind, where, exc_info=hide_text(error))
            body = {
                "type": "about:blank",
                "title": "Internal Server Error",
                "status": 500,
                "detail": f"Something went wrong here. Please report it with this id: {fault}.",
                "instance": path,
            }
            return _problem(body, {})

    return answer


async def _in_time(answering: Awaitable[func.HttpResponse]) -> func.HttpResponse:
    """Raises Unavailable when nobody waits for the answer any more."""
    try:
        async with asyncio.timeout(_MAX_SECONDS) as time:
            return await answering
    except TimeoutError:
        if not time.expired():
            raise
        raise Unavailable("This took too long; please try again.") from None


def _safe(answer: func.HttpResponse) -> func.HttpResponse:
    for name, value in _SAFE.items():
        answer.headers.setdefault(name, value)
    return answer


def _path(req: func.HttpRequest, *, hide_token: bool) -> str:
    try:
        path: str = urlsplit(req.url).path
    except ValueError:  # It has a host that no URL can have.
        return ""
    if not hide_token:
        return path
    token = req.route_params.get("token")
    return "/".join("***" if unquote(part) == token else part for part in path.split("/"))


def _problem(body: dict[str, Any], headers: Mapping[str, str]) -> func.HttpResponse:
    answer = func.HttpResponse(
        json.dumps(body),
        status_code=body["status"],
        headers=dict(headers),
        mimetype="application/problem+json",
    )
    return _safe(answer)
