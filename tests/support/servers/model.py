"""A model over HTTP under a test's control: it answers as the stand-in unless told otherwise."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from infra.local.model.app import application
from tests.support.servers.serving import served

Body = dict[str, Any]
Script = Callable[[int, Body], Response | None]
"""Given the number of the call (from 1) and its body: an answer, or None for the stand-in's."""


def as_the_stand_in(_: int, __: Body) -> Response | None:
    """Every call is answered by the stand-in."""
    return None


class ModelServer:
    """An ASGI app; `script` may be changed at any time. `bodies` are the calls so far."""

    def __init__(self) -> None:
        self.script: Script = as_the_stand_in
        self.bodies: list[Body] = []
        self.base_url = ""
        self._stand_in = application()
        self._lock = threading.Lock()

    def reset(self, script: Script = as_the_stand_in) -> None:
        """Forget the calls and follow `script` from now on."""
        with self._lock:
            self.script = script
            self.bodies = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].endswith("/chat/completions"):
            await self._stand_in(scope, receive, send)
            return
        raw = await Request(scope, receive).body()
        with self._lock:
            body = json.loads(raw)
            self.bodies.append(body)
            scripted = self.script(len(self.bodies), body)
        if scripted is not None:
            await scripted(scope, receive, send)
            return

        messages = [{"type": "http.request", "body": raw, "more_body": False}]

        async def again() -> Any:
            return messages.pop() if messages else await receive()

        await self._stand_in(scope, again, send)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A running ModelServer at `base_url`."""
    server = ModelServer()
    with served(server) as (port,):
        server.base_url = f"http://127.0.0.1:{port}/v1"
        yield server


def completion(
    content: str, finish_reason: str | None = "stop", tokens: tuple[int, int] = (10, 5)
) -> Response:
    """A chat completion with that text, which cost `tokens` of the question and the answer."""
    asked, answered = tokens
    message = {"role": "assistant", "content": content}
    return JSONResponse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted-model",
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
            "usage": {
                "prompt_tokens": asked,
                "completion_tokens": answered,
                "total_tokens": asked + answered,
            },
        }
    )


class Thinking(Response):
    """Tells that it was asked, and never answers."""

    def __init__(self, asked: Event) -> None:
        super().__init__()
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until whoever asks is gone."""
        self._asked.set()
        while (await receive())["type"] != "http.disconnect":
            pass
