"""HTTP under the MCP client: bounded answers, and what became of each call.

The `mcp` package tells of a refused or broken call only that there was one. The transport notes the
rest in the `Exchange` of the caller, which reaches it as a context variable.
"""

import re
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass

import httpx2

from shared.clients.retry_after import retry_after

MAX_VALUES, CONTAINER = 500_000, 16
"""Of an answer, beside what lies in its texts, a list or an object being as much work as so many
values: the `mcp` package reads it in one go, in which nobody else is served, and what takes long is
their number, not the length."""
_PACKINGS = ("", "identity")
# It ends with the line at the latest, as in all JSON. Possessive: nothing is tried twice.
_STRING = re.compile(rb'"(?:[^"\\\r\n]++|\\[^\r\n])*+\\?["\r\n]?')


@dataclass
class Exchange:
    """What the last HTTP answer of a call was; `status` is 0 when none came."""

    status: int = 0
    retry_after: float | None = None
    is_away: bool = False
    is_slow: bool = False
    is_too_large: bool = False
    is_token_refused: bool = False


EXCHANGE: ContextVar[Exchange] = ContextVar("mcp_exchange")


class TooLargeError(httpx2.StreamError):
    """More bytes than were asked for: of a kind that the `mcp` package expects of a stream."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Passes on to `inner`. What cannot be reached becomes an answer of 503, because an exception
    here would end the session with all its other calls."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = EXCHANGE.get(Exchange())
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            exchange.is_away = True
            exchange.is_slow = isinstance(error, httpx2.TimeoutException)
            return httpx2.Response(503, request=request)
        exchange.status = response.status_code
        exchange.retry_after = retry_after(response.headers)
        is_packed = response.headers.get("content-encoding", "").lower() not in _PACKINGS
        response.headers.pop("content-encoding", None)
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101  it is async
        most = 0 if is_packed else self._max_bytes
        response.stream = _BoundedStream(response.stream, most, exchange)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class ValueCounter:
    """Counts the values of JSON as it comes in by what begins or separates them, a list or object
    for `CONTAINER` of them."""

    def __init__(self) -> None:
        self._open = b""

    def count(self, piece: bytes) -> int:
        """How many are in the next piece, wherever it was cut off."""
        text = self._open + piece
        bare = _STRING.sub(b"", text + b"]")
        is_cut = not bare.endswith(b"]")
        is_escaping = (len(text) - len(text.rstrip(b"\\"))) % 2
        self._open = b'"' + b"\\" * is_escaping if is_cut else b""
        return bare.count(b",") + CONTAINER * (bare.count(b"[") + bare.count(b"{"))


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, most: int, exchange: Exchange) -> None:
        self._inner = inner
        self._left = most
        self._values_left = MAX_VALUES
        self._counter = ValueCounter()
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._inner:
                self._left -= len(piece)
                self._values_left -= self._counter.count(piece) if self._left >= 0 else 0
                if self._left < 0 or self._values_left < 0:
                    self._exchange.is_too_large = True
                    raise TooLargeError("more than was asked for")
                yield piece
        except httpx2.TransportError as error:
            self._exchange.is_away = True
            self._exchange.is_slow = isinstance(error, httpx2.TimeoutException)
            raise httpx2.StreamError("broken off") from None

    async def aclose(self) -> None:
        await self._inner.aclose()
