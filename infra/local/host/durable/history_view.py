"""The history as the management API shows it: without the engine's own bookkeeping."""

import json
from typing import Any

from infra.local.host.durable.events import Event, EventType

NAMES = {
    EventType.SUB_ORCHESTRATION_CREATED: "SubOrchestrationInstanceCreated",
    EventType.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
    EventType.GENERIC: "GenericEvent",
}
HIDDEN = {EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED}
MERGED = {EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED}
ANSWERS = {
    EventType.TASK_COMPLETED,
    EventType.TASK_FAILED,
    EventType.SUB_ORCHESTRATION_COMPLETED,
    EventType.SUB_ORCHESTRATION_FAILED,
}
INTERNAL = ("EventId", "IsPlayed", "TaskScheduledId", "TimerId", "Version")
# What the extension shows besides, and has no value here.
EMPTY: dict[EventType, tuple[str, ...]] = {
    EventType.EXECUTION_STARTED: ("Correlation", "ParentTraceContext", "ScheduledStartTime"),
    EventType.EXECUTION_COMPLETED: ("FailureDetails",),
    EventType.TASK_FAILED: ("FailureDetails",),
    EventType.SUB_ORCHESTRATION_CREATED: ("ClientSpanId", "Tags"),
    EventType.SUB_ORCHESTRATION_FAILED: ("FailureDetails",),
    EventType.EVENT_RAISED: ("ParentTraceContext",),
}


def decoded(json_text: str | None) -> Any:
    """The value of a JSON text; NaN and the infinities, which JSON lacks, as their names."""
    return json.loads(json_text or "null", parse_constant=str)


def history_view(
    history: list[Event], *, show_input: bool, show_output: bool
) -> list[dict[str, Any]]:
    """Events as JSON objects; what was scheduled is merged into its answer once there is one."""
    answered = {event.ref for event in history if event.type in ANSWERS}
    scheduled = {e.number: json.loads(e.text) for e in history if e.type in MERGED}
    view = []
    for event in history:
        if event.type in HIDDEN or (event.type in MERGED and event.number in answered):
            continue
        shown = json.loads(event.text)
        if event.type in ANSWERS and event.ref is not None:
            origin = scheduled[event.ref]
            shown["ScheduledTime"] = origin["Timestamp"].replace("Z", "+00:00")
            shown["FunctionName"] = origin["Name"]
            shown["Input"] = None
            if "InstanceId" in origin:
                shown["InstanceId"] = origin["InstanceId"]
        _tidy(shown, event, show_input=show_input, show_output=show_output)
        view.append(shown)
    return view


def _tidy(shown: dict[str, Any], event: Event, *, show_input: bool, show_output: bool) -> None:
    shown["EventType"] = NAMES.get(event.type) or event.type.name.title().replace("_", "")
    for key in INTERNAL:
        shown.pop(key, None)
    shown |= dict.fromkeys(EMPTY.get(event.type, ()))
    if event.type is EventType.EXECUTION_STARTED:
        shown["FunctionName"] = shown.pop("Name")
        shown["GenerateNewTrace"] = False
    if event.type in MERGED:
        shown["Input"] = None
    if not show_input:
        shown.pop("Input", None)
    if "Result" in shown:
        result = shown.pop("Result")
        if show_output:
            shown["Result"] = decoded(result)
