"""What happens by the clock."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.durable_client import DurableWorkflow
from shared.telemetry.names import SpanName

log = logging.getLogger(__name__)
bp = df.Blueprint()

_NIGHTLY = "0 30 3 * * *"
_HOURLY = "0 12 * * * *"


@bp.timer_trigger("timer", schedule="%SWEEP_SCHEDULE%")  # type: ignore[untyped-decorator]
@bp.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def sweep(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Bring in the tickets that a crash left half-way: between storing and starting, or while they
    were being deleted or given files."""
    async with _in_time("sweep"):
        await product().sweeper.sweep(DurableWorkflow(client))


@bp.timer_trigger("timer", schedule="%SWEEP_SCHEDULE%")  # type: ignore[untyped-decorator]
@bp.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def settle_poison(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """See to the blobs that the platform has given up."""
    async with _in_time("settle_poison"):
        await product().inbox.settle_poison(DurableWorkflow(client))


@bp.timer_trigger("timer", schedule=_HOURLY)  # type: ignore[untyped-decorator]
async def expire(timer: func.TimerRequest) -> None:
    """Forget idempotency keys whose day is over, sessions that have ended, old failures to sign in,
    connections that are closed, counts of attempts that are no more; bring what older versions
    stored to the present form."""
    async with _in_time("expire"):
        await product().idempotency_keys.expire()
        await product().accounts.expire()
        await product().connections.expire()
        await product().hold_sweeper.sweep()
        await product().migration.run()


@bp.timer_trigger("timer", schedule=_NIGHTLY)  # type: ignore[untyped-decorator]
async def retain(timer: func.TimerRequest) -> None:
    """Remove audit events, remembered answers, sums and rejected blobs that are older than they
    have to be kept."""
    async with _in_time("retain"):
        await product().retention.enforce()
        await product().answer_cache.expire()
        await product().ended_sums.expire()
        await product().inbox.expire()


@asynccontextmanager
async def _in_time(name: str) -> AsyncIterator[None]:
    """End in time by ourselves: what runs into host.json's `functionTimeout` ends the process with
    all steps in it. What is left is for the next time."""
    try:
        seconds = product().settings.workflow.step_seconds
        with product().telemetry.observe(SpanName.SCHEDULE, name):
            async with asyncio.timeout(seconds) as time:
                yield
    except TimeoutError:
        if not time.expired():
            raise
        log.warning("There is more to do than fits into one run; the next one goes on")
