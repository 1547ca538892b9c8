"""What a turn comes to: how the instance goes on, or how it ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from infra.local.host.durable import events
from infra.local.host.durable.events import Event
from infra.local.host.durable.records import Instance, Status
from infra.local.host.durable.scheduled import Scheduled
from infra.local.host.durable.turn import Answer
from infra.local.host.durable.walk import Walk


@dataclass
class Decision:
    """What a turn came to: `status` is None while the instance goes on, `output` JSON text."""

    scheduled: list[Scheduled] = field(default_factory=list)
    cancelled_timers: list[int] = field(default_factory=list)
    custom_status: str | None = None
    status: Status | None = None
    output: str | None = None
    next_input: str | None = None
    carried_over: list[Event] = field(default_factory=list)
    walk: Walk | None = None
    """Where the instance waits, if it does."""

    @property
    def summary(self) -> str:
        """For the log."""
        if self.status:
            return self.status.lower()
        return "continued as new" if self.next_input is not None else f"+{len(self.scheduled)}"


def conclude(instance: Instance, answer: Answer, walk: Walk) -> Decision:
    """What follows from a replay's answer once the walk is through the history."""
    decision = Decision(
        scheduled=walk.unrecorded,
        cancelled_timers=walk.cancelled_timers,
        custom_status=answer.custom_status,
    )
    if not walk.finished:
        decision.walk = walk if walk.position else None
        return decision
    if answer.error is not None:
        failed = failure(instance, answer.error)
        decision.status, decision.output = failed.status, failed.output
    elif walk.next_input is not None:
        decision.next_input, decision.carried_over = walk.next_input, walk.carried_over
    elif answer.done:
        decision.status, decision.output = Status.COMPLETED, answer.output
    return decision


def failure(instance: Instance, error: str) -> Decision:
    """The instance fails, at once, with this error."""
    return Decision(status=Status.FAILED, output=events.encoded(failure_of(instance) + error))


def failure_of(instance: Instance) -> str:
    """How the output of a failed instance begins."""
    return f"Orchestrator function '{instance.name}' failed: "


def unknown_function(name: str, kind: str, known: Iterable[str]) -> str:
    """The extension's words for a function that is not there."""
    names = ", ".join(f"'{each}'" for each in known)
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Additional info: The following are the known {kind} functions: {names}."
    )
