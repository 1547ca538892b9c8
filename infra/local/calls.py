"""What a stand-in was asked: `GET /__calls` tells it to tests."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_MAX_CALLS = 10_000


class Calls:
    """The last calls, up to 10,000."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=_MAX_CALLS)

    def record(self, **call: Any) -> None:
        """Keep what is told of a call, with the time."""
        self._calls.append({**call, "time": datetime.now(UTC).isoformat()})

    def route(self) -> Route:
        """Where they are told."""
        return Route("/__calls", self._tell)

    async def _tell(self, _: Request) -> JSONResponse:
        return JSONResponse({"count": len(self._calls), "calls": [*self._calls]})
