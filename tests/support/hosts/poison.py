"""What the tests of blobs share: the queue in which blobs end that no try has succeeded with."""

import json
from contextlib import suppress
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, TextBase64DecodePolicy


def poison_message(storage: str, container: str, blob: str) -> dict[str, Any] | None:
    """The message about a blob."""
    decoding = TextBase64DecodePolicy()
    with (
        QueueClient.from_connection_string(
            storage, "webjobs-blobtrigger-poison", message_decode_policy=decoding
        ) as queue,
        suppress(ResourceNotFoundError),
    ):
        for found in queue.peek_messages(32):
            message: dict[str, Any] = json.loads(found.content)
            if (message["ContainerName"], message["BlobName"]) == (container, blob):
                return message
    return None
