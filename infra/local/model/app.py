"""The HTTP side of the stand-in model: completions, the list of models, the record of calls."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.local.calls import Calls
from infra.local.model import MODEL
from infra.local.model.completion import (
    Completion,
    InvalidRequestError,
    Request,
    complete,
    parse,
)

_CHARACTERS_A_CHUNK = 48


def application(latency_ms: int = 0) -> Starlette:
    """The stand-in as an ASGI application; each answer waits `latency_ms` milliseconds."""
    model = _StandIn(latency_ms / 1000)
    return Starlette(
        routes=[
            Route("/{prefix:path}chat/completions", model.chat, methods=["POST"]),
            Route("/{prefix:path}models", _models),
            model.calls.route(),
        ],
        exception_handlers={InvalidRequestError: _refused, HTTPException: _refused},
    )


class _StandIn:
    def __init__(self, latency_seconds: float) -> None:
        self._latency_seconds = latency_seconds
        self.calls = Calls()

    async def chat(self, http: HttpRequest) -> Response:
        body = await http.body()
        digest = hashlib.sha256(body).hexdigest()
        request = parse(body)
        self._record(request, digest)
        completion = complete(request, digest)
        await asyncio.sleep(self._latency_seconds)
        if request.stream:
            usage = request.stream_options is not None and request.stream_options.include_usage
            return StreamingResponse(_events(completion, usage), media_type="text/event-stream")
        message = {"role": "assistant", "content": completion.content, "refusal": None}
        choice = _choice(message=message, finish_reason=completion.finish_reason)
        return JSONResponse(
            completion.envelope("chat.completion", [choice]) | {"usage": completion.usage}
        )

    def _record(self, request: Request, digest: str) -> None:
        self.calls.record(
            model=request.model,
            messages=len(request.messages),
            schema=request.schema_name,
            stream=bool(request.stream),
            sha256=digest,
        )


async def _events(completion: Completion, with_usage: bool) -> AsyncIterator[str]:
    """The answer as server-sent events; with `with_usage` the last object counts the tokens."""
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    for start in range(0, len(completion.content), _CHARACTERS_A_CHUNK):
        deltas.append({"content": completion.content[start : start + _CHARACTERS_A_CHUNK]})
    choices = [_choice(delta=delta, finish_reason=None) for delta in deltas]
    choices.append(_choice(delta={}, finish_reason=completion.finish_reason))
    chunks = [completion.envelope("chat.completion.chunk", [choice]) for choice in choices]
    if with_usage:
        chunks = [chunk | {"usage": None} for chunk in chunks]
        last = completion.envelope("chat.completion.chunk", [])
        chunks.append(last | {"usage": completion.usage})
    for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _choice(**fields: Any) -> dict[str, Any]:
    return {"index": 0, "logprobs": None, **fields}


async def _models(_: HttpRequest) -> Response:
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "amida"}
    return JSONResponse({"object": "list", "data": [model]})


def _error(status: int, message: str, param: str | None = None) -> Response:
    kind = "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": None}
    return JSONResponse({"error": error}, status)


async def _refused(request: HttpRequest, error: Exception) -> Response:
    if isinstance(error, InvalidRequestError):
        return _error(400, f"{error} (this is {MODEL}, a stand-in)", error.param)
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, f"{request.method} {request.url.path}: {error}")
