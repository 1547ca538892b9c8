"""Runs through the actions that a replay reported, as the Durable Functions extension does.

The SDK answers each turn with every action since the start of the generation. The extension does
not take its word for the rest: it goes through the actions in order, awaits each before it looks at
the next, numbers what it schedules, and compares the numbers with the history. A `Walk` is that
run, driven by the history's events instead of by awaiting.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Self

from infra.local.host.durable.events import (
    FAILED,
    SCHEDULING,
    SUCCEEDED,
    Event,
    EventType,
    timestamp,
)
from infra.local.host.durable.scheduled import Scheduled, contradiction

HTTP_ACTIVITY = "BuiltIn::HttpActivity"


class ActionType(IntEnum):
    """The SDK's action types."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    WHEN_ANY = 11
    WHEN_ALL = 12


class OrchestrationError(Exception):
    """The orchestration cannot go on; the text is the reason the instance fails with."""


class NonDeterminismError(OrchestrationError):
    """The history names what this replay did not schedule; the text is all of the output."""


class _Step:
    """A point the walk waits at: done by itself, or once `needed` of its members are."""

    def __init__(self, parent: "_Step | None", needed: int = 1) -> None:
        self.done = False
        self._parent = parent
        self._needed = needed

    def count(self) -> None:
        """One more member, or the step itself, is through."""
        self._needed -= 1
        if not self.done and self._needed <= 0:
            self.done = True
            if self._parent is not None:
                self._parent.count()


