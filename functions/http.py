"""From request to principal and body, from outcome to answer."""

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from functions.composition import product
from shared.errors import (
    Invalid,
    LengthRequired,
    Malformed,
    PreconditionFailed,
    TooLarge,
    UnsupportedMediaType,
)
from shared.text import strict_json

if TYPE_CHECKING:
    from shared.accounts.principal import Principal
    from shared.audit.chain import Actor
    from shared.models import Model, StoredTicket, StoredUser

M = TypeVar("M", bound="Model")

MAX_BODY = 4 * 1024 * 1024
_MAX_AGENT = 256


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
        # A mark of UTF-8 may be ignored (RFC 8259, 8.1); some clients of Windows write it.
        return strict_json.loads(text.removeprefix(BOM_UTF8), max_values=strict_json.MAX_VALUES)
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

    _check_repeated(req)
    given = {name: value for name, value in req.params.items() if value}
    return validate_model(model, given, at=("query",))


def _check_repeated(req: func.HttpRequest) -> None:
    """The platform makes one text of what is given twice, which nobody has said."""
    names = [name.lower() for name, value in parse_qsl(_query(req)) if value]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        text = f"{twice[:50]} is given more than once in the address; give it once."
        fault = {"loc": ["query", twice[:50]], "msg": "given more than once", "type": "repeated"}
        raise Invalid(text, [fault])


def _query(req: func.HttpRequest) -> str:
    try:
        return str(urlsplit(req.url).query)
    except ValueError:  # It has a host that no URL can have.
        return ""


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


def _address(req: func.HttpRequest) -> str:
    """Of the forwarded addresses the last, which is the platform's; the others may be anybody's
    invention. Without its port."""
    last = str(req.headers.get("X-Forwarded-For", "")).rpartition(",")[2].strip()[:64]
    if last.startswith("["):
        return last[1:].partition("]")[0]
    return last.partition(":")[0] if last.count(":") == 1 else last


def body_of(req: func.HttpRequest, limit: int = MAX_BODY) -> bytes:
    """Raises LengthRequired, TooLarge for more than `limit` bytes, and UnsupportedMediaType for one
    that is packed: what it would unpack to is known to nobody before."""
    packing = str(req.headers.get("Content-Encoding", "")).strip()[:50]
    if packing.lower() not in ("", "identity"):
        raise UnsupportedMediaType(
            f"The body comes packed (Content-Encoding: {packing}); please send it as it is."
        )
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
