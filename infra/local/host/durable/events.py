"""The events of an orchestration's history, in the shape the Durable Functions SDK replays.

An event is kept as the JSON text that the SDK is given, beside the few fields the engine itself
reads, so that a turn need not parse what it only passes on.
"""

import json
import time
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NamedTuple


class EventType(IntEnum):
    """History event types, numbered as in DurableTask.Core."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_RAISED = 15
    GENERIC = 17
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


SCHEDULING = {
    EventType.TASK_SCHEDULED,
    EventType.SUB_ORCHESTRATION_CREATED,
    EventType.TIMER_CREATED,
}
SUCCEEDED = {
    EventType.TASK_COMPLETED,
    EventType.SUB_ORCHESTRATION_COMPLETED,
    EventType.TIMER_FIRED,
}
FAILED = {EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED}


class Event(NamedTuple):
    """One history event.

    `number` is its own sequence number (-1: none), `ref` the number of the event it answers, `name`
    the function or external event, `text` the JSON the SDK reads.
    """

    type: EventType
    number: int
    ref: int | None
    name: str | None
    text: str


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def timestamp(when: datetime) -> str:
    """RFC 3339 with six decimals and `Z`: without the `Z` the SDK's clock would be naive."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def timestamp_now() -> str:
    """The time now as the extension writes it, with seven decimals."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 100:07}Z"


def encoded(text: str | None) -> str:
    """JSON text of a string; inputs that cross instances are encoded once more."""
    return json.dumps(text)


def plain(json_text: str | None) -> str | None:
    """The text of a JSON string, or the JSON itself; None for null."""
    value = json.loads(json_text or "null")
    return value if isinstance(value, str) or value is None else json_text


def output_of(reason: str | None) -> str:
    """A reason as the JSON text of an output: what is JSON is taken for it, all else is a text."""
    try:
        return without_constants(reason) if reason else encoded(reason)
    except ValueError:
        return encoded(reason)


def without_constants(json_text: str) -> str:
    """JSON with NaN and the infinities, which JSON lacks, as strings: so the extension has them.

    Raises ValueError for what is no JSON.
    """
    return json.dumps(json.loads(json_text, parse_constant=str), separators=(",", ":"))


def _event(
    kind: EventType,
    *,
    number: int = -1,
    ref: int | None = None,
    name: str | None = None,
    when: datetime | None = None,
    **fields: Any,
) -> Event:
    body = {
        "EventType": int(kind),
        "EventId": number,
        "IsPlayed": False,
        "Timestamp": timestamp(when) if when else timestamp_now(),
        **fields,
    }
    return Event(kind, number, ref, name, json.dumps(body))


def execution_started(
    name: str,
    input_json: str | None,
    version: str | None = None,
    generation: int | None = None,
) -> Event:
    """The first event of an execution; `input_json` is the input as JSON text.

    `generation` counts the instances that clients started under the id.
    """
    return _event(
        EventType.EXECUTION_STARTED,
        name=name,
        Name=name,
        Input=input_json,
        Version=version,
        Generation=generation,
    )


def execution_completed(status: str, result: str | None) -> Event:
    """The end of an instance; `result` is the output as JSON text."""
    return _event(EventType.EXECUTION_COMPLETED, OrchestrationStatus=status, Result=result)


def execution_terminated(reason: str | None) -> Event:
    """The instance was terminated from outside."""
    return _event(EventType.EXECUTION_TERMINATED, Input=reason)


def execution_suspended(reason: str | None) -> Event:
    """The instance was suspended."""
    return _event(EventType.EXECUTION_SUSPENDED, Reason=reason)


def execution_resumed(reason: str | None) -> Event:
    """The instance was resumed."""
    return _event(EventType.EXECUTION_RESUMED, Reason=reason)


def orchestrator_started(when: datetime) -> Event:
    """The beginning of a turn; its time is the orchestrator's clock."""
    return _event(EventType.ORCHESTRATOR_STARTED, when=when)


def orchestrator_completed() -> Event:
    """The end of a turn."""
    return _event(EventType.ORCHESTRATOR_COMPLETED)


def task_scheduled(number: int, name: str, input_json: str) -> Event:
    """An activity was scheduled."""
    return _event(
        EventType.TASK_SCHEDULED, number=number, name=name, Name=name, Input=input_json, Version=""
    )


def task_completed(number: int, result: str | None) -> Event:
    """Activity `number` returned `result` (JSON text)."""
    return _event(EventType.TASK_COMPLETED, ref=number, TaskScheduledId=number, Result=result)


def task_failed(number: int, reason: str, details: str) -> Event:
    """Activity `number` raised."""
    return _event(
        EventType.TASK_FAILED, ref=number, TaskScheduledId=number, Reason=reason, Details=details
    )


def sub_orchestration_created(number: int, name: str, instance_id: str, input_json: str) -> Event:
    """A child instance was asked for."""
    return _event(
        EventType.SUB_ORCHESTRATION_CREATED,
        number=number,
        name=name,
        Name=name,
        InstanceId=instance_id,
        Input=input_json,
    )


def sub_orchestration_completed(number: int, result: str | None) -> Event:
    """Child `number` completed with `result` (JSON text)."""
    return _event(
        EventType.SUB_ORCHESTRATION_COMPLETED, ref=number, TaskScheduledId=number, Result=result
    )


def sub_orchestration_failed(number: int, reason: str | None, details: str | None) -> Event:
    """Child `number` failed or was terminated."""
    return _event(
        EventType.SUB_ORCHESTRATION_FAILED,
        ref=number,
        TaskScheduledId=number,
        Reason=reason,
        Details=details,
    )


def timer_created(number: int, fire_at: str) -> Event:
    """A timer was made."""
    return _event(EventType.TIMER_CREATED, number=number, FireAt=fire_at)


def timer_fired(number: int, fire_at: str) -> Event:
    """Timer `number` fired."""
    return _event(EventType.TIMER_FIRED, ref=number, TimerId=number, FireAt=fire_at)


def event_raised(name: str, input_json: str) -> Event:
    """An external event came in; `input_json` is its payload as JSON text."""
    return _event(EventType.EVENT_RAISED, name=name, Name=name, Input=input_json)


def generic(data: str | None) -> Event:
    """A nudge without meaning to the orchestrator, such as after a rewind."""
    return _event(EventType.GENERIC, Data=data)


def forgotten(event: Event) -> Event:
    """What a rewind leaves where `event` was: its place and time."""
    body = {"EventType": int(EventType.GENERIC), "Timestamp": json.loads(event.text)["Timestamp"]}
    text = json.dumps({**body, "EventId": -1, "IsPlayed": False, "Data": None})
    return Event(EventType.GENERIC, -1, None, None, text)
