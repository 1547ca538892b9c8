"""Blob triggers, polled: each new blob and each new version of one is handed over once.

What has been handed over is remembered by ETag. A version whose function raises is tried five
times; then a message about it goes to the container `webjobs-blobtrigger-poison` and the others
flow on. (In Azure that message goes to the queue of that name.)
"""

import asyncio
import json
import logging
import os
import re
import sqlite3
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.functions.blob import InputStream

from infra.local.host.functions import Function, HostError, resolve_settings
from infra.local.host.invocation import Invoker

log = logging.getLogger("host")

POLL_SECONDS = 1.0
TRIES = 5
POISON = "webjobs-blobtrigger-poison"
IN_PARALLEL = 8

SCHEMA = """
create table if not exists receipts (
    function text not null, blob text not null, etag text not null, tries integer not null,
    done integer not null, primary key (function, blob)
) without rowid
"""


class BlobFunctions:
    """Polls the containers of the app's blob functions."""

    def __init__(self, functions: list[Function], invoker: Invoker, path: Path) -> None:
        self._invoker = invoker
        self._watches = [_Watch(function) for function in functions]
        self._receipts = sqlite3.connect(path, isolation_level=None)
        self._receipts.execute("pragma journal_mode = wal")
        self._receipts.execute("pragma synchronous = normal")
        self._receipts.execute(SCHEMA)
        self._running: set[asyncio.Task[None]] = set()
        self._limit = asyncio.Semaphore(IN_PARALLEL)

    def start(self) -> None:
        """Begin polling."""
        for watch in self._watches:
            self._spawn(self._keep(watch))

    async def stop(self) -> None:
        """Stop polling."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._receipts.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _keep(self, watch: "_Watch") -> None:
        from azure.storage.blob.aio import BlobServiceClient

        away = False
        async with BlobServiceClient.from_connection_string(
            watch.connection, retry_total=0
        ) as service:
            while True:
                try:
                    await self._poll(watch, service)
                    away = False
                except AzureError as error:
                    if not away:
                        log.warning("%s cannot poll %s: %s", watch.name, watch.container, error)
                    away = True
                await asyncio.sleep(POLL_SECONDS)

    async def _poll(self, watch: "_Watch", service: Any) -> None:
        container = service.get_container_client(watch.container)
        try:
            async for blob in container.list_blobs(watch.prefix, include=["metadata"]):
                wanted = watch.pattern.fullmatch(blob.name) and blob.name not in watch.under_way
                if wanted and self._tries(watch, blob) is not None:
                    watch.under_way.add(blob.name)
                    self._spawn(self._look_after(watch, service, blob))
        except ResourceNotFoundError:
            return  # the container may come later

    async def _look_after(self, watch: "_Watch", service: Any, blob: Any) -> None:
        """Nobody waits for it: a slow function holds up no other blob."""
        try:
            async with self._limit:
                await self._hand_over(watch, service, blob)
        except (AzureError, sqlite3.Error) as error:
            log.warning("%s blob=%s comes again: %s", watch.name, blob.name, error)
        finally:
            watch.under_way.discard(blob.name)

    def _tries(self, watch: "_Watch", blob: Any) -> int | None:
        """How often this version was tried, None when it is done with."""
        row = self._receipts.execute(
            "select tries, done from receipts where function = ? and blob = ? and etag = ?",
            (watch.function.name, blob.name, blob.etag),
        ).fetchone()
        if row is None:
            return 0
        return None if row[1] else int(row[0])

    def _note(self, watch: "_Watch", blob: Any, tries: int, *, done: bool) -> None:
        self._receipts.execute(
            "insert or replace into receipts values (?, ?, ?, ?, ?)",
            (watch.function.name, blob.name, blob.etag, tries, done),
        )

    async def _hand_over(self, watch: "_Watch", service: Any, blob: Any) -> None:
        tries = self._tries(watch, blob) or 0
        if tries < TRIES:
            client = service.get_blob_client(watch.container, blob.name)
            try:
                download = await client.download_blob(
                    etag=blob.etag, match_condition=MatchConditions.IfNotModified
                )
                content = await download.readall()
            except (ResourceNotFoundError, ResourceModifiedError):
                return  # gone or overwritten meanwhile: the next poll sees what is there
            tries += 1
            if await self._succeeds(watch, content, client.url, blob, tries):
                self._note(watch, blob, tries, done=True)
                return
            self._note(watch, blob, tries, done=False)
        if tries >= TRIES:
            await _set_aside(service, watch, blob)
            self._note(watch, blob, tries, done=True)

    async def _succeeds(
        self, watch: "_Watch", content: bytes, url: str, blob: Any, tries: int
    ) -> bool:
        path = f"{watch.container}/{blob.name}"
        try:
            value = _parameter(watch.function, content, path, url, blob)
            await self._invoker.call(watch.function, value, f"blob={path} try={tries}")
        except (Exception, SystemExit):  # SystemExit would end the host
            log.exception("%s blob=%s try %d of %d", watch.name, path, tries, TRIES)
            return False
        return True


class _Watch:
    """A blob function with its connection, container and pattern resolved."""

    def __init__(self, function: Function) -> None:
        owner = f"Function '{function.name}'"
        self.function = function
        self.name = function.name
        self.under_way: set[str] = set()
        setting = function.trigger.get("connection") or "AzureWebJobsStorage"
        connection = os.environ.get(setting) or os.environ.get(f"AzureWebJobs{setting}")
        if not connection:
            raise HostError(f"{owner}: the connection setting {setting} is not set.")
        self.connection = connection
        path = resolve_settings(function.trigger["path"], owner=owner)
        self.container, _, pattern = path.partition("/")
        self.prefix = pattern.partition("{")[0]
        self.pattern = _pattern(pattern)


def _pattern(text: str) -> re.Pattern[str]:
    """`in/{name}.txt` as an expression; the last placeholder of a path also matches slashes."""
    if not text:
        return re.compile(".*", re.DOTALL)
    parts = re.split(r"\{\w+\}", text)
    return re.compile(".+?".join(re.escape(part) for part in parts), re.DOTALL)


def _parameter(function: Function, content: bytes, path: str, url: str, blob: Any) -> Any:
    """The blob as the parameter's annotation wants it: InputStream, bytes or str."""
    wanted = function.handler.__annotations__.get(function.parameter)
    if wanted in (bytes, "bytes") or function.trigger.get("dataType") == "binary":
        return content
    if wanted in (str, "str"):
        return content.decode()
    properties = {"ETag": blob.etag, "LastModified": blob.last_modified.isoformat()}
    return InputStream(
        data=content,
        name=path,
        uri=url,
        length=len(content),
        blob_properties={**properties, "ContentType": blob.content_settings.content_type},
        metadata=blob.metadata or {},
    )


async def _set_aside(service: Any, watch: _Watch, blob: Any) -> None:
    with suppress(ResourceExistsError):
        await service.create_container(POISON)
    message = {
        "FunctionId": f"Host.Functions.{watch.name}",
        "BlobType": str(blob.blob_type),
        "ContainerName": watch.container,
        "BlobName": blob.name,
        "ETag": blob.etag,
    }
    name = f"{watch.name}/{watch.container}/{blob.name}/{blob.etag.strip(chr(34))}.json"
    await service.get_blob_client(POISON, name).upload_blob(json.dumps(message), overwrite=True)
