"""Files that clients put into Blob storage by themselves."""

import asyncio

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.durable_client import DurableWorkflow
from shared.telemetry.names import SpanName

bp = df.Blueprint()


@bp.blob_trigger("blob", "uploads/{name}", "STORAGE_CONNECTION", source=func.BlobSource.EVENT_GRID)  # type: ignore[untyped-decorator]
@bp.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def take_upload(blob: func.InputStream, client: df.DurableOrchestrationClient) -> None:
    """Take what has arrived. Its present version is read from storage, whatever came with the
    event, so that an event that is late or comes twice does nothing."""
    path = str(blob.name).partition("/")[2]
    seconds = product().settings.workflow.step_seconds
    with product().telemetry.observe(SpanName.BLOB, "take_upload"):
        async with asyncio.timeout(seconds):
            await product().inbox.take(path, DurableWorkflow(client))
