"""One HTTP request with bounds: in time as a whole, and in the size of the unpacked answer."""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache

import httpx2

from shared.errors import RetryLater, ServiceFailure

CONNECT_SECONDS = 5.0

# Within each other, packings swell without bound between two looks at the clock.
_PACKINGS = ("", "identity", "gzip")


@dataclass(frozen=True, slots=True)
class Received:
    """An answer of any status; `body` is None when it is larger than was asked for."""

    status: int
    headers: httpx2.Headers
    body: bytes | None


@cache
def read_certificates() -> ssl.SSLContext:
    """Whose certificates are trusted: reading them takes some 40 ms, in which nothing else runs, so
    all clients of this process share them."""
    return httpx2.create_ssl_context()


def client(seconds: float) -> httpx2.AsyncClient:
    """A client for `send`: it follows no redirect by itself."""
    timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    return httpx2.AsyncClient(
        timeout=timeout, headers={"Accept-Encoding": "gzip"}, verify=read_certificates()
    )


async def send(
    client: httpx2.AsyncClient,
    request: httpx2.Request,
    service: str,
    max_bytes: int,
    seconds: float,
    account: str = "",
) -> Received:
    """Send once; at most `max_bytes` bytes are kept, and all of it takes at most `seconds`. People
    are told of the `service` by this name; `account` is the one on which a ticket waits for it.

    Raises RetryLater for a `service` that is away or slow, PermanentFailure for an address that is
    none and a packing nobody asked for; without a word of what the other side wrote.
    """
    try:
        async with asyncio.timeout(seconds):
            response = await client.send(request, stream=True)
            try:
                return Received(
                    response.status_code,
                    response.headers,
                    await _body(response, service, max_bytes),
                )
            finally:
                await response.aclose()
    except TimeoutError:
        raise RetryLater(
            f"{service} did not answer within {seconds:g} seconds.", service=account
        ) from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise ServiceFailure(f"{service} has no address that can be asked.") from None
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.CookieConflict):
        raise RetryLater(
            f"{service} cannot be reached, or broke off its answer.", service=account
        ) from None


async def _body(response: httpx2.Response, service: str, max_bytes: int) -> bytes | None:
    if response.headers.get("content-encoding", "").strip().lower() not in _PACKINGS:
        raise ServiceFailure(f"{service} answered in a packing that was not asked for.")
    pieces, size = [], 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > max_bytes:
            return None
        pieces.append(piece)
    return b"".join(pieces)
