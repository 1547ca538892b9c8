"""Rewinding a failed instance: its failures are taken out of the history, and it runs again."""

import json

from infra.local.host.durable.events import FAILED, Event, EventType, TimerRole, forgotten


def without_failures(history: list[Event]) -> tuple[list[Event], list[str]]:
    """The history as if nothing had failed, and the ids of the children that failed.

    A replay then asks for the failed activities again under their old numbers. Of work with retries
    only the last attempt goes, with the timer behind it, so that the numbers of everything else
    stay. A failed child keeps its place, as it is to be rewound itself.
    """
    retried = {e.ref for e in history if e.name == TimerRole.RETRY}
    failed = {e.ref for e in history if e.type in FAILED and e.ref not in retried}
    last_timers = {e.number for e in history if e.name == TimerRole.LAST_RETRY and e.ref in failed}

    def undone(event: Event) -> bool:
        match event.type:
            case EventType.TASK_FAILED | EventType.SUB_ORCHESTRATION_FAILED:
                return event.ref in failed
            case EventType.TASK_SCHEDULED:
                return event.number in failed
            case EventType.TIMER_CREATED:
                return event.number in last_timers
            case EventType.TIMER_FIRED:
                return event.ref in last_timers
        return event.type is EventType.EXECUTION_COMPLETED

    children = [
        json.loads(e.text)["InstanceId"]
        for e in history
        if e.type is EventType.SUB_ORCHESTRATION_CREATED and e.number in failed
    ]
    return [forgotten(e) if undone(e) else e for e in history], children
