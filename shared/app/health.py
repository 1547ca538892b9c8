"""Whether the services this app stands on are there, and how fast they answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from shared.clients.llm.client import ModelClient
from shared.clients.realtime import Realtime
from shared.clients.tables import Table
from shared.models.clock import Clock

NEEDED = ("storage", "model")
"""Without these no ticket is worked on; without any other only that service is missing."""
SECONDS_BETWEEN = 60
_SECONDS_BETWEEN_MODEL = 300
_SECONDS = 5.0


class Health:
    """Asks each service one cheap question, seldom: anybody may ask for it, as often as they
    like."""

    def __init__(
        self, *, table: Table, model: ModelClient, realtime: Realtime, clock: Clock
    ) -> None:
        def seldom(ask: Callable[[], Awaitable[Any]], seconds: float) -> "_Check":
            return _Check(ask, seconds, clock)

        self._checks = {
            "storage": seldom(lambda: table.read("health", "health"), SECONDS_BETWEEN),
            "model": seldom(model.reach, _SECONDS_BETWEEN_MODEL),
        }
        if realtime.is_on:
            self._checks["realtime"] = seldom(realtime.reach, SECONDS_BETWEEN)

    async def check(self) -> dict[str, dict[str, Any]]:
        """For each service {ok, latency_ms}, as they were when it was last asked."""
        answers = await asyncio.gather(*(check.answer() for check in self._checks.values()))
        return dict(zip(self._checks, answers, strict=True))


class _Check:
    """A question that is asked once in so many seconds, however many want its answer."""

    def __init__(self, ask: Callable[[], Awaitable[Any]], seconds: float, clock: Clock) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._asked_at = 0.0
        self._asking: asyncio.Task[dict[str, Any]] | None = None

    async def answer(self) -> dict[str, Any]:
        """Who comes while it is asked waits for that answer; who leaves takes it from nobody."""
        now = self._clock.monotonic()
        if self._asking is None or now - self._asked_at >= self._seconds:
            self._asked_at = now
            self._asking = asyncio.create_task(_time_question(self._ask))
        return await asyncio.shield(self._asking)


async def _time_question(ask: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    begin = time.perf_counter()
    try:
        async with asyncio.timeout(_SECONDS):
            await ask()
        ok = True
    except Exception:  # Whatever it is, the service is not ready; that is the answer.
        ok = False
    return {"ok": ok, "latency_ms": round((time.perf_counter() - begin) * 1000, 1)}
