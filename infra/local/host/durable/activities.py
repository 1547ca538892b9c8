"""Runs the activities that are owed, so many at once, and stores what came of them."""

import asyncio
import json
import logging
import sqlite3
import traceback
from collections import deque
from collections.abc import Callable

from azure.functions._durable_functions import df_dumps, df_loads

from infra.local.host.durable import events
from infra.local.host.durable.background import Background
from infra.local.host.durable.events import Event
from infra.local.host.durable.records import Task
from infra.local.host.durable.store import RETRY_SECONDS, Store
from infra.local.host.durable.walk import HTTP_ACTIVITY
from infra.local.host.functions import Function
from infra.local.host.invocation import Invoker

log = logging.getLogger("host.durable")

HTTP_TIMEOUT_SECONDS = 100.0
"""As the extension's durable HTTP client."""


class ActivityRuns:
    """Runs activities of `functions`, at most `limit` at once; `wake` tells who got an answer."""

    def __init__(
        self,
        store: Store,
        functions: list[Function],
        invoker: Invoker,
        limit: int,
        wake: Callable[[str], None],
    ) -> None:
        self.functions = {f.name.casefold(): f for f in functions}
        self._store = store
        self._invoker = invoker
        self._limit = limit
        self._wake = wake
        self._owed: deque[Task] = deque()
        self._busy = 0
        self._answers: list[tuple[Task, Event]] = []
        self._runs = Background()

    def owe(self, tasks: list[Task]) -> None:
        """Run these when there is room; they are in the store already."""
        self._owed.extend(tasks)
        while self._owed and self._busy < self._limit:
            self._busy += 1
            self._runs.spawn(self._run(self._owed.popleft()))

    async def stop(self) -> None:
        """Begin no more, let go of what runs, and store what came in."""
        self._limit = 0
        await self._runs.stop()
        if self._answers:
            self._store_answers()

    async def _run(self, task: Task) -> None:
        function = self.functions.get(task.name.casefold())
        answer = await run(task, function, self._invoker)
        self._busy -= 1
        self.owe([])
        self._answers.append((task, answer))
        if len(self._answers) == 1:
            asyncio.get_running_loop().call_soon(self._store_answers)

    def _store_answers(self) -> None:
        """All that came in together goes in one transaction, and into one turn an instance."""
        answers, self._answers = self._answers, []
        try:
            with self._store.transaction():
                heard = [
                    task for task, answer in answers if self._store.complete_task(task, answer)
                ]
        except sqlite3.Error as error:
            log.error("%d activity results not stored yet: %s", len(answers), error)
            self._answers = answers + self._answers
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._store_answers)
            return
        for instance_id in dict.fromkeys(task.instance for task in heard):
            self._wake(instance_id)


async def run(task: Task, function: Function | None, invoker: Invoker) -> Event:
    """The TaskCompleted or TaskFailed event of an activity run."""
    try:
        if task.name == HTTP_ACTIVITY:
            return events.task_completed(task.number, await _call_http(task.input))
        if function is None:
            raise LookupError("the app no longer declares this activity")
        subject = f"instance={task.instance} task={task.number}"
        result = await invoker.call(function, df_loads(task.input), subject)
        return events.task_completed(task.number, df_dumps(result))
    except BaseException as error:  # SystemExit too: it must not end the host
        here = asyncio.current_task()
        if here is not None and here.cancelling():
            raise  # the host stops; a CancelledError of the activity's own is its failure
        return _failure(task, error)


def _failure(task: Task, error: BaseException) -> Event:
    kind = type(error).__name__
    reason = f"Activity function '{task.name}' failed:  {kind}: {error}"
    stack = "".join(traceback.format_exception(error))
    details = json.dumps({"ClassName": kind, "Message": str(error), "StackTraceString": stack})
    return events.task_failed(task.number, reason, details)


async def _call_http(request_json: str) -> str:
    """A durable HTTP call: JSON of `{method, uri, content?, headers?}` to JSON of the answer."""
    from httpx2 import AsyncClient

    request = json.loads(request_json)
    if "tokenSource" in request:
        raise NotImplementedError("the local host has no managed identity for a token source")
    async with AsyncClient(timeout=HTTP_TIMEOUT_SECONDS) as client:
        answer = await client.request(
            request["method"],
            request["uri"],
            content=request.get("content"),
            headers=request.get("headers"),
        )
    return json.dumps(
        {
            "statusCode": answer.status_code,
            "headers": dict(answer.headers),
            "content": answer.text,
        }
    )
