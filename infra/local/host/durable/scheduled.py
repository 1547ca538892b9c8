"""What a replay scheduled, and whether the history agrees with it."""

from dataclasses import dataclass

from infra.local.host.durable.events import Event, EventType

_KINDS = {
    EventType.TASK_SCHEDULED: ("an activity task", "ScheduleTaskOrchestratorAction"),
    EventType.SUB_ORCHESTRATION_CREATED: (
        "a sub-orchestration task",
        "CreateSubOrchestrationAction",
    ),
    EventType.TIMER_CREATED: ("a timer task", "CreateTimerOrchestratorAction"),
}
_QUESTION = (
    "Was a change made to the orchestrator code after this instance had already started running?"
)


@dataclass(frozen=True)
class Scheduled:
    """Something the orchestrator scheduled under a sequence number.

    `kind` is the type of the history event that records it. `input` is JSON text. `ref` and `role`
    belong to a retry's timer, `cancelled` to a timer the orchestrator gave up.
    """

    kind: EventType
    number: int
    name: str = ""
    input: str = "null"
    instance_id: str | None = None
    fire_at: str = ""
    ref: int | None = None
    role: str | None = None
    cancelled: bool = False


def contradiction(event: Event, made: Scheduled | None) -> str | None:
    """The extension's words for a history whose `event` is not what the replay made under its
    number; None when it is."""
    what, _ = _KINDS[event.type]
    named = "" if event.type is EventType.TIMER_CREATED else f" named '{event.name}'"
    before = f"A previous execution of this orchestration scheduled {what} with sequence number "
    before += f"{event.number}{named}, but the current "
    if made is None:
        return f"{before}replay execution hasn't (yet?) scheduled this task. {_QUESTION}"
    if made.kind is not event.type:
        instead = f"instead produced a {_KINDS[made.kind][1]} action"
    elif named and made.name.casefold() != (event.name or "").casefold():
        instead = f"instead scheduled {what} named '{made.name}'"
    else:
        return None
    return f"{before}orchestration replay {instead} with this sequence number. {_QUESTION}"
