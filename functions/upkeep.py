"""What happens by the clock."""

from functools import partial
from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from functions import pipeline
from shared import wiring

if TYPE_CHECKING:
    from shared.intents import Intent

bp = df.Blueprint()

_NIGHTLY = "0 30 3 * * *"
_HOURLY = "0 12 * * * *"


@bp.timer_trigger("timer", schedule="%SWEEP_SCHEDULE%")  # type: ignore[untyped-decorator]
@bp.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def sweep(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Bring in the tickets that a crash left half-way: between storing and starting, or while they
    were being deleted or given files."""

    async def delete(intent: "Intent") -> None:
        gone = await pipeline.erase(client, intent.ticket_id, intent.standing.attempt)
        await wiring.changing().complete_deletion(intent, is_erased=gone)

    async def settle_files(intent: "Intent") -> None:
        await wiring.attachments().settle(intent, lambda ticket: pipeline.tell(client, ticket))

    start = partial(pipeline.start, client)
    await wiring.intake().sweep(start, delete, settle_files)


@bp.timer_trigger("timer", schedule=_HOURLY)  # type: ignore[untyped-decorator]
async def expire(timer: func.TimerRequest) -> None:
    """Forget idempotency keys whose day is over, sessions that have ended, old failures to sign
    in."""
    await wiring.keys().expire()
    await wiring.accounts().expire()


@bp.timer_trigger("timer", schedule=_NIGHTLY)  # type: ignore[untyped-decorator]
async def retain(timer: func.TimerRequest) -> None:
    """Remove audit events and remembered answers that are older than they have to be kept."""
    await wiring.retention().enforce()
    await wiring.answers().expire()
