"""What the orchestrator schedules, in order: what a history is compared with at its replay.

`python -m tests.support.product.workflow_journal VERSION` prints the journals of the present code
as JSON, for the file of a new `defaultVersion`.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from functions import orchestrator
from shared.workflow.messages import StartInput

ORDER = StartInput(
    ticket_id="t",
    attempt=1,
    task_type="custom",
    parallel=2,
    first_wait=5,
    most_wait=60,
    waiting=None,
)
_UNTIL = "2030-01-02T00:00:00Z"
_FACTS = {"number": 0, "stage": "working", "total": 3, "starts_at": 10, "ends_at": 90}
_ROUND = {"kind": "round", "facts": _FACTS, "items": [{"n": n} for n in range(3)]}
_OUTCOME = {"kind": "outcome"}
_DONE = {"kind": "done", "model": "m", "tokens": 3}
_WAIT = {"kind": "wait", "seconds": 7.0, "reason": "Busy."}
_FAILURE = {"kind": "failure", "reason": "No.", "cause": "model"}
_NO_FILES = {"kind": "no_files", "stirring": False}
_BROKEN = RuntimeError("an activity that failed in spite of its retries")
_COME = ("event answer_1",)
"""Of the events that are waited for; else the timer ends the wait."""
_FINISHED = {**_DONE, "finished": True}
_LONE = {**_ROUND, "facts": {**_FACTS, "total": 1}, "items": [{"n": 0}]}
_LANE = {**_OUTCOME, "count": 2}
_WAITING = {"quiet": 2.0, "until": _UNTIL, "stirring": True}

SCENARIOS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "one round": ({}, [_ROUND, _OUTCOME, _OUTCOME, _OUTCOME, _DONE, None]),
    "lanes": ({}, [_ROUND, _LANE, _OUTCOME, _DONE, None]),
    "a lane that waits": ({}, [_ROUND, _WAIT, _OUTCOME, _LANE, _DONE, None]),
    "two rounds": (
        {},
        [_ROUND, *[_OUTCOME] * 3, _ROUND, *[_OUTCOME] * 3, _DONE, None],
    ),
    "a wait": ({}, [_ROUND, _OUTCOME, _WAIT, _OUTCOME, _OUTCOME, _DONE, None]),
    "a failure": ({}, [_ROUND, _OUTCOME, _FAILURE, None]),
    "superseded": ({}, [{"kind": "stopped"}]),
    "an inner fault": ({}, [_BROKEN, None]),
    "an end that is tried again": ({}, [_ROUND, *[_OUTCOME] * 3, _DONE, _BROKEN, None]),
    "files": ({"waiting": _WAITING}, [_ROUND, *[_OUTCOME] * 3, _DONE, None]),
    "no files yet": ({"waiting": _WAITING}, [_NO_FILES]),
    "an inquiry": (
        {},
        [
            {"kind": "asks", "event": "answer_1", "until": _UNTIL},
            _ROUND,
            *[_OUTCOME] * 3,
            _DONE,
            None,
        ],
    ),
    "a chain to the end": ({}, [_FINISHED]),
    "a chain whose work must wait": ({}, [{**_LONE, "wait": _WAIT}, _OUTCOME, _FINISHED]),
    "a chain that must wait after its work": (
        {},
        [{**_LONE, "items": [], "wait": _WAIT}, _FINISHED],
    ),
    "a chain that ends in an inquiry": (
        {},
        [
            {**_LONE, "items": []},
            {"kind": "asks", "event": "answer_1", "until": _UNTIL},
            _FINISHED,
        ],
    ),
}
"""By name: what differs in the input, and what the activities answer, one after the other."""


@dataclass
class _Task:
    """Something that was scheduled; `entry` is how the journal names it."""

    entry: str
    result: Any = None
    is_completed: bool = False

    def cancel(self) -> None:
        """Nothing is left to do."""


@dataclass
class _Context:
    """The durable context of a version, as far as the orchestrator uses it."""

    version: str
    order: StartInput
    answers: list[Any]
    journal: list[str] = field(default_factory=list)
    current_utc_datetime: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def get_input(self) -> StartInput:
        return self.order

    def set_custom_status(self, status: Any) -> None:
        """It is no part of a history."""

    def call_activity_with_retry(self, name: str, options: Any, given: Any) -> _Task:
        return _Task(name)

    def create_timer(self, at: datetime) -> _Task:
        return _Task("timer")

    def wait_for_external_event(self, name: str) -> _Task:
        return _Task(f"event {name}")

    def task_all(self, tasks: Sequence[_Task]) -> list[_Task]:
        return [*tasks]

    def task_any(self, tasks: Sequence[_Task]) -> tuple[_Task, ...]:
        return tuple(tasks)

    def continue_as_new(self, order: Any) -> None:
        self.journal.append("continue as new")

    def settle(self, scheduled: Any) -> Any:
        """What the orchestrator is told of what it has scheduled. Raises what an activity does."""
        if isinstance(scheduled, tuple):
            self.journal.append(" or ".join(task.entry for task in scheduled))
            return next((task for task in scheduled if task.entry in _COME), scheduled[-1])
        if isinstance(scheduled, list):
            self.journal.append(" and ".join(task.entry for task in scheduled))
            return [self._answer() for _ in scheduled]
        self.journal.append(scheduled.entry)
        return None if scheduled.entry == "timer" else self._answer()

    def _answer(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def journal(scenario: str, version: str) -> list[str]:
    """What an instance of this version schedules, from its start to its end."""
    more, answers = SCENARIOS[scenario]
    order: Any = {**ORDER, **more}
    if version != "1":
        order["chains"] = True
    context = _Context(version, order, [*answers])
    run = orchestrator.process_ticket._function._func.orchestrator_function(context)
    try:
        scheduled = next(run)
        while True:
            try:
                result = context.settle(scheduled)
            except RuntimeError as error:
                scheduled = run.throw(error)
            else:
                scheduled = run.send(result)
    except (StopIteration, orchestrator.TicketFailedError):
        assert context.answers == [], "the scenario has answers that nobody asked for"
        return context.journal


if __name__ == "__main__":
    lines = (f" {json.dumps(name)}: {json.dumps(journal(name, sys.argv[1]))}" for name in SCENARIOS)
    print("{", ",\n".join(lines), "}", sep="\n")  # noqa: T201
