"""Decides when what runs: turns of orchestrations, activities, timers.

Everything here happens on the event loop's thread; only the functions themselves run elsewhere.
What is to run is read from the store at start and noted there before it runs, so a host that is
killed at any instant goes on after a restart. An answer is stored before its instance is woken.
"""

import asyncio
import json
import logging
import sqlite3
import time
from dataclasses import dataclass
from datetime import datetime

from infra.local.host.durable import events, settling
from infra.local.host.durable.activities import ActivityRuns
from infra.local.host.durable.background import Background
from infra.local.host.durable.clock import EngineClock
from infra.local.host.durable.decision import Decision, conclude, failure, unknown_function
from infra.local.host.durable.events import FAILED, Event, EventType
from infra.local.host.durable.records import Instance, Status
from infra.local.host.durable.scheduled import Scheduled
from infra.local.host.durable.store import RETRY_SECONDS, Store
from infra.local.host.durable.timers import Timers
from infra.local.host.durable.turn import Answer, replay, replay_body
from infra.local.host.durable.walk import (
    HTTP_ACTIVITY,
    NonDeterminismError,
    OrchestrationError,
    Walk,
)
from infra.local.host.functions import Function
from infra.local.host.invocation import Invoker
from infra.local.host.precedence import Precedence

log = logging.getLogger("host.durable")

TERMINATION_SECONDS = 0.2
"""How long a termination takes to arrive: in Azure it is a message in a queue."""
_END = EventType.EXECUTION_TERMINATED
_HANGS = " In Azure the instance would stay Running for ever."


@dataclass
class _Waiting:
    """Where an instance waits, and the serial up to which its inbox was looked at."""

    execution: str
    walk: Walk
    seen: int


