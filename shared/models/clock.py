"""The time, as one object that whoever decides by it is given; tests give one that they move."""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """That of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; for measuring what passes within this process."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
