"""The course of an attempt at a ticket: what was done when, and what it waited for."""

from enum import StrEnum

from shared.models.base import Instant, Model


class StepRun(Model):
    """One run of a step: of which round and which piece, and the kind of its result; `error` when
    it failed and was tried again. `called_at` is when the workflow asked for it; `reason` is for
    people, `service` who is waited for, `fault` the class of the exception that it ended by; one
    that `is_resumed` was begun before, and nobody heard of its end."""

    name: str
    stage: str
    number: int | None = None
    index: int | None = None
    called_at: Instant | None = None
    started_at: Instant
    seconds: float
    result: str
    reason: str | None = None
    service: str = ""
    fault: str | None = None
    is_resumed: bool = False


class EntryKind(StrEnum):
    STEP = "step"
    CALL = "call"
    WAIT = "wait"


class TimelineEntry(Model):
    """A step, a call of the model, or a wait. `seconds` is None while it lasts; `index` is which
    piece of its round a step works on, from 0; a `reused` answer was not asked for again."""

    kind: EntryKind
    name: str
    index: int | None = None
    started_at: Instant
    seconds: float | None
    detail: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reused: bool = False


class Timeline(Model):
    """Of the present attempt, by their beginning."""

    ticket_id: str
    attempt: int
    entries: list[TimelineEntry]
