"""Decides when what runs: turns of orchestrations, activities, timers.

Everything here happens on the event loop's thread; only the functions themselves run elsewhere.
What is to run is read from the store at start and noted there before it runs, so a host that is
killed at any instant goes on after a restart. An answer is stored before its instance is woken.
"""

import asyncio
import logging
import sqlite3
import time
import uuid
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.local.host.durable import activities, events
from infra.local.host.durable.events import FAILED, Event, EventType, utc_now
from infra.local.host.durable.store import Instance, Status, Store, Task
from infra.local.host.durable.timers import Timers
from infra.local.host.durable.turn import Answer, replay, replay_body
from infra.local.host.durable.walk import HTTP_ACTIVITY, OrchestrationError, Scheduled, Walk
from infra.local.host.functions import Function
from infra.local.host.invocation import Invoker

log = logging.getLogger("host.durable")

RETRY_SECONDS = 1.0
"""How long to wait after the store refused a write, for example because the disk is full."""


@dataclass
class Decision:
    """What a turn came to: `status` is None while the instance goes on, `output` JSON text."""

    scheduled: list[Scheduled] = field(default_factory=list)
    cancelled_timers: list[int] = field(default_factory=list)
    custom_status: str | None = None
    status: Status | None = None
    output: str | None = None
    next_input: str | None = None
    carried_over: list[Event] = field(default_factory=list)
    walk: Walk | None = None
    """Where the instance waits, if it does."""

    @property
    def summary(self) -> str:
        """For the log."""
        if self.status:
            return self.status.lower()
        return "continued as new" if self.next_input is not None else f"+{len(self.scheduled)}"


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
    ) -> None:
        self.store = store
        self.orchestrators = {f.name.casefold(): f for f in orchestrators}
        self._activities = {f.name.casefold(): f for f in activity_functions}
        self._invoker = invoker
        self._max_turns = max_turns
        self._max_activities = max_activities
        self._ready: dict[str, None] = {}
        self._in_turn: set[str] = set()
        self._again: set[str] = set()
        self._owed: deque[Task] = deque()
        self._in_activity = 0
        self._answers: list[tuple[Task, Event]] = []
        self._timers = Timers(store, self.wake)
        self._background: set[asyncio.Task[None]] = set()
        self._finished: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, _Waiting] = {}

    def start(self) -> None:
        """Take up everything that was left."""
        self._owed.extend(self.store.tasks())
        self._timers.start()
        for instance_id in self.store.awaiting_turn():
            self.wake(instance_id)
        self._dispatch()

    async def stop(self) -> None:
        """Stop where it is; a later start goes on from there."""
        self._max_turns = self._max_activities = 0
        self._timers.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._answers:
            self._store_answers()

    def wake(self, instance_id: str) -> None:
        """Something is in the instance's inbox: let it have a turn."""
        if instance_id in self._in_turn:
            self._again.add(instance_id)
        else:
            self._ready[instance_id] = None
            self._next_turns()

    async def until_finished(self, instance_id: str, seconds: float) -> None:
        """Return when the instance finishes, or after `seconds`."""
        finished = self._finished.setdefault(instance_id, asyncio.Event())
        try:
            await asyncio.wait_for(finished.wait(), seconds)
        except TimeoutError:
            return

    def finish(self, instance: Instance, status: Status, output: str | None) -> None:
        """End an instance and tell its parent; call within a transaction."""
        self.store.append(instance.id, [events.execution_completed(status, output)])
        self.store.update(instance.id, status=status, output=output)
        self.store.drop_outstanding(instance.id)
        self._waiting.pop(instance.id, None)
        if instance.parent and instance.parent_number is not None:
            number = instance.parent_number
            if status is Status.COMPLETED:
                told = events.sub_orchestration_completed(number, output)
            else:
                told = events.sub_orchestration_failed(number, events.plain(output))
            self.store.send(instance.parent, instance.parent_execution, told)

    def announce(self, instance: Instance) -> None:
        """Wake who waits for a finished instance; call after the transaction."""
        if instance.parent:
            self.wake(instance.parent)
        if waiting := self._finished.pop(instance.id, None):
            waiting.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background; `stop` cancels it."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # turns

    def _next_turns(self) -> None:
        while self._ready and len(self._in_turn) < self._max_turns:
            instance_id = next(iter(self._ready))
            del self._ready[instance_id]
            self._in_turn.add(instance_id)
            self.spawn(self._turn(instance_id))

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
        if instance is None or instance.status.finished or instance.status is Status.SUSPENDED:
            return
        waiting = self._waiting.pop(instance_id, None)
        if waiting and self._leaves_waiting(instance, waiting):
            self._waiting[instance_id] = waiting
            return
        last, news = self.store.inbox(instance)
        if not news:
            self.store.consume(instance_id, last)
            return
        news.sort(key=lambda event: event.type is not EventType.EXECUTION_STARTED)
        fresh = [events.orchestrator_started(now := utc_now()), *news]
        began = time.perf_counter()
        history = self.store.history(instance_id) + fresh
        decision = await self._decide(instance, history, now)
        elapsed = (time.perf_counter() - began) * 1000
        log.info("%s instance=%s %.1f ms %s", instance.name, instance_id, elapsed, decision.summary)
        self._settle_turn(instance, last, fresh, decision)

    def _leaves_waiting(self, instance: Instance, waiting: _Waiting) -> bool:
        """Whether all that came in leaves the orchestrator waiting where it waits.

        Then it stays in the inbox: a fan-out is replayed once it is complete, not for each of its
        members. A failure always gets a turn, as the SDK may go on at the first.
        """
        if waiting.execution != instance.execution:
            return False
        waiting.seen, news = self.store.inbox(instance, waiting.seen)
        if any(event.type in FAILED for event in news):
            return False
        walk, position = waiting.walk, waiting.walk.position
        for event in news:
            walk.apply(event)
        return walk.position is position and not walk.unrecorded

    async def _decide(self, instance: Instance, history: list[Event], now: datetime) -> Decision:
        function = self.orchestrators.get(instance.name.casefold())
        try:
            if function is None:
                raise OrchestrationError(_unknown(instance.name, "orchestrator"))
            handler, parameter = function.handler, function.parameter
            body = replay_body(instance, history)
            answer = await self._invoker.in_thread(
                function.kind, lambda: replay(handler, parameter, body)
            )
            walk = Walk(answer.actions, instance.name, now)
            for event in history:
                walk.apply(event)
            self._check_names(walk.unrecorded)
            return _conclude(instance, answer, walk)
        except OrchestrationError as error:
            return _failed(instance, str(error))
        except Exception as error:
            log.exception("%s instance=%s cannot be followed", instance.name, instance.id)
            return _failed(instance, f"the host cannot follow the replay's answer: {error!r}")

    def _check_names(self, scheduled: list[Scheduled]) -> None:
        for item in scheduled:
            name = item.name.casefold()
            if item.kind is EventType.SUB_ORCHESTRATION_CREATED and name not in self.orchestrators:
                raise OrchestrationError(_unknown(item.name, "orchestrator"))
            is_task = item.kind is EventType.TASK_SCHEDULED and item.name != HTTP_ACTIVITY
            if is_task and name not in self._activities:
                raise OrchestrationError(_unknown(item.name, "activity"))

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
                self._begin_generation(now, decision)
            else:
                self._record(now, fresh, decision)
                children = self._start_children(instance, decision.scheduled)
            tasks = self._owe(instance, decision)
        if decision.walk:
            decision.walk.record()
            self._waiting[instance.id] = _Waiting(instance.execution, decision.walk, last)
        self._owed.extend(tasks)
        self._dispatch()
        for child in children:
            self.wake(child)
        if decision.status:
            self.announce(instance)
        if decision.next_input is not None:
            self.wake(instance.id)

    def _record(self, instance: Instance, fresh: list[Event], decision: Decision) -> None:
        scheduled = [_event_of(item, instance) for item in decision.scheduled]
        closing = events.orchestrator_completed()
        self.store.append(instance.id, [*fresh, *scheduled, closing])
        if decision.status:
            self.store.update(instance.id, custom_status=decision.custom_status)
            self.finish(instance, decision.status, decision.output)
        else:
            self.store.update(
                instance.id, status=_ongoing(instance), custom_status=decision.custom_status
            )

    def _begin_generation(self, instance: Instance, decision: Decision) -> None:
        execution = uuid.uuid4().hex
        next_input = events.encoded(decision.next_input)
        self.store.drop_generation(instance.id)
        self.store.update(
            instance.id,
            execution=execution,
            input=next_input,
            status=_ongoing(instance),
            custom_status=decision.custom_status,
        )
        start = events.execution_started(instance.name, next_input, instance.version)
        self.store.send_before_others(instance.id, execution, [start, *decision.carried_over])

    def _owe(self, instance: Instance, decision: Decision) -> list[Task]:
        """Note the activity runs and timers a turn asked for."""
        tasks = []
        for item in decision.scheduled:
            if item.kind is EventType.TASK_SCHEDULED:
                task = Task(instance.id, instance.execution, item.number, item.name, item.input)
                self.store.add_task(task)
                tasks.append(task)
            elif item.kind is EventType.TIMER_CREATED and not item.cancelled:
                self._timers.add(instance, item.number, item.fire_at)
        for number in decision.cancelled_timers:
            self.store.cancel_timer(instance.id, number)
        return tasks

    def _start_children(self, parent: Instance, scheduled: list[Scheduled]) -> list[str]:
        """Create the child instances; returns the ids of who is to be woken."""
        woken = []
        for item in scheduled:
            if item.kind is not EventType.SUB_ORCHESTRATION_CREATED:
                continue
            child_id = _child_id(item, parent)
            there = self.store.instance(child_id)
            if there is not None and not there.status.finished:
                reason = f"An Orchestration instance with the id {child_id} already runs."
                refused = events.sub_orchestration_failed(item.number, reason)
                self.store.send(parent.id, parent.execution, refused)
                woken.append(parent.id)
                continue
            child_input = events.encoded(item.input)
            start = events.execution_started(item.name, child_input)
            link = (parent.id, parent.execution, item.number)
            self.store.create(child_id, uuid.uuid4().hex, start, child_input, parent=link)
            woken.append(child_id)
        return woken

    # activities

    def _dispatch(self) -> None:
        while self._owed and self._in_activity < self._max_activities:
            self._in_activity += 1
            self.spawn(self._run_activity(self._owed.popleft()))

    async def _run_activity(self, task: Task) -> None:
        function = self._activities.get(task.name.casefold())
        answer = await activities.run(task, function, self._invoker)
        self._in_activity -= 1
        self._dispatch()
        self._answers.append((task, answer))
        if len(self._answers) == 1:
            asyncio.get_running_loop().call_soon(self._store_answers)

    def _store_answers(self) -> None:
        """All that came in together goes in one transaction, and into one turn an instance."""
        answers, self._answers = self._answers, []
        try:
            with self.store.transaction():
                heard = [task for task, answer in answers if self.store.complete_task(task, answer)]
        except sqlite3.Error as error:
            log.error("%d activity results not stored yet: %s", len(answers), error)
            self._answers = answers + self._answers
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._store_answers)
            return
        for instance_id in dict.fromkeys(task.instance for task in heard):
            self.wake(instance_id)


