"""`process_ticket`, the one orchestrator, and the activities of every task type.

    plan → while the round has items: fan out work over them, then combine → finish, or fail

The orchestrator runs again from its beginning at every step: it looks at nothing but its input and
what activities answered.
"""

import logging
from collections.abc import Awaitable, Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from functions.waiting import EVENT, Signal, go_on, timer_at, until_quiet
from shared.app import wiring
from shared.tasks import TASKS
from shared.workflow.messages import (
    AttemptRef,
    Kind,
    RoundFacts,
    StartInput,
    Step,
    WaitBudget,
    failure,
    first_of,
    kind_of,
)

if TYPE_CHECKING:
    from shared.models import StoredTicket

log = logging.getLogger(__name__)
bp = df.Blueprint()

ORCHESTRATOR = "process_ticket"
_RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=2_000, max_number_of_attempts=5)
# The end of a ticket must be written, however long storage is away.
_END_RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=10_000, max_number_of_attempts=90)
_MAX_ROUNDS = 20
_NONE = "No instance with ID"
"""How the SDK says that there is no such instance."""

Steps = Generator[Any, Any, Any]


async def start(client: df.DurableOrchestrationClient, ticket: "StoredTicket") -> None:
    """Start the workflow of a pending ticket; one that runs already is left alone.

    Raises nothing: the sweeper starts what could not be started here.
    """
    instance = f"{ticket.id}-{ticket.attempt}"
    try:
        await client.start_new(ORCHESTRATOR, instance, wiring.order(ticket))
    except Exception as error:  # The SDK has no exception of its own for any of this.
        if "already exists" not in str(error):
            log.exception("Ticket %s is not started yet; the sweeper will", ticket.id)


async def stop(client: df.DurableOrchestrationClient, ticket: "StoredTicket") -> None:
    """End the workflow of a ticket that was cancelled.

    Raises nothing: without this the workflow ends at its next step, which changes nothing.
    """
    try:
        await client.terminate(f"{ticket.id}-{ticket.attempt}", "The ticket was cancelled.")
    except Exception as error:  # The SDK has no exception of its own for any of this.
        if _NONE not in str(error):
            log.warning("The workflow of ticket %s is left to end by itself", ticket.id)


async def erase(client: df.DurableOrchestrationClient, ticket_id: str, attempts: int) -> bool:
    """End the workflows of a ticket that was deleted and remove their history; whether nothing is
    left of them. One that runs ends a moment after it was told to, and cannot be removed before.

    Raises nothing: the sweeper calls again.
    """
    gone = True
    for attempt in range(1, attempts + 1):
        try:
            await _erase(client, f"{ticket_id}-{attempt}")
        except Exception:  # The SDK has no exception of its own for any of this.
            log.info("Attempt %d at ticket %s is left to the sweeper", attempt, ticket_id)
            gone = False
    return gone


async def _erase(client: df.DurableOrchestrationClient, instance: str) -> None:
    try:
        await client.terminate(instance, "The ticket was deleted.")
    except Exception as error:
        if _NONE in str(error):
            return
        raise
    await client.purge_instance_history(instance)


async def tell(
    client: df.DurableOrchestrationClient, ticket: "StoredTicket", signal: Signal = Signal.CHANGED
) -> bool:
    """Tell the workflow of a ticket that waits about its files; whether it could be told."""
    instance = f"{ticket.id}-{ticket.attempt}"
    try:
        await client.raise_event(instance, EVENT, signal.value)
    except Exception:  # The SDK has no exception of its own for any of this.
        log.warning("Ticket %s is not told of its files yet; the sweeper will", ticket.id)
        await start(client, ticket)  # It may have given up waiting just now.
        return False
    return True


@bp.orchestration_trigger(context_name="context")  # type: ignore[untyped-decorator]
def process_ticket(context: df.DurableOrchestrationContext) -> Steps:
    order: StartInput = context.get_input()
    event = None
    try:
        if waiting := order.get("waiting"):
            event = yield from until_quiet(context, waiting)
        end = yield from _attempt(context, order)
    except Exception:  # An activity that failed in spite of its retries; it has logged why.
        end = failure(
            "Processing stopped because of an internal fault. Please try again; if it happens "
            "again, report the id of this ticket."
        )
    if kind_of(end) is Kind.DONE:
        yield context.call_activity_with_retry("finish_ticket", _END_RETRY, [_ref(order), end])
    elif kind_of(end) is Kind.FAILURE:
        yield context.call_activity_with_retry(
            "fail_ticket", _END_RETRY, [_ref(order), end["reason"]]
        )
    elif kind_of(end) is Kind.NO_FILES and not go_on(context, order, event, end):
        yield context.call_activity_with_retry("give_up_ticket", _END_RETRY, [_ref(order)])
    return end["kind"]


