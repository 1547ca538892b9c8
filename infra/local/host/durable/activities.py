"""Runs the activities that are owed, so many at once, and stores what came of them."""

import asyncio
import json
import logging
import sqlite3
import traceback
from collections import deque
from collections.abc import Callable, Iterable

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
CONTENT_HEADERS = {
    *(b"allow", b"content-disposition", b"content-encoding", b"content-language"),
    *(b"content-length", b"content-location", b"content-md5", b"content-range", b"content-type"),
    *(b"expires", b"last-modified"),
}


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
        result = df_dumps(await invoker.call(function, df_loads(task.input), subject))
        if "NaN" in result or "Infinity" in result:
            result = events.without_constants(result)
        return events.task_completed(task.number, result)
    except BaseException as error:  # SystemExit too: it must not end the host
        here = asyncio.current_task()
        is_let_go = here is not None and here.cancelling()
        if is_let_go and isinstance(error, asyncio.CancelledError):
            raise  # the host stops; a CancelledError of the activity's own is its failure
        return _failure(task, error)


def _failure(task: Task, error: BaseException) -> Event:
    if task.name == HTTP_ACTIVITY:
        reason = str(error) or repr(error)
        details = {"$type": "System.Net.Http.HttpRequestException, System.Net.Http"}
        return events.task_failed(task.number, reason, json.dumps(details | {"Message": reason}))
    message = f"{type(error).__name__}: {error}"
    reason = f"Activity function '{task.name}' failed: {message}"
    return events.task_failed(task.number, reason, _as_in_dotnet(error, message))


def _as_in_dotnet(error: BaseException, message: str) -> str:
    """The extension's serialised exception, without the stacks that it has in .NET."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    common = {"HResult": -2146233088, "Source": None}
    inner = {
        "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, WebJobs.Script",
        "RemoteMessage": message,
        "RemoteStackTrace": stack,
        "IsUserException": True,
        "Message": f"Result: Failure\nException: {message}\nStack: {stack}",
        "Data": {"$type": "System.Collections.ListDictionaryInternal, System.Private.CoreLib"},
        "InnerException": None,
        "HelpLink": None,
        **common,
        "StackTrace": None,
    }
    outer = {
        "$type": "System.Exception, System.Private.CoreLib",
        "ClassName": "System.Exception",
        "Message": message,
        "Data": None,
        "InnerException": inner,
        "HelpURL": None,
        "StackTraceString": None,
        "RemoteStackTraceString": None,
        "RemoteStackIndex": 0,
        "ExceptionMethod": None,
        **common,
        "WatsonBuckets": None,
    }
    return json.dumps(outer, ensure_ascii=False, separators=(",", ":"))


async def _call_http(request_json: str) -> str:
    """A durable HTTP call: JSON of `{method, uri, content?, headers?}` to JSON of the answer."""
    from httpx2 import AsyncClient, Headers

    request = json.loads(request_json)
    if "tokenSource" in request:
        raise NotImplementedError("the local host has no managed identity for a token source")
    headers = Headers(request.get("headers"))
    if request.get("content") is not None:
        headers.setdefault("Content-Type", "text/plain")
    async with AsyncClient(timeout=HTTP_TIMEOUT_SECONDS) as client:
        answer = await client.request(
            request["method"], request["uri"], content=request.get("content"), headers=headers
        )
    return json.dumps(
        {
            "statusCode": answer.status_code,
            "headers": _headers_as_sent(answer.headers.raw),
            "content": answer.text,
        }
    )


def _headers_as_sent(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str | list[str]]:
    """Names as the server wrote them, without those that .NET counts to the content; a header that
    came more than once is a list."""
    found: dict[str, list[str]] = {}
    for name, value in raw:
        if name.lower() not in CONTENT_HEADERS:
            found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}
