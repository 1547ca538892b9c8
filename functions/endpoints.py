"""The list of HTTP endpoints: what each takes and gives, from which the API description is made.

Models are named, not imported, so that registering costs nothing at a cold start: `Ticket` is
`shared.models.Ticket`, a dotted name stands for itself, `list[User]` is an array, `A | B` either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

PREFIX = "/api/v1"
"""What host.json puts before every route."""


class Described(TypedDict, total=False):
    """What the description says of an endpoint beside its route and its handler's docstring.

    Also without `errors` there are 401 unless `public`, 404 for a path with an id, 400, 413, 415
    and 422 for a body, 422 for a query, 500 and 503.
    """

    tag: str
    """The group; without one, the first word of the path."""
    body: str
    """The model of a JSON body."""
    is_body_optional: bool
    """Whether a request may come without one."""
    form: str
    """The model of a URL-encoded body."""
    multipart: Mapping[str, str]
    """The parts of a multipart body by name: a model, `binary` or `list[binary]`."""
    query: str
    """The model of the query."""
    request_headers: tuple[str, ...]
    """Headers that the request may have: `If-Match`, `Idempotency-Key`, …"""
    answer: str
    """The model of a JSON answer; without it and `media` the answer is empty."""
    media: tuple[str, ...]
    """The types of an answer that is no JSON of ours; beside `answer` where it is in both."""
    response_headers: tuple[str, ...]
    """Headers that the answer has: `ETag`, `Location`, …"""
    status: int
    """That of success, 200 without it."""
    errors: tuple[int, ...]
    """Statuses beside those that follow from the rest."""
    empty_responses: Mapping[int, tuple[str, ...]]
    """Other answers without a body, by status: the headers that they have."""
    responses: Mapping[int, str]
    """The models of other answers that are no errors' problem+json, by status."""
    public: bool
    """Whether it needs no token."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered route; `path` is without the prefix, as the platform writes templates."""

    method: str
    path: str
    handler: Callable[..., Any]
    described: Described


def route_of(path: str) -> str:
    """The template of a path: the platform refuses one that begins with `admin` as text.

    https://github.com/Azure/azure-functions-host/issues/1781
    """
    first, slash, rest = path.partition("/")
    return f"{{area:regex(^{first}$)}}{slash}{rest}" if first.startswith("admin") else path


ENDPOINTS: list[Endpoint] = []