def _attempt(context: df.DurableOrchestrationContext, order: StartInput) -> Steps:
    """From the plan to the step that ends the attempt."""
    task = order["task_type"]
    if task not in TASKS:  # The platform would wait for ever for an activity that there is not.
        return failure(f"Tickets of the type {task} are not worked on any more.")
    patience = WaitBudget(order["first_wait"], order["most_wait"])
    [step] = yield from _call(context, patience, f"{task}_plan", [[_ref(order)]])
    for _ in range(_MAX_ROUNDS):
        if kind_of(step) is not Kind.ROUND:
            return step
        facts, items = step["facts"], step["items"]
        ended = yield from _work(context, order, patience, facts, items)
        if ended is not None:
            return ended
        [step] = yield from _call(context, patience, f"{task}_combine", [[_ref(order), facts]])
    return failure(f"This ticket did not come to an end in {_MAX_ROUNDS} rounds.")


def _work(
    context: df.DurableOrchestrationContext,
    order: StartInput,
    patience: WaitBudget,
    facts: RoundFacts,
    items: list[Any],
) -> Steps:
    """Do all pieces of a round, a window at a time; the step that ends the attempt, or None."""
    for begin in range(0, len(items), order["parallel"]):
        _show(context, facts, begin)
        window = range(begin, min(begin + order["parallel"], len(items)))
        inputs = [[_ref(order), facts, index, items[index]] for index in window]
        answers = yield from _call(context, patience, f"{order['task_type']}_work", inputs)
        ended = first_of(Kind.FAILURE, answers) or first_of(Kind.STOPPED, answers)
        if ended is not None:
            return ended
    _show(context, facts, len(items))
    return None


def _call(
    context: df.DurableOrchestrationContext, patience: WaitBudget, name: str, inputs: list[Any]
) -> Steps:
    """Run an activity over all inputs at once, and again over those that asked to wait."""
    answers: dict[int, Step] = {}
    open_ones = list(range(len(inputs)))
    for row in range(patience.MAX_WAITS + 1):
        tasks = [context.call_activity_with_retry(name, _RETRY, inputs[i]) for i in open_ones]
        answers |= zip(open_ones, (yield context.task_all(tasks)), strict=True)
        open_ones = [i for i, answer in answers.items() if kind_of(answer) is Kind.WAIT]
        if not open_ones or first_of(Kind.FAILURE, answers.values()):
            break
        waits = [answers[i] for i in open_ones]
        seconds = patience.pause(row, [wait["seconds"] for wait in waits])
        if seconds is None:
            return [failure(f"{waits[0]['reason']} It did not get better in time.")] * len(inputs)
        yield timer_at(context, context.current_utc_datetime + timedelta(seconds=seconds))
    return [answers[i] for i in range(len(inputs))]


def _ref(order: StartInput) -> AttemptRef:
    return AttemptRef(ticket_id=order["ticket_id"], attempt=order["attempt"])


def _show(context: df.DurableOrchestrationContext, facts: RoundFacts, done: int) -> None:
    """For whoever looks at the instance; people see the ticket's own progress."""
    span = facts["ends_at"] - facts["starts_at"]
    percent = facts["starts_at"] + span * done // max(facts["total"], 1)
    shown = {"stage": facts["stage"], "done": done, "total": facts["total"], "percent": percent}
    context.set_custom_status(shown)


def _activity(name: str, run: Callable[..., Awaitable[Step | None]]) -> None:
    """Register an activity whose input is the list of the arguments of `run`."""

    # The worker accepts plain types only as annotations.
    async def activity(given: list) -> dict | None:  # type: ignore[type-arg]
        try:
            return await run(*given)
        except Exception as error:
            log.exception("%s failed for ticket %s", name, given[0]["ticket_id"])
            # Its text goes into the workflow's history, where no content must be.
            raise RuntimeError(f"{name}: {type(error).__name__}") from None

    bp.function_name(name)(bp.activity_trigger(input_name="given")(activity))


for task_type in TASKS:
    _activity(f"{task_type}_plan", lambda ref: wiring.processing().plan(ref))
    _activity(f"{task_type}_work", lambda *piece: wiring.processing().work(*piece))
    _activity(f"{task_type}_combine", lambda *round_: wiring.processing().combine(*round_))
_activity("finish_ticket", lambda ref, done: wiring.processing().finish(ref, done))
_activity("give_up_ticket", lambda ref: wiring.processing().give_up(ref))
_activity("fail_ticket", lambda ref, reason: wiring.processing().fail(ref, reason))
