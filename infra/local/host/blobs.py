"""Blob triggers: each new version of a blob that is polled, and each event, is handed over.

Azure's host polls containers, too, but for triggers with `source: EventGrid`: for these the polling
stands in for Event Grid, unless LOCAL_EVENT_GRID is `off` and events come to the endpoint only.
"""

import asyncio
import json
import logging
import os
import re
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from infra.local.host.blob_queue import BlobMessage, BlobQueue, Delivery
from infra.local.host.blob_values import client_value, content_value, wants_client
from infra.local.host.functions import Function, HostError, resolve_settings
from infra.local.host.invocation import Invoker

log = logging.getLogger("host")

POLL_SECONDS = 1.0
MAX_TRIES = 5
POISON = "webjobs-blobtrigger-poison"
IN_PARALLEL = 8
EVENT_GRID = "LOCAL_EVENT_GRID"
CONTAINER = re.compile(r"\$root|\$logs|\$web|(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*")


class BlobFunctions:
    """Polls the containers of the app's blob functions, and hands over what is owed."""

    def __init__(self, functions: list[Function], invoker: Invoker, path: Path) -> None:
        self._invoker = invoker
        self._watches = {function.name: _Watch(function) for function in functions}
        self._queue = BlobQueue(path)
        self._running: set[asyncio.Task[None]] = set()
        self._limit = asyncio.Semaphore(IN_PARALLEL)
        self._under_way: set[int] = set()

    def start(self) -> None:
        """Take up what is owed, and begin polling."""
        for watch in self._watches.values():
            watch.open()
            if watch.polled:
                self._spawn(self._keep_polling(watch))
        self._deliver_owed()

    async def stop(self) -> None:
        """Stop all that."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for watch in self._watches.values():
            await watch.service.close()
        self._queue.close()

    def accept(self, messages: list[BlobMessage]) -> None:
        """Owe the deliveries of these events. Raises sqlite3.Error."""
        self._queue.add(messages)
        self._deliver_owed()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _keep_polling(self, watch: "_Watch") -> None:
        away = False
        while True:
            try:
                await self._poll(watch)
                away = False
            except (AzureError, sqlite3.Error) as error:
                if not away:
                    log.warning("%s cannot poll %s: %s", watch.name, watch.container, error)
                away = True
            await asyncio.sleep(POLL_SECONDS)

    async def _poll(self, watch: "_Watch") -> None:
        container = watch.service.get_container_client(watch.container)
        new = False
        with suppress(ResourceNotFoundError):  # the container may come later
            async for blob in container.list_blobs(watch.prefix):
                if watch.pattern.fullmatch(blob.name):
                    new |= self._queue.add_unseen(
                        BlobMessage(
                            watch.name,
                            watch.container,
                            blob.name,
                            blob.etag.strip('"'),
                            blob.blob_type.value,
                            polled=True,
                        )
                    )
        if new:
            self._deliver_owed()

    def _deliver_owed(self) -> None:
        for delivery in self._queue.owed():
            if delivery.serial not in self._under_way:
                self._under_way.add(delivery.serial)
                self._spawn(self._look_after(delivery))

    async def _look_after(self, delivery: Delivery) -> None:
        """Nobody waits for it: a slow function holds up no other blob."""
        try:
            async with self._limit:
                done = await self._hand_over(delivery)
            if done:
                self._queue.remove(delivery)
        except (AzureError, sqlite3.Error) as error:
            log.warning("%s comes again: %s", delivery.message, error)
            done = False
        if not done:
            await asyncio.sleep(POLL_SECONDS)
        self._under_way.discard(delivery.serial)
        if not done:
            self._deliver_owed()

    async def _hand_over(self, delivery: Delivery) -> bool:
        """Try it once, or set it aside; whether it is done with."""
        message = delivery.message
        watch = self._watches.get(message.function)
        if watch is None:
            log.warning("there is no blob function '%s' for %s", message.function, message.path)
            return True
        if delivery.tries >= MAX_TRIES:
            await _set_aside(watch, message)
            return True
        try:
            value = await _read(watch, message)
        except (ResourceNotFoundError, ResourceModifiedError):
            return True  # gone, or overwritten meanwhile: the next poll sees what is there
        self._queue.count_try(delivery)
        return await self._succeeds(watch, value, message.path, delivery.tries + 1)

    async def _succeeds(
        self, watch: "_Watch", value: Callable[[], Any], path: str, tries: int
    ) -> bool:
        try:
            await self._invoker.call(watch.function, value(), f"blob={path} try={tries}")
        except (Exception, SystemExit):  # SystemExit would end the host
            log.exception("%s blob=%s try %d of %d", watch.name, path, tries, MAX_TRIES)
            return False
        return True


class _Watch:
    """A blob function with its connection, container and pattern resolved."""

    def __init__(self, function: Function) -> None:
        owner = f"Function '{function.name}'"
        self.function = function
        self.name = function.name
        setting = function.trigger.get("connection") or "AzureWebJobsStorage"
        known = [name for name in (setting, f"AzureWebJobs{setting}") if os.environ.get(name)]
        if not known:
            by_identity = any(name.startswith(f"{setting}__") for name in os.environ)
            here = ": the local host takes a connection string, and no identity" * by_identity
            raise HostError(f"{owner}: the connection setting {setting} is not set{here}.")
        self.setting = known[0]
        self.connection = os.environ[self.setting]
        path = resolve_settings(function.trigger["path"], owner=owner)
        self.container, _, pattern = path.partition("/")
        if not CONTAINER.fullmatch(self.container):
            raise HostError(
                f"{owner}: '{self.container}' is no container name: it has 3 to 63 lower-case "
                "letters, digits and single hyphens between them."
            )
        self.prefix = pattern.partition("{")[0]
        self.pattern = _pattern(pattern)
        events = function.trigger.get("source") == "EventGrid"
        self.polled = not events or os.environ.get(EVENT_GRID) != "off"

    def open(self) -> None:
        """Make the client of the storage; on the event loop."""
        from azure.storage.blob.aio import BlobServiceClient

        self.service = BlobServiceClient.from_connection_string(self.connection, retry_total=0)


def _pattern(text: str) -> re.Pattern[str]:
    """`in/{name}.txt` as an expression; the last placeholder of a path also matches slashes."""
    if not text:
        return re.compile(".*", re.DOTALL)
    parts = re.split(r"\{\w+\}", text)
    return re.compile(".+?".join(re.escape(part) for part in parts), re.DOTALL)


async def _read(watch: _Watch, message: BlobMessage) -> Callable[[], Any]:
    """What makes the function's argument.

    Raises ResourceNotFoundError and ResourceModifiedError when what the message is about is no
    more there.
    """
    match: dict[str, Any] = {}
    if message.polled:
        match = {"etag": f'"{message.etag}"', "match_condition": MatchConditions.IfNotModified}
    client = watch.service.get_blob_client(message.container, message.blob)
    if wants_client(watch.function):
        await client.get_blob_properties(**match)
        names = (watch.setting, message.container, message.blob)
        return partial(client_value, watch.function, *names)
    download = await client.download_blob(**match)
    content = await download.readall()
    known = (message.path, client.url, download.properties)
    return partial(content_value, watch.function, content, *known)


async def _set_aside(watch: _Watch, message: BlobMessage) -> None:
    """Put the message where Azure's host puts it: into a queue beside the container, in Base64."""
    from azure.storage.queue import TextBase64EncodePolicy
    from azure.storage.queue.aio import QueueClient

    content = {
        "Type": "BlobTrigger",
        "FunctionId": f"Host.Functions.{watch.name}",
        "BlobType": message.type,
        "ContainerName": message.container,
        "BlobName": message.blob,
        "ETag": message.etag,
    }
    async with QueueClient.from_connection_string(
        watch.connection, POISON, message_encode_policy=TextBase64EncodePolicy(), retry_total=0
    ) as queue:
        with suppress(ResourceExistsError):
            await queue.create_queue()
        await queue.send_message(json.dumps(content))
    log.error("%s blob=%s is set aside in the queue %s", watch.name, message.path, POISON)
