"""Files that clients put into Blob storage by themselves.

The platform loads a blob for a function that takes its content. For one that takes a client of its
SDKs it hands over where the blob lies and loads nothing; ours is such a type of our own, as theirs
import the storage SDK with the app.
"""

import asyncio
import json
import logging
from typing import Any, Protocol

import azure.durable_functions as df
import azure.functions as func
from azurefunctions.extensions.base import Datum, InConverter, SdkType

from functions.composition import product
from functions.durable_client import DurableWorkflow
from shared.telemetry.class_names import name_class
from shared.telemetry.logs import hide_text
from shared.telemetry.names import SpanName

log = logging.getLogger(__name__)
bp = df.Blueprint()


class _Reference(Protocol):
    """JSON with Connection, ContainerName and BlobName."""

    content: str | bytes


class ArrivedBlob(SdkType):  # type: ignore[misc]
    """A blob of which the path in its container is known, and nothing was read."""

    def __init__(self, reference: _Reference) -> None:
        self.path = str(json.loads(reference.content)["BlobName"])


class ArrivedBlobConverter(InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[misc, call-arg]
    """Whom the worker asks for the value of such a parameter; it is known by its bindings."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        return issubclass(pytype, ArrivedBlob)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Any, pytype: type) -> ArrivedBlob:
        if data.type != "model_binding_data":
            raise ValueError(f"Of a blob the platform hands over {data.type!r}, and no reference.")
        return ArrivedBlob(data.value)


@bp.blob_trigger("blob", "uploads/{name}", "STORAGE_CONNECTION", source=func.BlobSource.EVENT_GRID)  # type: ignore[untyped-decorator]
@bp.durable_client_input(client_name="client")  # type: ignore[untyped-decorator]
async def take_upload(blob: ArrivedBlob, client: df.DurableOrchestrationClient) -> None:
    """Take what has arrived. Its present version is read from storage, so that an event that is
    late or comes twice does nothing."""
    seconds = product().settings.workflow.step_seconds
    with product().telemetry.observe(SpanName.BLOB, "take_upload"):
        try:
            async with asyncio.timeout(seconds):
                await product().inbox.take(blob.path, DurableWorkflow(client))
        except Exception as error:
            kind = name_class(type(error))
            log.error("A blob could not be taken: %s", kind, exc_info=hide_text(error))
            # The platform logs its text, and tries again.
            raise RuntimeError(f"take_upload: {kind}") from None
