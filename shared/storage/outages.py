"""What may not be lost while storage is away: it is tried again and again, while the step has time.

How much that is, is said by whoever runs the step (`patient_for`).
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
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


async def _tell_nobody(_: datetime, __: float) -> None:
    """Where nobody wants to know."""


Told = Callable[[datetime, float], Awaitable[None]]
_TOLD: ContextVar[Told] = ContextVar("told_of_outages", default=_tell_nobody)


@contextmanager
def patient_for(seconds: float, clock: Clock, told: Told = _tell_nobody) -> Iterator[None]:
    """For how long `insist` may take in what is done here, and who is `told` of an outage once it
    is over: when it began, and how many seconds it took."""
    until, who = _UNTIL.set(clock.monotonic() + seconds), _TOLD.set(told)
    try:
        yield
    finally:
        _UNTIL.reset(until)
        _TOLD.reset(who)


async def insist(store: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """What `store` returns, once storage is there: what the model has been paid for is not thrown
    away in an outage. Raises StillAway when the time is over."""
    since, begun = clock.now(), clock.monotonic()
    for number in count():
        try:
            stored = await store()
            if number:
                await _TOLD.get()(since, clock.monotonic() - begun)
            return stored
        except Unavailable as error:
            pause = min(_FIRST_PAUSE * 2.0**number, _LONGEST_PAUSE)
            if clock.monotonic() + pause > _UNTIL.get():
                raise StillAway(error.detail, clock.monotonic() - begun) from None
        await clock.sleep(pause)
    raise AssertionError  # It counts for ever.
