"""Bounds for the bodies of requests while they arrive, before anything asks who sends them."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

MAX_BODY_BYTES = 100 * 1024 * 1024
MAX_MANAGEMENT_BYTES = 16 * 1024 * 1024
"""What these bodies say is parsed where all others wait for it."""
MAX_HELD_BYTES = 400 * 1024 * 1024
"""Of all requests that are being answered; what is dropped as it arrives counts, too."""


class Bodies:
    """The bodies of all requests that are being answered."""

    def __init__(self) -> None:
        self._held = 0

    @contextmanager
    def bound(self, scope: Scope, receive: Receive, max_bytes: int) -> Iterator[Receive]:
        """`receive` for one request, which raises HTTPException: 413 for more than `max_bytes`
        (before the first byte where that was announced), 503 for more than `MAX_HELD_BYTES` in
        all."""
        too_large = HTTPException(413, f"A body may have at most {max_bytes} bytes here.")
        announced = int(dict(scope["headers"]).get(b"content-length", b"0"))
        taken = 0

        async def receive_bounded() -> Message:
            nonlocal taken
            if announced > max_bytes:
                raise too_large
            message = await receive()
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
