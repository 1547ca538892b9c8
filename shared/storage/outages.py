"""What may not be lost while storage is away: it is tried again and again, while the step has time.

How much that is, is said by whoever runs the step (`patient_for`).
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TypeVar

from shared.errors import Unavailable
from shared.models.clock import Clock

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
_UNTIL: ContextVar[float] = ContextVar("patient_until", default=float("inf"))


class StillAway(Unavailable):
    """Storage was tried in vain for so many `seconds`."""

    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


@contextmanager
def patient_for(seconds: float, clock: Clock) -> Iterator[None]:
    """For how long `insist` may take in what is done here."""
    token = _UNTIL.set(clock.monotonic() + seconds)
    try:
        yield
    finally:
        _UNTIL.reset(token)


async def insist(store: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """What `store` returns, once storage is there: what the model has been paid for is not thrown
    away in an outage. Raises StillAway when the time is over."""
    begun = clock.monotonic()
    for number in count():
        try:
            return await store()
        except Unavailable as error:
            pause = min(_FIRST_PAUSE * 2.0**number, _LONGEST_PAUSE)
            if clock.monotonic() + pause > _UNTIL.get():
                raise StillAway(error.detail, clock.monotonic() - begun) from None
        await clock.sleep(pause)
    raise AssertionError  # It counts for ever.
