"""From request to principal and body, from outcome to answer; errors become problem+json."""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar, Unpack
from urllib.parse import parse_qsl, unquote, urlsplit

import azure.functions as func

from functions.composition import product
from functions.endpoints import ENDPOINTS, Described, Endpoint, route_of
from shared.app.early_imports import begin_early_imports
from shared.errors import (
    LengthRequired,
    Malformed,
    PreconditionFailed,
    Problem,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from shared.telemetry.names import SpanName
from shared.telemetry.spans import describe_request
from shared.text import strict_json

if TYPE_CHECKING:
    from shared.accounts.principal import Principal
    from shared.audit.chain import Actor
    from shared.models import Model, StoredTicket, StoredUser

M = TypeVar("M", bound="Model")

log = logging.getLogger(__name__)

MAX_BODY = 4 * 1024 * 1024
_MAX_AGENT = 256
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
        bp.route(route_of(path), methods=[method])(function)
        return handler

    return register


def _answer_observed(handler: Handler, method: str, route: str) -> Handler:
    """Handle a request, observed."""
    explaining = _explain_problems(handler)

    @wraps(handler)
    async def answer(*args: Any, **kwargs: Any) -> func.HttpResponse:
        with product().telemetry.observe(SpanName.REQUEST, handler.__name__) as span:
            response = await explaining(*args, **kwargs)
            describe_request(span, method, route, response.status_code)
            begin_early_imports()
            return response

    return answer


def _explain_problems(handler: Handler) -> Handler:
    """Turn what `handler` raises into problem+json, the unforeseen into a 500 with a logged id."""

    async def answer(*args: Any, **kwargs: Any) -> func.HttpResponse:
        path = _path(kwargs["req"])
        try:
            return _safe(await _in_time(handler(*args, **kwargs)))
        except Problem as problem:
            return _problem(problem.body(path), problem.headers)
        except Exception as error:
            fault = secrets.token_hex(8)
            log.exception("Fault %s: %s in %s", fault, type(error).__name__, handler.__name__)
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


def answer_json(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """`body` is plain JSON, or a model of ours."""
    dump = getattr(body, "model_dump", None)
    content = strict_json.dumps(dump(mode="json") if dump else body)
    return func.HttpResponse(
        content, status_code=status, headers=dict(headers or {}), mimetype="application/json"
    )


def answer_ticket(
    ticket: "StoredTicket", status: int = 200, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """A ticket with its ETag."""
    return answer_json(ticket, status, {**(headers or {}), "ETag": etag_of(ticket.version)})


async def principal_of(req: func.HttpRequest) -> "Principal":
    """Who asks: one storage call, or none. Raises Unauthenticated."""
    user = await product().authentication.caller(req.headers.get("Authorization", ""))
    return as_principal(req, user)


def as_principal(req: func.HttpRequest, user: "StoredUser") -> "Principal":
    """`user`, and from where they ask."""
    from shared.accounts.principal import Principal

    return Principal(user, *_origin(req))


def visitor(req: func.HttpRequest) -> "Actor":
    """Somebody who has not signed in, and from where they ask."""
    from shared.audit.chain import Actor

    return Actor(None, *_origin(req))


def _origin(req: func.HttpRequest) -> tuple[str | None, str | None]:
    """Address and agent."""
    return _address(req) or None, req.headers.get("User-Agent", "")[:_MAX_AGENT] or None


def read_json(req: func.HttpRequest) -> Any:
    """The JSON of a request. Raises LengthRequired, Malformed, TooLarge, UnsupportedMediaType."""
    _check_type(req, "application/json")
    return parse_json(body_of(req))


def json_body(req: func.HttpRequest, model: type[M]) -> M:
    """The JSON of a request as `model`. Raises what `read_json` does, and Invalid."""
    from shared.models import validate_model

    return validate_model(model, read_json(req))


def optional_json_body(req: func.HttpRequest, model: type[M]) -> M:
    """As `json_body`; a request without a body is one with an empty object."""
    is_empty = not req.get_body() and "transfer-encoding" not in req.headers
    return model() if is_empty else json_body(req, model)


def parse_json(text: bytes) -> Any:
    """JSON that a client sent. Raises Malformed."""
    try:
        return strict_json.loads(text, max_values=strict_json.MAX_VALUES)
    except ValueError as error:
        raise Malformed(f"The body cannot be read: {error}.") from None


def form_body(req: func.HttpRequest, model: type[M]) -> M:
    """The fields of a URL-encoded form as `model`. Raises LengthRequired, Malformed, TooLarge,
    UnsupportedMediaType, Invalid."""
    from shared.models import validate_model

    _check_type(req, "application/x-www-form-urlencoded")
    try:
        text = body_of(req).decode()
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Malformed("The body cannot be read: no URL-encoded form in UTF-8.") from None
    return validate_model(model, dict(fields))


def query_of(req: func.HttpRequest, model: type[M]) -> M:
    """The query parameters as `model`; an empty value counts as none. Raises Invalid."""
    from shared.models import validate_model

    given = {name: value for name, value in req.params.items() if value}
    return validate_model(model, given, at=("query",))


def etag_of(version: str) -> str:
    """The public ETag of a version of a ticket."""
    return f'"{sha256(version.encode()).hexdigest()[:24]}"'


def matches(header: str, etag: str) -> bool:
    """Whether an If-None-Match header names `etag`; weakly, as is right for reading."""
    named = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in named or etag in named


def expects(req: func.HttpRequest) -> "Callable[[StoredTicket], None]":
    """What `If-Match` allows of a ticket."""
    check = expects_version(req, "The ticket has changed since you read it; please read it again.")
    return lambda ticket: check(ticket.version)


def expects_version(req: func.HttpRequest, detail: str) -> "Callable[[str], None]":
    """What `If-Match` allows, compared strongly: a weak ETag names no version at all."""
    named = {part.strip() for part in req.headers.get("If-Match", "*").split(",")}

    def check(version: str) -> None:
        if "*" not in named and etag_of(version) not in named:
            raise PreconditionFailed(detail)

    return check


def _path(req: func.HttpRequest) -> str:
    try:
        path: str = urlsplit(req.url).path
        token = req.route_params.get("token")
        if not token:
            return path
        return "/".join("***" if unquote(part) == token else part for part in path.split("/"))
    except ValueError:  # It has a host that no URL can have.
        return ""


def _address(req: func.HttpRequest) -> str:
    """Of the forwarded addresses the last, which is the platform's; the others may be anybody's
    invention. Without its port."""
    last = str(req.headers.get("X-Forwarded-For", "")).rpartition(",")[2].strip()[:64]
    if last.startswith("["):
        return last[1:].partition("]")[0]
    return last.partition(":")[0] if last.count(":") == 1 else last


def body_of(req: func.HttpRequest, limit: int = MAX_BODY) -> bytes:
    """Raises LengthRequired, and TooLarge for more than `limit` bytes."""
    body: bytes = req.get_body()
    if not body and "content-length" not in req.headers:
        # The platform hands over a body only if its length was said.
        raise LengthRequired("Please send the body with its Content-Length.")
    if len(body) > limit:
        raise TooLarge(f"The body has {len(body)} bytes; at most {limit} are allowed.")
    return body


def _check_type(req: func.HttpRequest, wanted: str) -> None:
    """A request without a type is taken at its word."""
    given = req.headers.get("Content-Type", wanted).partition(";")[0].strip().lower()
    if given != wanted:
        raise UnsupportedMediaType(f"The body must be {wanted}.")


def _problem(body: dict[str, Any], headers: Mapping[str, str]) -> func.HttpResponse:
    answer = func.HttpResponse(
        json.dumps(body),
        status_code=body["status"],
        headers=dict(headers),
        mimetype="application/problem+json",
    )
    return _safe(answer)
