"""The activities: a plan, a work and a combine for each task type, and the ends of a ticket."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import azure.durable_functions as df

from functions.composition import product
from shared.tasks import TASKS
from shared.workflow.messages import Step

if TYPE_CHECKING:
    from shared.workflow.activities import Activities

Run = Callable[..., Awaitable[Step | None]]

log = logging.getLogger(__name__)
bp = df.Blueprint()


def _activity(name: str, chosen: Callable[["Activities"], Run]) -> None:
    """Register an activity whose input is the list of the arguments of the `chosen` one."""

    # The worker accepts plain types only as annotations.
    async def activity(given: list) -> dict | None:  # type: ignore[type-arg]
        try:
            return await chosen(product().activities)(*given)
        except Exception as error:
            log.exception("%s failed for ticket %s", name, given[0]["ticket_id"])
            # Its text goes into the workflow's history, where no content must be.
            raise RuntimeError(f"{name}: {type(error).__name__}") from None

    bp.function_name(name)(bp.activity_trigger(input_name="given")(activity))


for task_type in TASKS:
    _activity(f"{task_type}_plan", lambda activities: activities.plan)
    _activity(f"{task_type}_work", lambda activities: activities.work)
    _activity(f"{task_type}_combine", lambda activities: activities.combine)
_activity("finish_ticket", lambda activities: activities.finish)
_activity("give_up_ticket", lambda activities: activities.give_up)
_activity("fail_ticket", lambda activities: activities.fail)
