"""The queue in which the platform leaves a message about each blob that no try of its trigger has
succeeded with. https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob-trigger#poison-blobs
"""

import logging
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient
from pydantic import Field

from shared.clients.azure_transport import ConnectionPool, ObservedTransport
from shared.clients.storage_errors import translate_errors
from shared.models import Model
from shared.settings.storage import StorageSettings
from shared.telemetry.spans import Service

log = logging.getLogger(__name__)

_NAME = "webjobs-blobtrigger-poison"
_MAX_AT_ONCE = 32
_HIDDEN_SECONDS = 300


class _Content(Model):
    container: str = Field(alias="ContainerName")
    blob: str = Field(alias="BlobName")


@dataclass(frozen=True, slots=True)
class PoisonBlob:
    """A blob that could not be taken, and the message that says so."""

    container: str
    path: str
    message: QueueMessage


def queue(
    settings: StorageSettings,
    credential: AsyncTokenCredential | None,
    connections: ConnectionPool,
    **patience: Any,
) -> QueueClient:
    """A client for a connection string or, without one, for an address and an identity."""
    options = {**patience, "transport": ObservedTransport(Service.STORAGE, patience, connections)}
    if settings.connection_string:
        return QueueClient.from_connection_string(settings.connection_string, _NAME, **options)
    return QueueClient(settings.queue_uri, _NAME, credential=credential, **options)


class PoisonQueue:
    """Methods raise Unavailable when storage is away."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    async def receive(self) -> list[PoisonBlob]:
        """Some of the blobs that could not be taken, one storage call. A message that is not
        deleted comes again after five minutes; one that says nothing is deleted."""

        async def call() -> list[QueueMessage]:
            pages = self._client.receive_messages(
                messages_per_page=_MAX_AT_ONCE,
                max_messages=_MAX_AT_ONCE,
                visibility_timeout=_HIDDEN_SECONDS,
            )
            return [message async for message in pages]

        try:
            messages = await translate_errors(call)
        except ResourceNotFoundError:  # The platform makes the queue when it first needs it.
            return []
        found = []
        for message in messages:
            try:
                content = _Content.model_validate_json(b64decode(message.content, validate=True))
            except ValueError:  # No Base64, no JSON, or nothing of ours.
                log.error("A message in %s cannot be read", _NAME)
                await self.delete(message)
            else:
                found.append(PoisonBlob(content.container, content.blob, message))
        return found

    async def delete(self, message: QueueMessage) -> None:
        """The blob has been seen to. Doing it again does no harm."""

        async def call() -> None:
            await self._client.delete_message(message)

        try:
            await translate_errors(call)
        except ResourceNotFoundError:
            return
