"""The activities: a plan, a work and a combine for each task type, and the ends of a ticket."""

import logging
from collections.abc import Awaitable, Callable

import azure.durable_functions as df

from shared.app import wiring
from shared.tasks import TASKS
from shared.workflow.messages import Step

log = logging.getLogger(__name__)
bp = df.Blueprint()


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
