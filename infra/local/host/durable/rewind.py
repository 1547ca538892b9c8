"""Rewinding a failed instance: its failures are taken out of the history, and it runs again."""

import json

from infra.local.host.durable.events import FAILED, Event, EventType, forgotten


def without_failures(history: list[Event]) -> tuple[list[Event], list[str]]:
    """The history as if nothing had failed, and the ids of the children that failed.

    A replay then asks for the failed activities again under their old numbers. A failed child keeps
    its place, as it is to be rewound itself. As in Azure this does not do for work with retries:
    the timers between its attempts stay, so that the replay contradicts the history.
    """
    failed = {e.ref for e in history if e.type in FAILED}

    def undone(event: Event) -> bool:
        ended = event.type in FAILED or event.type is EventType.EXECUTION_COMPLETED
        return ended or (event.type is EventType.TASK_SCHEDULED and event.number in failed)

    children = [
        json.loads(e.text)["InstanceId"]
        for e in history
        if e.type is EventType.SUB_ORCHESTRATION_CREATED and e.number in failed
    ]
    return [forgotten(e) if undone(e) else e for e in history], children
