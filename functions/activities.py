"""The activities: a plan, a work and a combine for each task type, and the ends of a ticket."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from functions.composition import product
from shared.tasks.registry import TASK_TYPES
from shared.workflow.messages import FAIL, FINISH, GIVE_UP, TaskActivity, activity_name

if TYPE_CHECKING:
    from shared.workflow.activities import Activities

Run = Callable[..., Awaitable[Any]]

log = logging.getLogger(__name__)
bp = df.Blueprint()


def _register(name: str, chosen: Callable[["Activities"], Run]) -> None:
    """Register an activity whose input is the list of the arguments of the `chosen` one."""

    # The worker accepts plain types only as annotations.
    async def activity(given: list) -> dict | None:  # type: ignore[type-arg]
        try:
            result: dict | None = await chosen(product().activities)(*given)  # type: ignore[type-arg]
            return result
        except Exception as error:
            log.exception("%s failed for ticket %s", name, given[0]["ticket_id"])
            # Its text goes into the workflow's history, where no content must be.
            raise RuntimeError(f"{name}: {type(error).__name__}") from None

    bp.function_name(name)(bp.activity_trigger(input_name="given")(activity))


for task_type in TASK_TYPES:
    _register(activity_name(task_type, TaskActivity.PLAN), lambda activities: activities.plan)
    _register(activity_name(task_type, TaskActivity.WORK), lambda activities: activities.work)
    _register(activity_name(task_type, TaskActivity.COMBINE), lambda activities: activities.combine)
_register(FINISH, lambda activities: activities.finish)
_register(GIVE_UP, lambda activities: activities.give_up)
_register(FAIL, lambda activities: activities.fail)
