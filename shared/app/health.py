"""Whether the services this app stands on are there, and how fast they answer."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from shared.clients.github.client import GitHubClient
from shared.clients.github.reach import check_reach
from shared.clients.llm.client import REACH_SECONDS, ModelClient
from shared.clients.realtime import Realtime
from shared.clients.tables import Table
from shared.errors import Problem, StepError
from shared.models.clock import Clock
from shared.telemetry.loop_watch import LoopWatch

log = logging.getLogger(__name__)

NEEDED = ("storage", "model")
"""Without these no ticket is worked on; without any other only that service is missing."""
SECONDS_BETWEEN = 60
_SECONDS_BETWEEN_MODEL = 300
_SECONDS = 5.0

Outcome = dict[str, Any]
"""{ok, latency_ms, reason}."""


class Health:
    """Asks each service one cheap question, seldom: anybody may ask for it, as often as they
    like."""

    def __init__(
        self,
        *,
        table: Table,
        model: ModelClient,
        github: GitHubClient,
        realtime: Realtime,
        loop_watch: LoopWatch,
        clock: Clock,
    ) -> None:
        self._model = model
        self._loop_watch = loop_watch
        self._clock = clock

        def seldom(
            ask: Callable[[], Awaitable[Any]],
            between: float = SECONDS_BETWEEN,
            seconds: float = _SECONDS,
        ) -> Callable[[], Awaitable[Outcome]]:
            return _Check(ask, between=between, seconds=seconds, clock=clock).answer

        self._ask_model = seldom(model.reach, _SECONDS_BETWEEN_MODEL, REACH_SECONDS)
        self._checks = {
            "storage": seldom(lambda: table.read("health", "health")),
            "model": self._check_model,
            "github": seldom(lambda: check_reach(github)),
            "event_loop": self._check_loop,
        }
        if realtime.is_on:
            self._checks["realtime"] = seldom(realtime.reach)

    async def check(self) -> dict[str, Outcome]:
        """For each service {ok, latency_ms, reason}, as they were when it was last asked; and for
        the event loop, which everything here waits for."""
        answers = await asyncio.gather(*(check() for check in self._checks.values()))
        return dict(zip(self._checks, answers, strict=True))

    async def _check_model(self) -> Outcome:
        """An answer to a ticket says as much as one to us, and costs nothing more."""
        last = self._model.last_answer
        if last and self._clock.monotonic() - last.at < _SECONDS_BETWEEN_MODEL:
            return _outcome(last.seconds)
        return await self._ask_model()

    async def _check_loop(self) -> Outcome:
        """How late it was when last looked at; not well while a long block is not long ago. Until a
        block is over nobody is answered, which is why the thread that watches logs it."""
        watch, reason = self._loop_watch, None
        block = watch.last_block
        if block and time.monotonic() - block.begun - block.seconds < SECONDS_BETWEEN:
            ago = time.monotonic() - block.begun - block.seconds
            reason = (
                f"{block.task} held up all else for {block.seconds:.1f} s, {ago:.0f} s ago: what "
                "blocks must be awaited, or belongs into a plain function."
            )
        return _outcome(watch.lag, reason)


class _Check:
    """A question that is asked once in so many seconds, however many want its answer, for which it
    waits some `seconds`."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Any]],
        *,
        between: float,
        seconds: float,
        clock: Clock,
    ) -> None:
        self._ask = ask
        self._between = between
        self._seconds = seconds
        self._clock = clock
        self._asked_at = 0.0
        self._asking: asyncio.Task[Outcome] | None = None

    async def answer(self) -> Outcome:
        """Who comes while it is asked waits for that answer; who leaves takes it from nobody."""
        now = self._clock.monotonic()
        if self._asking is None or now - self._asked_at >= self._between:
            self._asked_at = now
            self._asking = asyncio.create_task(_time_question(self._ask, self._seconds))
        return await asyncio.shield(self._asking)


async def _time_question(ask: Callable[[], Awaitable[Any]], seconds: float) -> Outcome:
    begin = time.perf_counter()
    reason = None
    try:
        async with asyncio.timeout(seconds):
            await ask()
    except TimeoutError:
        reason = f"It did not answer within {seconds:g} seconds."
    except (Problem, StepError) as error:
        reason = str(error)
    except Exception as error:  # Whatever it is, the service is not ready; that is the answer.
        log.warning("A service cannot be asked whether it is there: %s", type(error).__name__)
        reason = f"It cannot be reached ({type(error).__name__})."
    return _outcome(time.perf_counter() - begin, reason)


def _outcome(seconds: float, reason: str | None = None) -> Outcome:
    return {"ok": reason is None, "latency_ms": round(seconds * 1000, 1), "reason": reason}
