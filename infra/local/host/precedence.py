"""Requests go before what they start: in Azure, instances that HTTP requests start begin elsewhere,
or a moment later, whereas here all share one thread."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MAX_SECONDS = 2.0
_FEW = 3
_READING = ("GET", "HEAD", "OPTIONS")


class Precedence:
    """Knows how many requests that change something are being answered: while these are not few,
    what they start waits, for `seconds` at most."""

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self._seconds = seconds
        self._requests = 0
        self._waiting: dict[int, Callable[[], None]] = {}
        self._number = 0

    @contextmanager
    def answering(self, method: str) -> Iterator[None]:
        """Within this a request is being answered."""
        count = method not in _READING
        self._requests += count
        try:
            yield
        finally:
            self._requests -= count
            if self._requests < _FEW:
                for number in [*self._waiting]:
                    self._begin(number)

    def begin_after_requests(self, begin: Callable[[], None]) -> None:
        """Call `begin` now, or when few requests are left, or when it is time."""
        if self._requests < _FEW:
            begin()
            return
        self._number += 1
        self._waiting[self._number] = begin
        asyncio.get_running_loop().call_later(self._seconds, self._begin, self._number)

    def _begin(self, number: int) -> None:
        if begin := self._waiting.pop(number, None):
            begin()
