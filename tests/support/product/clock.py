"""A clock that a test moves forward, so that nothing has to wait for the product's times."""

from datetime import UTC, datetime, timedelta

from shared.models.clock import Clock


def now() -> datetime:
    """When a test runs, for what is not about time."""
    return datetime.now(UTC)


class MovedClock(Clock):
    """That of this machine, as much ahead as it was moved."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead


class ImpatientClock(MovedClock):
    """For which every time that is to be slept is over at once."""

    async def sleep(self, _: float) -> None:
        """Nothing is waited for."""
