"""What a replay scheduled, and whether the history agrees with it."""

from dataclasses import dataclass
from typing import NamedTuple

from infra.local.host.durable.events import Event, EventType


class _Kind(NamedTuple):
    """How the extension speaks of something scheduled: in words, and by its class."""

    words: str
    action: str


_KINDS = {
    EventType.TASK_SCHEDULED: _Kind("an activity task", "ScheduleTaskOrchestratorAction"),
    EventType.SUB_ORCHESTRATION_CREATED: _Kind(
        "a sub-orchestration task", "CreateSubOrchestrationAction"
    ),
    EventType.TIMER_CREATED: _Kind("a timer task", "CreateTimerOrchestratorAction"),
}
_QUESTION = (
    "Was a change made to the orchestrator code after this instance had already started running?"
)


@dataclass(frozen=True)
class Scheduled:
    """Something the orchestrator scheduled under a sequence number.

    `kind` is the type of the history event that records it. `input` is JSON text. `cancelled` is a
    timer that the orchestrator gave up.
    """

    kind: EventType
    number: int
    name: str = ""
    input: str = "null"
    instance_id: str | None = None
    fire_at: str = ""
    cancelled: bool = False


def contradiction(event: Event, made: Scheduled | None) -> str | None:
    """The extension's words for a history whose `event` is not what the replay made under its
    number; None when it is."""
    kind = _KINDS[event.type]
    number, name = event.number, "" if event.type is EventType.TIMER_CREATED else event.name or ""
    before = f"A previous execution of this orchestration scheduled {kind.words} with sequence"
    if made is None:
        known = f"ID {number} and name '{name}' (version '')" if name else f"number {number}"
        return (
            f"{before} {known}, but the current replay execution hasn't (yet?) scheduled this "
            f"task. {_QUESTION}"
        )
    if made.kind is not event.type:
        instead = f"produced a {_KINDS[made.kind].action} action with this sequence number. "
    elif name and made.name.casefold() != name.casefold():
        instead = f"scheduled {kind.words} named '{made.name}' with this sequence number.  "
    else:
        return None
    named = f" named '{name}'" if name else ""
    return (
        f"{before} number {number}{named}, but the current orchestration replay instead "
        f"{instead}{_QUESTION}"
    )
