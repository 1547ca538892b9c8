"""The endpoint of the Storage extension for Event Grid: its events become deliveries of blobs.

Answers are those of the extension: what it does not understand ends in a 500, which Event Grid
tries again. Nothing is checked against the blob or the trigger's path; the subscription's filter is
what does that in Azure.
"""

import logging
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.host.blob_queue import BlobMessage

log = logging.getLogger("host")

PATH = "/runtime/webhooks/blobs"
FUNCTION_PREFIX = "Host.Functions."


def event_grid_route(accept: Callable[[list[BlobMessage]], None]) -> Route:
    """The route of the endpoint; `accept` takes the messages of a request, all or none."""

    async def answer(request: Request) -> Response:
        kind = request.headers.get("aeg-event-type", "").lower()
        try:
            if kind == "subscriptionvalidation":
                code = (await request.json())[0]["data"]["validationCode"]
                return JSONResponse({"validationResponse": code})
            if kind == "notification":
                accept(_messages(await request.json(), request.query_params.get("functionName")))
        except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
            log.error("an event that is none of Blob storage: %r", error)
            return Response(status_code=500)
        return Response(status_code=202 if kind in ("notification", "unsubscribe") else 400)

    return Route(PATH, answer, methods=["POST"])


def _messages(body: Any, function: str | None) -> list[BlobMessage]:
    """Those of Event Grid's schema, a list, or of one event in CloudEvents'."""
    events = [body] if isinstance(body, dict) else body
    return [_message(event["data"], function or "") for event in events]


def _message(data: dict[str, Any], function: str) -> BlobMessage:
    container, blob = _place(data["url"])
    kind = str(data["blobType"])
    if kind not in ("BlockBlob", "PageBlob", "AppendBlob"):
        raise ValueError(f"'{kind}' is no type of blob")
    name = function.removeprefix(FUNCTION_PREFIX) if function.startswith(FUNCTION_PREFIX) else ""
    return BlobMessage(name, container, blob, f'"{data["eTag"]}"', kind, polled=False)


def _place(url: str) -> tuple[str, str]:
    """Container and blob of an address; on a bare machine the account comes first in the path."""
    parts = urlsplit(url)
    path = parts.path.removeprefix("/")
    if _is_machine(parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, blob = path.partition("/")
    if not blob:
        raise ValueError(f"'{url}' is no address of a blob")
    return container, unquote(blob)


def _is_machine(host: str) -> bool:
    try:
        return host == "localhost" or bool(ip_address(host))
    except ValueError:
        return False
