"""The activities: a plan, a work and a combine for each task type, and the ends of a ticket."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from functions.composition import product
from shared.tasks.registry import TASK_TYPES
from shared.telemetry.logs import hide_text
from shared.telemetry.metrics import record
from shared.telemetry.names import Attribute, Metric, SpanName
from shared.telemetry.scope import Facts
from shared.telemetry.spans import go_on_with
from shared.workflow.faults import name_fault
from shared.workflow.messages import (
    ENDING,
    FAIL,
    FINISH,
    GIVE_UP,
    READING,
    AttemptRef,
    TaskActivity,
    activity_name,
)

if TYPE_CHECKING:
    from shared.workflow.activities import Activities

Run = Callable[..., Awaitable[Any]]

log = logging.getLogger(__name__)
bp = df.Blueprint()


def _register(name: str, span: SpanName, chosen: Callable[["Activities"], Run]) -> None:
    """Register an activity whose input is the list of the arguments of the `chosen` one."""

    # The worker accepts plain types only as annotations.
    async def activity(given: list) -> dict | None:  # type: ignore[type-arg]
        ref: AttemptRef = given[0]
        with product().telemetry.observe(
            span, span, _facts(span, given), go_on_with(ref.get("trace", {}))
        ):
            result: dict | None = await _run(name, chosen, given)  # type: ignore[type-arg]
            return result

    bp.function_name(name)(bp.activity_trigger(input_name="given")(activity))


async def _run(name: str, chosen: Callable[["Activities"], Run], given: list[Any]) -> Any:
    """Run a step, measured. What it raises is tried again by the platform."""
    began = time.monotonic()
    if waited := given[0].get("waited"):
        record(Metric.WAITS, waited["seconds"], {Attribute.SERVICE: waited["service"]})
    try:
        return await chosen(product().activities)(*given)
    except (asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:
        kind, ticket_id = name_fault(error), given[0]["ticket_id"]
        log.error("%s failed for ticket %s: %s", name, ticket_id, kind, exc_info=hide_text(error))
        record(Metric.RETRIES, 1, {Attribute.REASON: kind})
        # Its text goes into the workflow's history, where no content must be.
        raise RuntimeError(f"{name}: {kind}") from None
    finally:
        record(Metric.STAGE_DURATION, time.monotonic() - began)


def _facts(span: SpanName, given: list[Any]) -> Facts:
    ref: AttemptRef = given[0]
    if span is SpanName.PLAN:
        stage = READING
    else:
        stage = ENDING if span is SpanName.END else given[1]["stage"]
    return {
        Attribute.TICKET_ID: ref.get("ticket_id", ""),
        Attribute.TASK_TYPE: ref.get("task_type", ""),
        Attribute.ATTEMPT: ref.get("attempt", 0),
        Attribute.STAGE: stage,
    }


for task_type in TASK_TYPES:
    for kind, span, choose in (
        (TaskActivity.PLAN, SpanName.PLAN, lambda activities: activities.plan),
        (TaskActivity.WORK, SpanName.WORK, lambda activities: activities.work),
        (TaskActivity.COMBINE, SpanName.COMBINE, lambda activities: activities.combine),
    ):
        _register(activity_name(task_type, kind), span, choose)
_register(FINISH, SpanName.END, lambda activities: activities.finish)
_register(GIVE_UP, SpanName.END, lambda activities: activities.give_up)
_register(FAIL, SpanName.END, lambda activities: activities.fail)