class Walk:
    """One run through `actions` at `now`; feed it the history's events in order with `apply`.

    Afterwards `unrecorded` is what must newly be scheduled, `finished` whether every action was
    resolved and nothing scheduled is outstanding, `next_input` the input of a new generation if the
    orchestrator continues as new, `carried_over` the external events which go with it.
    """

    def __init__(self, actions: list[dict[str, Any]], now: datetime) -> None:
        self._actions = actions
        self._now = now
        self._index = 0
        self._current: _Step | None = None
        self._produced: dict[int, Scheduled] = {}
        self._recorded: set[int] = set()
        self._outstanding: dict[int, Callable[[bool], None]] = {}
        self._waits: dict[str, list[_Step]] = defaultdict(list)
        self._early: dict[str, int] = defaultdict(int)
        self.next_input: str | None = None
        self.carried_over: list[Event] = []

    @property
    def finished(self) -> bool:
        """Every action is resolved, and no activity, child or timer is outstanding."""
        through = self._index == len(self._actions) and (self._current is None)
        return through and not self._outstanding

    @property
    def position(self) -> object | None:
        """What the walk waits at; None when it is through its actions."""
        return self._current

    @property
    def unrecorded(self) -> list[Scheduled]:
        """What this replay scheduled that the history does not know yet, by number."""
        return [s for n, s in self._produced.items() if n not in self._recorded]

    @property
    def cancelled_timers(self) -> list[int]:
        """The numbers of all timers the orchestrator has given up."""
        return [s.number for s in self._produced.values() if s.cancelled]

    def record(self) -> None:
        """What was scheduled is in the history now."""
        self._recorded.update(self._produced)

    def through(self, history: Iterable[Event]) -> Self:
        """The walk after all these events."""
        for event in history:
            self.apply(event)
        return self

    def apply(self, event: Event) -> None:
        """Take the next event of the history.

        Raises NonDeterminismError when the history names what this replay did not schedule.
        """
        kind = event.type
        if kind is EventType.EXECUTION_STARTED:
            self._advance()
        elif kind in SCHEDULING:
            self._verify(event)
        elif kind in SUCCEEDED or kind in FAILED:
            self._resolve(event, kind in SUCCEEDED)
        elif kind is EventType.EVENT_RAISED:
            self._raise_event(event)

    def _advance(self) -> None:
        while self._current is None or self._current.done:
            self._current = None
            if self._index == len(self._actions):
                return
            action = self._actions[self._index]
            self._index += 1
            self._current = self._begin(action, None)

    def _verify(self, event: Event) -> None:
        if complaint := contradiction(event, self._produced.get(event.number)):
            raise NonDeterminismError(f"Non-Deterministic workflow detected: {complaint}")
        self._recorded.add(event.number)

    def _resolve(self, event: Event, succeeded: bool) -> None:
        waiting = self._outstanding.pop(event.ref if event.ref is not None else -1, None)
        if waiting is not None:
            waiting(succeeded)
            self._advance()

    def _raise_event(self, event: Event) -> None:
        if self.next_input is not None:
            self.carried_over.append(event)
            return
        name = (event.name or "").casefold()
        if waits := self._waits[name]:
            waits.pop().count()  # the extension serves the latest wait first
            self._advance()
        else:
            self._early[name] += 1

    def _begin(self, action: dict[str, Any], parent: _Step | None) -> _Step:
        kind = ActionType(action["actionType"])
        if kind in (ActionType.WHEN_ALL, ActionType.WHEN_ANY):
            return self._compound(action["compoundActions"], kind, parent)
        step = _Step(parent)
        if kind is ActionType.CREATE_TIMER:
            self._timer(action, step)
        elif kind is ActionType.WAIT_FOR_EXTERNAL_EVENT:
            self._wait(action, step)
        elif kind is ActionType.CONTINUE_AS_NEW:
            self.next_input = action["input"]
            step.count()
        elif kind in (ActionType.CALL_ENTITY, ActionType.SIGNAL_ENTITY):
            raise OrchestrationError("The local host does not support durable entities.")
        else:
            self._attempt(action, step, 1)
        return step

    def _compound(
        self, members: list[dict[str, Any]], kind: ActionType, parent: _Step | None
    ) -> _Step:
        step = _Step(parent, len(members) if kind is ActionType.WHEN_ALL else 1)
        for member in members:
            self._begin(member, step)
        return step

    def _timer(self, action: dict[str, Any], step: _Step) -> None:
        cancelled = bool(action.get("isCanceled"))
        number = self._schedule(
            EventType.TIMER_CREATED, fire_at=action["fireAt"], cancelled=cancelled
        )
        if cancelled:
            step.count()
        else:
            self._outstanding[number] = lambda _: step.count()

    def _wait(self, action: dict[str, Any], step: _Step) -> None:
        name = action["externalEventName"].casefold()
        if self._early[name]:
            self._early[name] -= 1
            step.count()
        else:
            self._waits[name].append(step)

    def _attempt(self, action: dict[str, Any], step: _Step, attempt: int) -> None:
        """Schedule an activity, HTTP call or child, again after each failure if it has retries."""
        number = self._schedule(*_work_of(action))
        retry = action.get("retryOptions")

        def resolved(succeeded: bool) -> None:
            if succeeded or retry is None:
                step.count()
            else:
                self._retry_timer(action, step, attempt)

        self._outstanding[number] = resolved

    def _retry_timer(self, action: dict[str, Any], step: _Step, attempt: int) -> None:
        """After each failure, the last included, the SDK expects a timer before it goes on."""
        retry = action["retryOptions"]
        last = attempt >= retry["maxNumberOfAttempts"]
        wait = timedelta(milliseconds=0 if last else retry["firstRetryIntervalInMilliseconds"])
        number = self._schedule(
            EventType.TIMER_CREATED,
            fire_at=timestamp(self._now + wait),
        )
        self._outstanding[number] = lambda _: (
            step.count() if last else self._attempt(action, step, attempt + 1)
        )

    def _schedule(
        self,
        kind: EventType,
        name: str = "",
        input: str = "null",  # noqa: A002
        instance_id: str | None = None,
        **timer: Any,
    ) -> int:
        number = len(self._produced)
        self._produced[number] = Scheduled(kind, number, name, input, instance_id, **timer)
        return number


def _work_of(action: dict[str, Any]) -> tuple[EventType, str, str, str | None]:
    """Event type, function name, input and child id of an action that runs something."""
    kind = ActionType(action["actionType"])
    if kind is ActionType.CALL_HTTP:
        request = json.dumps(action["httpRequest"])
        return EventType.TASK_SCHEDULED, HTTP_ACTIVITY, request, None
    if kind in (ActionType.CALL_ACTIVITY, ActionType.CALL_ACTIVITY_WITH_RETRY):
        return EventType.TASK_SCHEDULED, action["functionName"], action["input"], None
    child = action.get("instanceId") or None
    return EventType.SUB_ORCHESTRATION_CREATED, action["functionName"], action["input"], child
