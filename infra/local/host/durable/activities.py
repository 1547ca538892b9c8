"""Runs one activity and puts what came of it into a history event."""

import asyncio
import json
import traceback

from azure.functions._durable_functions import df_dumps, df_loads

from infra.local.host.durable import events
from infra.local.host.durable.events import Event
from infra.local.host.durable.store import Task
from infra.local.host.durable.walk import HTTP_ACTIVITY
from infra.local.host.functions import Function
from infra.local.host.invocation import Invoker

HTTP_TIMEOUT_SECONDS = 100.0
"""As the extension's durable HTTP client."""


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
