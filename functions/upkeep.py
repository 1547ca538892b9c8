"""What happens by the clock."""

import azure.durable_functions as df
import azure.functions as func

from functions import pipeline
from shared import wiring

bp = df.Blueprint()


@bp.timer_trigger("timer", schedule="%SWEEP_SCHEDULE%")  # type: ignore[untyped-decorator]
@bp.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def sweep(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Bring in the tickets that a crash left between storing and starting."""
    await wiring.intake().sweep(lambda ticket: pipeline.start(client, ticket))
