"""Tickets that go their whole way in the process of a test: through the local host's engine and the
orchestrator, with a clock that leaps to whatever is waited for."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from functions import orchestrator
from infra.local.host.durable.clock import EngineClock
from infra.local.host.durable.engine import Engine
from infra.local.host.durable.operations import Operations
from infra.local.host.durable.store import Store
from infra.local.host.functions import Function
from infra.local.host.invocation import Invoker
from infra.local.host.precedence import Precedence
from infra.local.host.timeouts import Watchdog
from shared.models import StoredTicket
from shared.tasks.registry import TASK_TYPES
from shared.workflow.messages import FAIL, FINISH, GIVE_UP, TaskActivity, activity_name
from tests.support.product.app import AppUnderTest
from tests.support.product.clock import MovedClock

_THREADS = 4
_SECONDS = 60.0
"""For a ticket; it is its clock that waits."""


class LeapingClock(MovedClock, EngineClock):
    """Whoever waits for a moment is there at once, and so is everybody else."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def call_at(self, moment: datetime, act: Callable[[], None]) -> asyncio.Handle:
        self.advance(max((moment - self.now()).total_seconds(), 0.0))
        return asyncio.get_running_loop().call_soon(act)


class RunningWorkflows:
    """The workflows of an app; `before` is called with the name of each activity that begins.
    Without `chains` no step goes on by itself."""

    def __init__(self, app: AppUnderTest, folder: Path, clock: EngineClock) -> None:
        self.before: Callable[[str], None] = lambda _: None
        self.chains = True
        self.app = app
        self._invoker = Invoker(str(folder), lambda _: "", _THREADS, Watchdog(None, lambda _: None))
        self._engine = Engine(
            Store(folder / "durable.sqlite"),
            [_orchestrator()],
            self._activities(),
            self._invoker,
            _THREADS,
            _THREADS,
            clock,
            Precedence(),
        )
        self._operations = Operations(self._engine, None)

    async def run(self, ticket: StoredTicket) -> StoredTicket:
        """The ticket once its workflow has ended."""
        await self.end(ticket)
        return await self.app.ticket_queries.complete(await self.app.tickets.read(ticket.id))

    async def end(self, ticket: StoredTicket) -> None:
        """Start its workflow, and wait until it has ended."""
        given = json.dumps({**self.app.start_input(ticket), "chains": self.chains})
        self._operations.start("process_ticket", _instance(ticket), given, None)
        await self._engine.until_finished(_instance(ticket), _SECONDS)

    async def close(self) -> None:
        await self._engine.stop()
        self._engine.store.close()
        self._invoker.close()

    def _activities(self) -> list[Function]:
        activities = self.app.activities
        found: dict[str, Callable[..., Awaitable[Any]]] = {
            FINISH: activities.finish,
            FAIL: activities.fail,
            GIVE_UP: activities.give_up,
        }
        for task_type in TASK_TYPES:
            found[activity_name(task_type, TaskActivity.PLAN)] = activities.plan
            found[activity_name(task_type, TaskActivity.WORK)] = activities.work
            found[activity_name(task_type, TaskActivity.COMBINE)] = activities.combine
        return [self._function(name, run) for name, run in found.items()]

    def _function(self, name: str, run: Callable[..., Awaitable[Any]]) -> Function:
        async def activity(given: list[Any]) -> Any:
            self.before(name)
            return await run(*given)

        return Function(name, {"type": "activityTrigger", "name": "given"}, activity)


@asynccontextmanager
async def running_workflows(app: AppUnderTest, folder: Path) -> AsyncIterator[RunningWorkflows]:
    """Of an app that goes by a leaping clock from now on."""
    clock = LeapingClock()
    app.clock = clock
    app.try_once()
    made = RunningWorkflows(app, folder, clock)
    try:
        yield made
    finally:
        await made.close()


def _orchestrator() -> Function:
    handler = orchestrator.process_ticket._function._func
    trigger = {"type": "orchestrationTrigger", "name": "context"}
    return Function("process_ticket", trigger, handler)


def _instance(ticket: StoredTicket) -> str:
    return f"{ticket.id}-{ticket.attempt}"
