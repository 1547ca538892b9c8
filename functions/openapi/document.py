"""The API description (OpenAPI 3.1), made of the registered endpoints and the models that validate.

Imported when it is asked for: it imports every model.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from functions.composition import product
from functions.endpoints import ENDPOINTS, PREFIX, Endpoint
from functions.openapi.schemas import BINARY, Schemas
from shared.tasks.typed_tickets import TypedTickets

VERSION = "1.0.0"
_ABOUT = """Tickets whose work an AI model does in durable steps, and whose claims are checked.

Sign in with `POST /auth/login` and send the access token as `Authorization: Bearer …`."""

_TAKEN = {
    "If-Match": "The ETag that the change is meant for; another one answers 412.",
    "If-None-Match": "An ETag that is known already; the same one answers 304.",
    "Range": "One range of bytes: `bytes=0-1023`, `bytes=1024-`, `bytes=-1024`.",
    "If-Range": "The ETag that the range is of; with another one all of it is answered.",
    "Idempotency-Key": "1 to 255 visible ASCII characters: within 24 hours the same request "
    "with the same key is answered as the first time and does nothing again.",
}
_GIVEN = {
    "ETag": "The version of what is answered.",
    "Location": "The path of what was made, or where it is to be had.",
    "Retry-After": "Seconds to wait before the next try.",
    "WWW-Authenticate": "The scheme to sign in with.",
    "Content-Disposition": "The name of the file.",
    "Content-Range": "Which bytes of how many.",
}
_GIVEN_WITH = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_PROBLEMS = {422: "InvalidDetails", 429: "TooManyDetails"}
_KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
_PATH_VALUE = re.compile(r"\{(\w+)[^}]*\}")

Json = dict[str, Any]


@cache
def description() -> Json:
    """The whole description; the same for the life of the process."""
    schemas = Schemas(ENDPOINTS, TypedTickets(product().enabled_task_types))
    statuses = sorted({status for endpoint in ENDPOINTS for status in _errors(endpoint)})
    paths: dict[str, Json] = {}
    for endpoint in sorted(ENDPOINTS, key=lambda e: (e.path, e.method)):
        path = "/" + _PATH_VALUE.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Amida AI Ticket Orchestrator",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": PREFIX}],
        "tags": [{"name": tag} for tag in _tags()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {str(code): _problem(code, schemas) for code in statuses},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "password": {
                    "type": "oauth2",
                    "flows": {"password": {"tokenUrl": f"{PREFIX}/auth/login", "scopes": {}}},
                },
            },
        },
    }


def _tags() -> list[str]:
    """Tickets first: that is what people come for."""
    return sorted(
        {_tag(endpoint) for endpoint in ENDPOINTS}, key=lambda tag: (tag != "tickets", tag)
    )


def _tag(endpoint: Endpoint) -> str:
    return endpoint.described.get("tag") or endpoint.path.partition("/")[0]


def _operation(endpoint: Endpoint, schemas: Schemas) -> Json:
    described = endpoint.described
    summary, _, more = " ".join((endpoint.handler.__doc__ or "").split()).partition(". ")
    body = _body(endpoint, schemas)
    return {
        "operationId": endpoint.handler.__name__,
        "summary": summary.removesuffix("."),
        **({"description": more} if more else {}),
        "tags": [_tag(endpoint)],
        "security": [] if described.get("public") else [{"bearer": []}, {"password": []}],
        "parameters": [*_parameters(endpoint), *schemas.query(described.get("query", ""))],
        **({"requestBody": body} if body else {}),
        "responses": _responses(endpoint, schemas),
    }


def _parameters(endpoint: Endpoint) -> Iterable[Json]:
    for name in _PATH_VALUE.findall(endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name in endpoint.described.get("request_headers", ()):
        schema = _KEY if name == "Idempotency-Key" else {"type": "string"}
        yield {"name": name, "in": "header", "description": _TAKEN[name], "schema": schema}


def _body(endpoint: Endpoint, schemas: Schemas) -> Json:
    described = endpoint.described
    content: Json = {}
    if model := described.get("body"):
        content["application/json"] = {
            "schema": schemas.make_request_schema(model),
            **_examples(model, schemas),
        }
    if model := described.get("form"):
        content["application/x-www-form-urlencoded"] = {
            "schema": schemas.make_request_schema(model)
        }
    if parts := described.get("multipart"):
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "properties": {
                    name: schemas.make_request_schema(model) for name, model in parts.items()
                },
                "required": list(parts)[:1],
            }
        }
    required = not described.get("is_body_optional", False)
    return {"required": required, "content": content} if content else {}


def _examples(model: str, schemas: Schemas) -> Json:
    """New tickets have an example for each task type; other models bring their own."""
    if model != "NewTicket":
        return {}
    kinds = schemas.components["TicketCreate"]["discriminator"]["mapping"]
    examples = {name: {"value": schemas.resolve(ref)["examples"][0]} for name, ref in kinds.items()}
    return {"examples": examples}


def _responses(endpoint: Endpoint, schemas: Schemas) -> Json:
    described = endpoint.described
    status = described.get("status", 200)
    content: Json = {}
    if model := described.get("answer"):
        content["application/json"] = {"schema": schemas.make_answer_schema(model)}
    content |= {kind: {"schema": _media_schema(kind)} for kind in described.get("media", ())}
    responses = {str(status): _response(status, content, described.get("response_headers", ()))}
    if "If-None-Match" in described.get("request_headers", ()):
        responses["304"] = _response(304, {}, ("ETag",))
    if "Range" in described.get("request_headers", ()):
        responses["206"] = _response(206, content, ("Content-Range",))
    for code, headers in described.get("empty_responses", {}).items():
        responses[str(code)] = _response(code, {}, headers)
    for code in sorted(_errors(endpoint)):
        responses[str(code)] = {"$ref": f"#/components/responses/{code}"}
    for code, model in described.get("responses", {}).items():
        content = {"application/json": {"schema": schemas.make_answer_schema(model)}}
        responses[str(code)] = _response(code, content, _GIVEN_WITH.get(code, ()))
    return responses


def _media_schema(kind: str) -> Json:
    """What an answer holds that is no JSON of ours."""
    if kind.endswith("json"):
        return {"type": "object"}
    return {"type": "string"} if kind.startswith("text/") or kind.endswith("xml") else BINARY


def _problem(status: int, schemas: Schemas) -> Json:
    model = _PROBLEMS.get(status, "ProblemDetails")
    content = {"application/problem+json": {"schema": schemas.make_answer_schema(model)}}
    return _response(status, content, _GIVEN_WITH.get(status, ()))


def _response(status: int, content: Mapping[str, Any], headers: Iterable[str]) -> Json:
    given = {name: {"description": _GIVEN[name], "schema": {"type": "string"}} for name in headers}
    return {
        "description": HTTPStatus(status).phrase,
        **({"headers": given} if given else {}),
        **({"content": dict(content)} if content else {}),
    }


def _errors(endpoint: Endpoint) -> set[int]:
    described = endpoint.described
    errors = {500, 503, *described.get("errors", ())}
    if not described.get("public"):
        errors.add(401)
    if "{" in endpoint.path:
        errors.add(404)
    if described.get("body") or described.get("form") or described.get("multipart"):
        errors |= {400, 411, 413, 415, 422}
    if described.get("query"):
        errors.add(422)
    if "If-Match" in described.get("request_headers", ()):
        errors.add(412)
    if "Idempotency-Key" in described.get("request_headers", ()):
        errors |= {400, 409, 422}
    return errors
