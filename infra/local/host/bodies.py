"""Bounds for the bodies of requests while they arrive, before anything asks who sends them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

MAX_BODY_BYTES = 100 * 1024 * 1024
MAX_MANAGEMENT_BYTES = 16 * 1024 * 1024
"""What these bodies say is parsed where all others wait for it."""
MAX_HELD_BYTES = 400 * 1024 * 1024
"""Of all requests that are being answered; what is dropped as it arrives counts, too."""
MAX_SECONDS = 60.0
"""For all of a body: who stops in the middle keeps no room that others need."""


class Bodies:
    """The bodies of all requests that are being answered, each of which arrives within
    `max_seconds`."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self._held = 0
        self._max_seconds = max_seconds

    @contextmanager
    def bound(self, scope: Scope, receive: Receive, max_bytes: int) -> Iterator[Receive]:
        """`receive` for one request, which raises HTTPException: 413 for more than `max_bytes`
        (before the first byte where that was announced), 503 for more than `MAX_HELD_BYTES` in
        all, 408 when the time is over."""
        too_large = HTTPException(413, f"A body may have at most {max_bytes} bytes here.")
        announced = int(dict(scope["headers"]).get(b"content-length", b"0"))
        taken = 0
        until: float | None = asyncio.get_running_loop().time() + self._max_seconds

        async def receive_bounded() -> Message:
            nonlocal taken, until
            if announced > max_bytes:
                raise too_large
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The body took too long to arrive.") from None
            if not message.get("more_body"):
                until = None  # What is waited for from here on is that the caller leaves.
            size = len(message.get("body", b""))
            taken += size
            self._held += size
            if taken > max_bytes:
                raise too_large
            if self._held > MAX_HELD_BYTES:
                raise HTTPException(503, "Too much is being sent at once.", {"Retry-After": "1"})
            return message

        try:
            yield receive_bounded
        finally:
            self._held -= taken
