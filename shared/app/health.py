"""Whether the services this app stands on are there, and how fast they answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from shared.clients.llm.client import ModelClient
from shared.clients.realtime import Realtime
from shared.clients.tables import Table

_SECONDS = 5.0
NEEDED = ("storage", "model")
"""Without these no ticket is worked on; without any other only that service is missing."""


class Health:
    """Asks each service one cheap question."""

    def __init__(self, table: Table, model: ModelClient, realtime: Realtime) -> None:
        self._questions: dict[str, Callable[[], Awaitable[Any]]] = {
            "storage": lambda: table.read("health", "health"),
            "model": model.reach,
        }
        if realtime.is_on:
            self._questions["realtime"] = realtime.reach

    async def check(self) -> dict[str, dict[str, Any]]:
        """For each service {ok, latency_ms}."""
        answers = await asyncio.gather(*(_time_question(ask) for ask in self._questions.values()))
        return dict(zip(self._questions, answers, strict=True))


async def _time_question(ask: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    begin = time.perf_counter()
    try:
        async with asyncio.timeout(_SECONDS):
            await ask()
        ok = True
    except Exception:  # Whatever it is, the service is not ready; that is the answer.
        ok = False
    return {"ok": ok, "latency_ms": round((time.perf_counter() - begin) * 1000, 1)}
