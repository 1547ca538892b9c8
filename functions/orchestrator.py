"""`process_ticket`, the one orchestrator, of every task type.

    wait for files → plan → while the round has items: fan out work, then combine → finish, or fail

While a round has a single item, plan and combine go on by themselves, mostly to the end of the
ticket (`shared/workflow/chains/`): `finish` is for what they could not write, and for workflows
of version 1.

The orchestrator runs again from its beginning at every step: it looks at nothing but its input and
what activities answered.

A wait for files trusts no event and no timer: each only makes it look at the ticket (by its plan)
once things are quiet. An event that is lost is raised again by the sweeper. Every wait is a new
task, because the platform does not wait again for one that it has been told of; and a wait that
goes on does so in a new generation, because an event that came while nobody waited would be handed
to every later wait.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import azure.durable_functions as df

from shared.tasks.registry import TASK_TYPES
from shared.text.first_sentence import first_sentence
from shared.workflow.messages import (
    EVENT,
    FAIL,
    FINISH,
    GIVE_UP,
    MAX_TRIES,
    ActivityResult,
    AttemptEnd,
    AttemptRef,
    MustWait,
    NoFiles,
    RoundFacts,
    Signal,
    StartInput,
    TaskActivity,
    Waiting,
    activity_name,
    fail_with,
    find_stop,
    refer_to,
)
from shared.workflow.shown_status import ShownStatus
from shared.workflow.wait_budget import WaitBudget, budget_of, lose_patience, put_off

bp = df.Blueprint()

_RETRY = df.RetryOptions(
    first_retry_interval_in_milliseconds=2_000, max_number_of_attempts=MAX_TRIES
)
_MAX_END_TRIES = 150
_MAX_END_PAUSE = 600.0
_MAX_ROUNDS = 20
_EARLY = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
Steps = Generator[Any, Any, T]
"""Yields tasks of the SDK, which sends what came of them."""


class TicketFailedError(Exception):
    """How the instance of an attempt fails, once its ticket has, with the first sentence of its
    reason: whoever looks at instances finds it there. Nothing tries it again."""


@dataclass(frozen=True, slots=True)
class _Run:
    """An attempt at a ticket, in this replay of its workflow."""

    context: df.DurableOrchestrationContext
    order: StartInput
    budget: WaitBudget
    shown: ShownStatus


@bp.orchestration_trigger(context_name="context")  # type: ignore[untyped-decorator]
def process_ticket(context: df.DurableOrchestrationContext) -> Steps[str]:
    order: StartInput = context.get_input()
    run = _Run(context, order, budget_of(order), ShownStatus(context.set_custom_status))
    event = None
    try:
        if waiting := order.get("waiting"):
            run.shown.tell("waiting")
            event = yield from until_quiet(context, waiting)
        run.shown.tell("planning")
        end: AttemptEnd = yield from _attempt(run)
    except Exception:  # An activity that failed in spite of its retries; it has logged why.
        end = fail_with(
            "Processing stopped because of an internal fault. Please try again; if it happens "
            "again, report the id of this ticket."
        )
    if end["kind"] == "no_files":
        if go_on(context, order, event, end):
            return end["kind"]
        left: NoFiles | None = yield from _end(context, GIVE_UP, [refer_to(order)])
        if left and go_on(context, order, event, left):  # A file has come while it was given up.
            return end["kind"]
    yield from _tell_end(run, end)
    return end["kind"]


def _tell_end(run: _Run, end: AttemptEnd) -> Steps[None]:
    """Write the end of the ticket, where that is not done yet, and show it. Raises
    TicketFailedError."""
    context, order = run.context, run.order
    if end["kind"] == "done":
        if not end.get("finished"):
            yield from _end(context, FINISH, [refer_to(order), end])
        run.shown.tell_completed()
    elif end["kind"] == "failure":
        left = _left_by(run)
        yield from _end(context, FAIL, [left, end["reason"], end.get("cause")])
        run.shown.tell("failed")
        raise TicketFailedError(first_sentence(end["reason"]))
    else:  # It was cancelled, or is another attempt's.
        run.shown.tell("cancelled")


def _end(context: df.DurableOrchestrationContext, name: str, given: list[Any]) -> Steps[Any]:
    """The end of a ticket must be written, however long storage is away: about a day of tries."""
    for number in range(_MAX_END_TRIES):
        try:
            return (yield context.call_activity_with_retry(name, _RETRY, given))
        except Exception:  # It has logged why.
            pause = timedelta(seconds=min(10.0 * 2.0**number, _MAX_END_PAUSE))
            yield timer_at(context, context.current_utc_datetime + pause)
    return None


def _attempt(run: _Run) -> Steps[AttemptEnd]:
    """From the plan to the step that ends the attempt."""
    task = run.order["task_type"]
    # The platform would wait for ever for an activity that there is not.
    if task not in TASK_TYPES:
        return fail_with(f"Tickets of the type {task} are not worked on any more.")
    plan = activity_name(task, TaskActivity.PLAN)
    combine = activity_name(task, TaskActivity.COMBINE)
    result = yield from _decide(run, plan, [refer_to(run.order)])
    for _ in range(_MAX_ROUNDS):
        if result["kind"] != "round":
            end: AttemptEnd = result
            return end
        facts, items, wait = result["facts"], result["items"], result.get("wait")
        stop = yield from _work(run, facts, items, wait)
        if stop is not None:
            return stop
        given = [refer_to(run.order), facts]
        result = yield from _decide(run, combine, given, None if items else wait)
    return fail_with(f"This ticket did not come to an end in {_MAX_ROUNDS} rounds.")


def _decide(run: _Run, name: str, given: list[Any], wait: MustWait | None = None) -> Steps[Any]:
    """The result of what makes rounds, once people have answered what it asks."""
    context = run.context
    while True:
        [result] = yield from _call(run, name, [given], wait)
        wait = None
        if result["kind"] != "asks":
            return result
        run.shown.tell("asking")
        answer = context.wait_for_external_event(result["event"])
        timer = timer_at(context, datetime.fromisoformat(result["until"]))
        winner = yield context.task_any([answer, timer])
        if winner is answer:
            timer.cancel()
            run.shown.tell("answered")


def _work(
    run: _Run, facts: RoundFacts, items: list[Any], wait: MustWait | None
) -> Steps[AttemptEnd | None]:
    """Do all pieces of a round, in lanes side by side, after a `wait` if there is one; what ends
    the attempt, or None. Up to version 2 all lanes waited for each other after each piece."""
    parallel, pieces = run.order["parallel"], [*enumerate(items)]
    lanes = [pieces[begin::parallel] for begin in range(parallel)]
    most = 1 if run.context.version in ("1", "2") else len(items)
    while lanes := [lane for lane in lanes if lane]:
        run.shown.tell_round(facts, len(items) - sum(map(len, lanes)))
        inputs = [_begin_lane(run, facts, lane[:most]) for lane in lanes]
        work = activity_name(run.order["task_type"], TaskActivity.WORK)
        results = yield from _call(run, work, inputs, wait)
        if (stop := find_stop(results)) is not None:
            return stop
        lanes = [
            lane[result.get("count", 1) :] for lane, result in zip(lanes, results, strict=True)
        ]
        wait = None
    run.shown.tell_round(facts, len(items))
    return None


def _begin_lane(run: _Run, facts: RoundFacts, lane: list[tuple[int, Any]]) -> list[Any]:
    """The input of a step that does a piece, and those after it while there is time."""
    ref, ((index, item), *others) = refer_to(run.order), lane
    return [{**ref, "others": others} if others else ref, facts, index, item]


def _call(
    run: _Run, name: str, inputs: list[Any], wait: MustWait | None = None
) -> Steps[list[Any]]:
    """The results of an activity over all inputs at once, and again over those that must wait: from
    the beginning, where somebody has found out that they must."""
    context, budget = run.context, run.budget
    results: dict[int, ActivityResult] = {i: wait for i in range(len(inputs)) if wait}
    if budget.spent:
        inputs = [[{**given[0], "spent": {**budget.spent}}, *given[1:]] for given in inputs]
    waiting = list(range(len(inputs)))
    for row in range(budget.MAX_WAITS + 1):
        if wait is None or row:
            tasks = [_begin_step(context, name, inputs[i]) for i in waiting]
            results |= zip(waiting, (yield context.task_all(tasks)), strict=True)
        waits = {i: result for i, result in results.items() if result["kind"] == "wait"}
        for each in waits.values():
            budget.unbooked += each.get("unbooked", [])
        if not waits or any(result["kind"] == "failure" for result in results.values()):
            break
        seconds = budget.pause(row, [*waits.values()])
        if not isinstance(seconds, float):
            return [lose_patience(seconds, budget)] * len(inputs)
        yield timer_at(context, context.current_utc_datetime + timedelta(seconds=seconds))
        waiting = list(waits)
        inputs = [
            put_off(given, waits[i], seconds, budget) if i in waits else given
            for i, given in enumerate(inputs)
        ]
    return [results[i] for i in range(len(inputs))]


def _begin_step(context: df.DurableOrchestrationContext, name: str, given: list[Any]) -> Any:
    """The task of a step, which is told when it was asked for."""
    called_at = round((context.current_utc_datetime - _EPOCH).total_seconds(), 3)
    called = [{**given[0], "called_at": called_at}, *given[1:]]
    return context.call_activity_with_retry(name, _RETRY, called)


def _left_by(run: _Run) -> AttemptRef:
    """For the end of an attempt, with what its waits have left to book."""
    ref, unbooked = refer_to(run.order), run.budget.unbooked
    return {**ref, "unbooked": unbooked} if unbooked else ref


def timer_at(context: df.DurableOrchestrationContext, moment: datetime) -> Any:
    """A task that ends at `moment` or up to a second later, and never before.

    A durable timer is a queue message whose delay is cut to whole seconds, so that it may fire up
    to a second early, and one of less than a second at once: a loop that waits for the rest of a
    second by another timer would spin.
    """
    return context.create_timer(moment + _EARLY)


def until_quiet(context: df.DurableOrchestrationContext, waiting: Waiting) -> Steps[Any]:
    """Wait until it is time to look at the ticket; the last event waited for, which may come."""
    end, stirring = datetime.fromisoformat(waiting["until"]), waiting["stirring"]
    while True:
        quiet = context.current_utc_datetime + timedelta(seconds=waiting["quiet"])
        timer = timer_at(context, quiet if stirring else end)
        event = context.wait_for_external_event(EVENT)
        winner = yield context.task_any([event, timer])
        if winner is timer:
            return event
        timer.cancel()
        if Signal.SUBMITTED in str(event.result):
            return event
        stirring = True


def go_on(
    context: df.DurableOrchestrationContext, order: StartInput, event: Any, seen: NoFiles
) -> bool:
    """Wait on, in a new generation, when the plan has `seen` no file, or one that came just now;
    False when the time is over."""
    waiting = order.get("waiting")
    if waiting is None:
        return False
    stirring = event.is_completed or seen["stirring"]
    late = context.current_utc_datetime >= datetime.fromisoformat(waiting["until"])
    if late and not stirring:
        return False
    context.continue_as_new({**order, "waiting": {**waiting, "stirring": stirring}})
    return True
