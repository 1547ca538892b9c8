"""What an HTTP function returned as a response, by the rules of the worker and of the host."""

import re
from typing import Any

import azure.functions as func
from starlette.responses import Response

from infra.local.host.converters import converter_of

MAX_RESPONSE_BYTES = 128 * 1024 * 1024
"""Of a message from the worker to the host."""
MAX_CHUNKED_BYTES = 64 * 1024
"""Longer ones say their length, so that they need not be copied to be framed."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


class ResponseError(Exception):
    """What the function returned cannot be sent; the caller gets a 500."""


class ResponseTooLargeError(ResponseError):
    """The response does not fit into a message of the worker, which ends with it."""


def response_of(result: Any, *, http_1_0: bool = False) -> Response:
    """The response to send. Raises ResponseError for what Azure answers with 500."""
    cookies = result.headers.getlist("set-cookie") if isinstance(result, func.HttpResponse) else []
    try:
        datum = converter_of("http").encode(result, expected_type=None)
    except NotImplementedError as error:
        kind = type(result).__name__
        raise ResponseError(f"an HTTP function returned {kind}, not an HttpResponse") from error
    if datum.type == "string":
        return _framed(Response(datum.value, media_type="text/plain"), http_1_0=http_1_0)
    status, body = int(datum.value["status_code"].value), datum.value["body"].value
    if not 0 <= status < 1000:
        raise ResponseError(f"{status} is no HTTP status")
    if len(body) > MAX_RESPONSE_BYTES:
        raise ResponseTooLargeError(f"{len(body)} bytes are more than a response may have")
    response = Response(body, status)
    headers = {name.lower(): value.value for name, value in datum.value["headers"].items()}
    for name, value in headers.items():
        _set_header(response, name, value)
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response if "content-length" in headers else _framed(response, http_1_0=http_1_0)


def _set_header(response: Response, name: str, value: str) -> None:
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise ResponseError(f"the response's header {name!r}: {value!r} is not ASCII text")
    if name == "content-length" and value.strip() != str(len(response.body)):
        raise ResponseError(f"Content-Length is {value}, the body has {len(response.body)} bytes")
    response.headers[name] = value


def _framed(response: Response, *, http_1_0: bool) -> Response:
    """Without Content-Length where Azure's host sends chunks; uvicorn does so, too, then."""
    if 0 < len(response.body) <= MAX_CHUNKED_BYTES and not http_1_0:
        del response.headers["content-length"]
    return response
