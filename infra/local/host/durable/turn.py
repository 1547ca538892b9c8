"""One turn of an orchestration: the history goes to the SDK's replay, its answer comes back.

The replay takes a JSON text and answers with one; on an exception the answer follows the label
below, at the end of the exception's text.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.host.durable.events import Event, EventType
from infra.local.host.durable.records import Instance
from infra.local.host.durable.walk import OrchestrationError

OUT_OF_PROC_LABEL = "\n\n$OutOfProcData$:"
CUSTOM_STATUS_LIMIT = 16 * 1024
"""Bytes of UTF-16, the extension's limit for a custom status."""


@dataclass(frozen=True)
class Answer:
    """What a replay came to. `output` and `custom_status` are JSON text, `error` plain text."""

    done: bool
    actions: list[dict[str, Any]]
    output: str | None
    custom_status: str | None
    error: str | None


def replay_body(instance: Instance, history: list[Event]) -> str:
    """The JSON text the SDK's orchestrator entry point is called with.

    The ends of turns stay out: the SDK skips them, but parses each event's time at some 60 µs.
    """
    told = (event.text for event in history if event.type is not EventType.ORCHESTRATOR_COMPLETED)
    return (
        f'{{"history": [{",".join(told)}], '
        f'"input": {instance.input or "null"}, "instanceId": {json.dumps(instance.id)}, '
        f'"parentInstanceId": {json.dumps(instance.parent)}, "isReplaying": false, '
        '"upperSchemaVersion": 1, "upperSchemaVersionNew": 2, '
        '"maximumShortTimerDuration": "6.00:00:00", '
        '"longRunningTimerIntervalDuration": "3.00:00:00", '
        '"defaultHttpAsyncRequestSleepTimeMillseconds": 30000}'
    )


def replay(orchestrator: Callable[..., Any], parameter: str, body: str) -> Answer:
    """Run the orchestrator over its history.

    Raises OrchestrationError when it ends in a way that is no answer, for example because it is an
    `async def` or yields something that is no task.
    """
    try:
        answer = orchestrator(**{parameter: body})
    except (Exception, SystemExit) as error:  # SystemExit would end the host
        text = str(error)
        _, label, state = text.rpartition(OUT_OF_PROC_LABEL)
        try:
            if label:
                return _parse(state)
        except ValueError:
            pass  # the label is the text's own: nothing of the SDK's follows it
        raise OrchestrationError(text or repr(error)) from error
    return _parse(answer)


def _parse(text: str) -> Answer:
    state = json.loads(text)
    status = state.get("customStatus")
    if _size(status) > CUSTOM_STATUS_LIMIT:
        raise OrchestrationError("The custom status is larger than 16 KB of UTF-16 text.")
    custom = None if status is None else json.dumps(status)
    return Answer(
        done=state["isDone"],
        actions=state["actions"][0] if state["actions"] else [],
        output=json.dumps(state["output"]) if "output" in state else None,
        custom_status=custom,
        error=state.get("error"),
    )


def _size(status: Any) -> int:
    """Bytes of a custom status as the extension writes it: compact, in UTF-16, nothing escaped."""
    text = json.dumps(status, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-16-le", "surrogatepass"))