class Engine:
    """Runs the instances of `store`."""

    def __init__(
        self,
        store: Store,
        orchestrators: list[Function],
        activity_functions: list[Function],
        invoker: Invoker,
        max_turns: int,
        max_activities: int,
        clock: EngineClock,
        precedence: Precedence,
    ) -> None:
        self.store = store
        self._precedence = precedence
        self._clock = clock
        self.orchestrators = {f.name.casefold(): f for f in orchestrators}
        self._activities = ActivityRuns(
            store, activity_functions, invoker, max_activities, self.wake
        )
        self._invoker = invoker
        self._max_turns = max_turns
        self._ready: dict[str, None] = {}
        self._in_turn: set[str] = set()
        self._again: set[str] = set()
        self._timers = Timers(store, self.wake, clock)
        self._turns = Background()
        self._finished: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, _Waiting] = {}

    def start(self) -> None:
        """Take up everything that was left."""
        self._timers.start()
        for instance_id in self.store.awaiting_turn():
            self.wake(instance_id)
        self._activities.owe(self.store.tasks())

    async def stop(self) -> None:
        """Stop where it is; a later start goes on from there."""
        self._max_turns = 0
        self._timers.stop()
        await self._turns.stop()
        await self._activities.stop()

    def wake(self, instance_id: str) -> None:
        """Something is in the instance's inbox: let it have a turn."""
        if instance_id in self._in_turn:
            self._again.add(instance_id)
        else:
            self._ready[instance_id] = None
            self._next_turns()

    def begin(self, instance_id: str) -> None:
        """An instance was started: let it have its first turn, after the requests there are."""
        self._precedence.begin_after_requests(lambda: self.wake(instance_id))

    def wake_to_terminate(self, instance_id: str) -> None:
        """A termination is in the instance's inbox: let it have a turn a little later."""
        asyncio.get_running_loop().call_later(TERMINATION_SECONDS, self.wake, instance_id)

    async def until_finished(self, instance_id: str, seconds: float) -> None:
        """Return when the instance finishes, or after `seconds`."""
        finished = self._finished.setdefault(instance_id, asyncio.Event())
        try:
            await asyncio.wait_for(finished.wait(), seconds)
        except TimeoutError:
            return

    def announce(self, instance: Instance) -> None:
        """Wake who waits for a finished instance; call after the transaction."""
        self._waiting.pop(instance.id, None)
        if instance.parent:
            self.wake(instance.parent)
        if waiting := self._finished.pop(instance.id, None):
            waiting.set()

    def _next_turns(self) -> None:
        while self._ready and len(self._in_turn) < self._max_turns:
            instance_id = next(iter(self._ready))
            del self._ready[instance_id]
            self._in_turn.add(instance_id)
            self._turns.spawn(self._turn(instance_id))

    async def _turn(self, instance_id: str) -> None:
        try:
            await self._take_turn(instance_id)
        except sqlite3.Error as error:
            log.error("instance=%s turn not stored: %s", instance_id, error)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self.wake, instance_id)
        finally:
            self._in_turn.discard(instance_id)
            if instance_id in self._again:
                self._again.discard(instance_id)
                self._ready[instance_id] = None
            self._next_turns()

    async def _take_turn(self, instance_id: str) -> None:
        instance = self.store.instance(instance_id)
        if instance is None or instance.status.finished:
            return
        waiting = self._waiting.pop(instance_id, None)
        if waiting and self._leaves_waiting(instance, waiting):
            self._waiting[instance_id] = waiting
            return
        last, news = self.store.inbox(instance)
        news.sort(key=lambda event: event.type is not EventType.EXECUTION_STARTED)
        fresh = [events.orchestrator_started(now := self._clock.now()), *news]
        if end := next((e for e in news if e.type is _END), None):
            self._terminate(instance, fresh, end)
        elif not news:
            self.store.consume(instance_id, last)
        elif instance.status is not Status.SUSPENDED:
            self._settle_turn(instance, last, fresh, await self._follow(instance, fresh, now))

    def _terminate(self, instance: Instance, fresh: list[Event], end: Event) -> None:
        with self.store.transaction():
            settling.terminate(self.store, instance, fresh, json.loads(end.text)["Input"])
        log.info("%s instance=%s terminated", instance.name, instance.id)
        self.announce(instance)

    def _leaves_waiting(self, instance: Instance, waiting: _Waiting) -> bool:
        """Whether all that came in leaves the orchestrator waiting where it waits.

        Then it stays in the inbox: a fan-out is replayed once it is complete, not for each of its
        members. A failure always gets a turn, as the SDK may go on at the first.
        """
        if waiting.execution != instance.execution:
            return False
        waiting.seen, news = self.store.inbox(instance, waiting.seen)
        if any(event.type in FAILED or event.type is _END for event in news):
            return False
        walk, position = waiting.walk, waiting.walk.position
        for event in news:
            walk.apply(event)
        return walk.position is position and not walk.unrecorded

    async def _follow(self, instance: Instance, fresh: list[Event], now: datetime) -> Decision:
        began = time.perf_counter()
        decision = await self._decide(instance, self.store.history(instance.id) + fresh, now)
        elapsed = (time.perf_counter() - began) * 1000
        log.info("%s instance=%s %.1f ms %s", instance.name, instance.id, elapsed, decision.summary)
        return decision

    async def _decide(self, instance: Instance, history: list[Event], now: datetime) -> Decision:
        try:
            answer = await self._replay(instance, history, now)
            walk = Walk(answer.actions, now).through(history)
            self._check_names(walk.unrecorded)
            return conclude(instance, answer, walk)
        except NonDeterminismError as error:
            return Decision(status=Status.FAILED, output=events.encoded(str(error)))
        except OrchestrationError as error:
            return failure(instance, str(error))
        except Exception as error:
            log.exception("%s instance=%s cannot be followed", instance.name, instance.id)
            return failure(instance, f"the host cannot follow the replay's answer: {error!r}")

    async def _replay(self, instance: Instance, history: list[Event], now: datetime) -> Answer:
        function = self.orchestrators.get(instance.name.casefold())
        try:
            if function is None:
                raise OrchestrationError(self._unknown_orchestrator(instance.name))
            handler, parameter = function.handler, function.parameter
            body = replay_body(instance, history)
            answer: Answer = await self._invoker.in_thread(
                function.kind, lambda: replay(handler, parameter, body)
            )
        except OrchestrationError:
            # Without an answer nothing was scheduled: the extension finds that first.
            Walk([], now).through(history)
            raise
        return answer

    def _unknown_orchestrator(self, name: str) -> str:
        known = [function.name for function in self.orchestrators.values()]
        return unknown_function(name, "orchestrator", known)

    def _check_names(self, scheduled: list[Scheduled]) -> None:
        for item in scheduled:
            name = item.name.casefold()
            if item.kind is EventType.SUB_ORCHESTRATION_CREATED and name not in self.orchestrators:
                raise OrchestrationError(self._unknown_orchestrator(item.name) + _HANGS)
            is_task = item.kind is EventType.TASK_SCHEDULED and item.name != HTTP_ACTIVITY
            if is_task and name not in self._activities.functions:
                known = [function.name for function in self._activities.functions.values()]
                raise OrchestrationError(unknown_function(item.name, "activity", known) + _HANGS)

    def _settle_turn(
        self, instance: Instance, last: int, fresh: list[Event], decision: Decision
    ) -> None:
        children: list[str] = []
        with self.store.transaction():
            now = self.store.instance(instance.id)
            if now is None or now.execution != instance.execution or now.status.finished:
                return  # terminated, purged or started anew while the turn ran
            self.store.consume(instance.id, last)
            if decision.next_input is not None:
                settling.begin_generation(self.store, now, decision)
            else:
                settling.record(self.store, now, fresh, decision)
                children = settling.start_children(self.store, instance, decision.scheduled)
            tasks = settling.owe(self.store, self._timers, instance, decision)
        if decision.walk:
            decision.walk.record()
            self._waiting[instance.id] = _Waiting(instance.execution, decision.walk, last)
        self._activities.owe(tasks)
        for child in children:
            self.wake(child)
        if decision.status:
            self.announce(instance)
        if decision.next_input is not None:
            self.wake(instance.id)
