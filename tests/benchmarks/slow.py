"""A model that always takes as long."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.servers.model import Body, Script


class Slowly:
    """A script whose answers take as long as those of a model, in seconds."""

    def __init__(self, script: Script, seconds: float) -> None:
        self._script = script
        self._seconds = seconds

    def __call__(self, number: int, body: Body) -> Response | None:
        answer = self._script(number, body)
        return answer and _Slow(answer, self._seconds)


class _Slow(Response):
    def __init__(self, answer: Response, seconds: float) -> None:
        super().__init__()
        self._answer = answer
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer after a while."""
        await asyncio.sleep(self._seconds)
        await self._answer(scope, receive, send)
