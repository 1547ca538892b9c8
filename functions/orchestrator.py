"""`process_ticket`, the one orchestrator, of every task type.

    wait for files → plan → while the round has items: fan out work, then combine → finish, or fail

While a round has a single item, plan and combine go on by themselves, mostly to the end of the
ticket (`shared/workflow/chains.py`): `finish` is for what they could not write, and for workflows
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
from datetime import datetime, timedelta
from typing import Any, TypeVar

import azure.durable_functions as df

from shared.tasks.registry import TASK_TYPES
from shared.text.first_sentence import first_sentence
from shared.workflow.messages import (
    EVENT,
    FAIL,
    FINISH,
    GIVE_UP,
    ActivityResult,
    AttemptEnd,
    AttemptRef,
    MustWait,
    NoFiles,
    RoundFacts,
    Signal,
    StartInput,
    TaskActivity,
    Waited,
    Waiting,
    activity_name,
    fail_with,
    find_stop,
)
from shared.workflow.wait_budget import WaitBudget

bp = df.Blueprint()

_RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=2_000, max_number_of_attempts=5)
_MAX_END_TRIES = 150
_MAX_END_PAUSE = 600.0
_MAX_ROUNDS = 20
_EARLY = timedelta(seconds=1)

T = TypeVar("T")
Steps = Generator[Any, Any, T]
"""Yields tasks of the SDK, which sends what came of them."""


class TicketFailedError(Exception):
    """How the instance of an attempt fails, once its ticket has, with the first sentence of its
    reason: whoever looks at instances finds it there. Nothing tries it again."""


@bp.orchestration_trigger(context_name="context")  # type: ignore[untyped-decorator]
def process_ticket(context: df.DurableOrchestrationContext) -> Steps[str]:
    order: StartInput = context.get_input()
    budget = _budget_of(order)
    event = None
    try:
        if waiting := order.get("waiting"):
            event = yield from until_quiet(context, waiting)
        end: AttemptEnd = yield from _attempt(context, order, budget)
    except Exception:  # An activity that failed in spite of its retries; it has logged why.
        end = fail_with(
            "Processing stopped because of an internal fault. Please try again; if it happens "
            "again, report the id of this ticket."
        )
    if end["kind"] == "done":
        if not end.get("finished"):
            yield from _end(context, FINISH, [_ref(order), end])
        context.set_custom_status({"stage": "completed", "percent": 100})
    elif end["kind"] == "failure":
        yield from _end(context, FAIL, [_left_by(order, budget), end["reason"], end.get("cause")])
        context.set_custom_status({"stage": "failed"})
        raise TicketFailedError(first_sentence(end["reason"]))
    elif end["kind"] == "no_files" and not go_on(context, order, event, end):
        left: NoFiles | None = yield from _end(context, GIVE_UP, [_ref(order)])
        if left:  # A file has come while it was given up.
            go_on(context, order, event, left)
    return end["kind"]


def _end(context: df.DurableOrchestrationContext, name: str, given: list[Any]) -> Steps[Any]:
    """The end of a ticket must be written, however long storage is away: about a day of tries."""
    for number in range(_MAX_END_TRIES):
        try:
            return (yield context.call_activity_with_retry(name, _RETRY, given))
        except Exception:  # It has logged why.
            pause = timedelta(seconds=min(10.0 * 2.0**number, _MAX_END_PAUSE))
            yield timer_at(context, context.current_utc_datetime + pause)
    return None


def _attempt(
    context: df.DurableOrchestrationContext, order: StartInput, budget: WaitBudget
) -> Steps[AttemptEnd]:
    """From the plan to the step that ends the attempt."""
    task = order["task_type"]
    # The platform would wait for ever for an activity that there is not.
    if task not in TASK_TYPES:
        return fail_with(f"Tickets of the type {task} are not worked on any more.")
    plan = activity_name(task, TaskActivity.PLAN)
    combine = activity_name(task, TaskActivity.COMBINE)
    result = yield from _decide(context, budget, plan, [_ref(order)])
    for _ in range(_MAX_ROUNDS):
        if result["kind"] != "round":
            end: AttemptEnd = result
            return end
        facts, items, wait = result["facts"], result["items"], result.get("wait")
        stop = yield from _work(context, order, budget, facts, items, wait)
        if stop is not None:
            return stop
        given = [_ref(order), facts]
        result = yield from _decide(context, budget, combine, given, None if items else wait)
    return fail_with(f"This ticket did not come to an end in {_MAX_ROUNDS} rounds.")


def _decide(
    context: df.DurableOrchestrationContext,
    budget: WaitBudget,
    name: str,
    given: list[Any],
    wait: MustWait | None = None,
) -> Steps[Any]:
    """The result of what makes rounds, once people have answered what it asks."""
    while True:
        [result] = yield from _call(context, budget, name, [given], wait)
        wait = None
        if result["kind"] != "asks":
            return result
        context.set_custom_status({"stage": "asking"})
        answer = context.wait_for_external_event(result["event"])
        timer = timer_at(context, datetime.fromisoformat(result["until"]))
        winner = yield context.task_any([answer, timer])
        if winner is answer:
            timer.cancel()


def _work(
    context: df.DurableOrchestrationContext,
    order: StartInput,
    budget: WaitBudget,
    facts: RoundFacts,
    items: list[Any],
    wait: MustWait | None,
) -> Steps[AttemptEnd | None]:
    """Do all pieces of a round, a window at a time, after a `wait` if there is one; what ends the
    attempt, or None."""
    work = activity_name(order["task_type"], TaskActivity.WORK)
    for begin in range(0, len(items), order["parallel"]):
        _show(context, facts, begin)
        window = range(begin, min(begin + order["parallel"], len(items)))
        inputs = [[_ref(order), facts, index, items[index]] for index in window]
        stop = find_stop((yield from _call(context, budget, work, inputs, wait)))
        wait = None
        if stop is not None:
            return stop
    _show(context, facts, len(items))
    return None


def _call(
    context: df.DurableOrchestrationContext,
    budget: WaitBudget,
    name: str,
    inputs: list[Any],
    wait: MustWait | None = None,
) -> Steps[list[Any]]:
    """The results of an activity over all inputs at once, and again over those that must wait: from
    the beginning, where somebody has found out that they must."""
    results: dict[int, ActivityResult] = {i: wait for i in range(len(inputs)) if wait}
    if budget.spent:
        inputs = [[{**given[0], "spent": {**budget.spent}}, *given[1:]] for given in inputs]
    waiting = list(range(len(inputs)))
    for row in range(budget.MAX_WAITS + 1):
        if wait is None or row:
            tasks = [context.call_activity_with_retry(name, _RETRY, inputs[i]) for i in waiting]
            results |= zip(waiting, (yield context.task_all(tasks)), strict=True)
        waits = {i: result for i, result in results.items() if result["kind"] == "wait"}
        for each in waits.values():
            budget.unbooked += each.get("unbooked", [])
        if not waits or any(result["kind"] == "failure" for result in results.values()):
            break
        seconds = budget.pause(row, [*waits.values()])
        if not isinstance(seconds, float):
            return [_lose_patience(seconds, budget)] * len(inputs)
        yield timer_at(context, context.current_utc_datetime + timedelta(seconds=seconds))
        waiting = list(waits)
        inputs = [
            _put_off(given, waits[i], seconds, budget) if i in waits else given
            for i, given in enumerate(inputs)
        ]
    return [results[i] for i in range(len(inputs))]


def _budget_of(order: StartInput) -> WaitBudget:
    key = f"{order['ticket_id']}-{order['attempt']}"
    limits = order.get("max_waits") or {}
    return WaitBudget(first=order["first_wait"], others=order["most_wait"], limits=limits, key=key)


def _lose_patience(wait: MustWait, budget: WaitBudget) -> AttemptEnd:
    """The ticket has waited for a service as long as it may."""
    service = wait.get("service", "")
    limit = f" ({service.upper()}_MAX_WAIT_SECONDS)" if service in budget.limits else ""
    return fail_with(f"{wait['reason']} It did not get better in time{limit}.", "timeout")


def _left_by(order: StartInput, budget: WaitBudget) -> AttemptRef:
    """For the end of an attempt, with what its waits have left to book."""
    ref = _ref(order)
    return {**ref, "unbooked": budget.unbooked} if budget.unbooked else ref


def _ref(order: StartInput) -> AttemptRef:
    ref = AttemptRef(
        ticket_id=order["ticket_id"], attempt=order["attempt"], task_type=order["task_type"]
    )
    if trace := order.get("trace"):
        ref["trace"] = trace
    if order.get("chains"):
        ref["chains"] = True
    return ref


def _put_off(given: list[Any], wait: MustWait, seconds: float, budget: WaitBudget) -> list[Any]:
    """The input of a step that is tried again, which reports how long it had to wait, and books
    what was left."""
    waited = Waited(seconds=seconds, service=wait.get("service", ""))
    left = wait.get("unbooked", [])
    more = {"waited": waited, "spent": {**budget.spent}, "unbooked": left}
    return [{**given[0], **more}, *given[1:]]


def _show(context: df.DurableOrchestrationContext, facts: RoundFacts, done: int) -> None:
    """For whoever looks at the instance; people see the ticket's own progress."""
    span = facts["ends_at"] - facts["starts_at"]
    percent = facts["starts_at"] + span * done // max(facts["total"], 1)
    shown = {"stage": facts["stage"], "done": done, "total": facts["total"], "percent": percent}
    context.set_custom_status(shown)


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
