"""The time that orchestrations and their timers go by; tests give the engine one that they move."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from infra.local.host.durable import events


class EngineClock:
    """That of this machine."""

    def now(self) -> datetime:
        return events.utc_now()

    def call_at(self, moment: datetime, act: Callable[[], None]) -> asyncio.Handle:
        """Let the event loop `act` at that moment."""
        wait = (moment - self.now()).total_seconds()
        return asyncio.get_running_loop().call_later(max(wait, 0), act)