def _conclude(instance: Instance, answer: Answer, walk: Walk) -> Decision:
    decision = Decision(
        scheduled=walk.unrecorded,
        cancelled_timers=walk.cancelled_timers,
        custom_status=answer.custom_status,
    )
    if not walk.finished:
        decision.walk = walk if walk.position else None
        return decision
    if answer.error is not None:
        failed = _failed(instance, answer.error)
        decision.status, decision.output = failed.status, failed.output
    elif walk.next_input is not None:
        decision.next_input, decision.carried_over = walk.next_input, walk.carried_over
    elif answer.done:
        decision.status, decision.output = Status.COMPLETED, answer.output
    return decision


def _failed(instance: Instance, error: str) -> Decision:
    text = f"Orchestrator function '{instance.name}' failed: {error}"
    return Decision(status=Status.FAILED, output=events.encoded(text))


def _unknown(name: str, kind: str) -> str:
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Additional info: the app declares no {kind} of that name."
    )


def _ongoing(instance: Instance) -> Status:
    """The status after a turn that did not end the instance: it may be suspended meanwhile."""
    return Status.SUSPENDED if instance.status is Status.SUSPENDED else Status.RUNNING


def _child_id(item: Scheduled, parent: Instance) -> str:
    return item.instance_id or f"{parent.execution}:{item.number}"


def _event_of(item: Scheduled, instance: Instance) -> Event:
    if item.kind is EventType.TASK_SCHEDULED:
        return events.task_scheduled(item.number, item.name, item.input)
    if item.kind is EventType.TIMER_CREATED:
        return events.timer_created(item.number, item.fire_at, item.ref, item.role)
    child = _child_id(item, instance)
    return events.sub_orchestration_created(item.number, item.name, child, item.input)
