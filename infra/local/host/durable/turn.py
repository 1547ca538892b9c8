"""One turn of an orchestration: the history goes to the SDK's replay, its answer comes back.

The replay takes a JSON text and answers with one; on an exception the answer follows the label
below, at the end of the exception's text.
"""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.host.durable.events import Event, EventType
from infra.local.host.durable.records import Instance
from infra.local.host.durable.walk import OrchestrationError

OUT_OF_PROC_LABEL = "\n\n$OutOfProcData$:"
MAX_CUSTOM_STATUS_KB = 16
"""Whole KB of UTF-16, the extension's limit for a custom status."""


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
        state = _state_in(str(error))
        if state is None:
            raise OrchestrationError(_failure(error)) from error
        return _answer(state)
    return _answer(_decode(answer))


def _decode(text: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(text, parse_constant=str)
    return state


def _state_in(text: str) -> dict[str, Any] | None:
    """The state behind the label, if it is one that the extension goes on with."""
    _, label, rest = text.rpartition(OUT_OF_PROC_LABEL)
    try:
        state = _decode(rest) if label else None
    except ValueError:
        return None  # the label is the text's own: nothing of the SDK's follows it
    return state if state and not state["isDone"] else None


def _failure(error: BaseException) -> str:
    """The extension's words for an exception that tells no state."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    text = f"Result: Failure\nException: {type(error).__name__}: {error}\nStack: {stack}"
    return f"One or more errors occurred. ({text})"


def _answer(state: dict[str, Any]) -> Answer:
    status = state.get("customStatus")
    size = _size(status) // 1024
    if size > MAX_CUSTOM_STATUS_KB:
        raise OrchestrationError(
            "The UTF-16 size of the JSON-serialized payload must not exceed "
            f"{MAX_CUSTOM_STATUS_KB} KB. The current payload size is {size} KB."
        )
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
