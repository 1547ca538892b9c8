"""What is being worked on: the facts that stand on every span, log line and metric meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.telemetry.names import Attribute

if TYPE_CHECKING:
    from shared.models import StoredTicket

Facts = Mapping[Attribute, str | int]


def facts_of(ticket: "StoredTicket") -> Facts:
    return {
        Attribute.TICKET_ID: ticket.id,
        Attribute.TASK_TYPE: ticket.task_type,
        Attribute.ATTEMPT: ticket.attempt,
        Attribute.OWNER: ticket.created_by,
    }


SEEN = frozenset({Attribute.TICKET_ID, Attribute.TASK_TYPE, Attribute.ATTEMPT, Attribute.STAGE})
"""What spans and log lines have; the rest is for metrics."""


@dataclass(slots=True)
class Scope:
    """The facts of a request or a step, as far as they are known by now; `task` is what it does."""

    facts: dict[Attribute, str | int] = field(default_factory=dict)
    task: str = ""

    def seen(self) -> dict[str, str | int]:
        return {name.value: value for name, value in self.facts.items() if name in SEEN}


_SCOPE: ContextVar[Scope] = ContextVar("telemetry_scope")


def present_scope() -> Scope:
    """That of the caller; one of its own where nothing is being worked on."""
    return _SCOPE.get(None) or Scope()


def scope_in(context: Context) -> Scope:
    """That of what runs in this context."""
    return context.get(_SCOPE) or Scope()


@contextmanager
def scope_of(facts: Facts, task: str = "") -> Iterator[Scope]:
    """A scope within the present one, whose facts it has too, and its task unless it is another."""
    outer = present_scope()
    scope = Scope({**outer.facts, **facts}, task or outer.task)
    token = _SCOPE.set(scope)
    try:
        yield scope
    finally:
        _SCOPE.reset(token)


def note(facts: Facts) -> None:
    """Say more of what is being worked on, for all that follows in the present scope."""
    present_scope().facts.update(facts)
