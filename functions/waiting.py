"""How the workflow waits: for a time, and for the files of a ticket before its first step.

The instance begins when nothing has come for a while and ends the wait after a day. It trusts no
event and no timer: each only makes it look at the ticket (by its plan) once things are quiet. An
event that is lost is raised again by the sweeper.

Every wait is a new task, because the platform does not wait again for one that it has been told of;
and a wait that goes on does so in a new generation, because an event that came while nobody waited
would be handed to every later wait.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import azure.durable_functions as df

from shared.workflow.messages import StartInput, Step, Waiting

EVENT = "files"

_EARLY = timedelta(seconds=1)


class Signal(StrEnum):
    """What an event says."""

    CHANGED = "changed"
    SUBMITTED = "submitted"


def timer_at(context: df.DurableOrchestrationContext, moment: datetime) -> Any:
    """A task that ends at `moment` or up to a second later, and never before.

    A durable timer is a queue message whose delay is cut to whole seconds, so that it may fire up
    to a second early, and one of less than a second at once: a loop that waits for the rest of a
    second by another timer would spin.
    """
    return context.create_timer(moment + _EARLY)


def until_quiet(
    context: df.DurableOrchestrationContext, waiting: Waiting
) -> Generator[Any, Any, Any]:
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
    context: df.DurableOrchestrationContext, order: StartInput, event: Any, seen: Step
) -> bool:
    """Wait on, in a new generation, when the plan has `seen` no file, or one that came just now;
    False when the time is over."""
    waiting = order.get("waiting")
    if waiting is None:
        return False
    stirring = event.is_completed or seen.get("stirring", False)
    late = context.current_utc_datetime >= datetime.fromisoformat(waiting["until"])
    if late and not stirring:
        return False
    context.continue_as_new({**order, "waiting": {**waiting, "stirring": stirring}})
    return True
