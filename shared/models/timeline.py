"""The course of an attempt at a ticket: what was done when, and what it waited for."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.models.base import Instant, Model


class Outage(Model):
    """Storage was away for so many `seconds`, and a step waited for it."""

    started_at: Instant
    seconds: float

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.seconds)


class StepRun(Model):
    """One run of a step: of which round and which piece, and the kind of its result; `error` when
    it failed and was tried again, `interrupted` when it was stopped with its process. `called_at`
    is when the workflow asked for it; `reason` is for people, `service` who is waited for, `fault`
    the class of the exception that it ended by; one that `is_resumed` was begun before, and nobody
    heard of its end. `outages` fall into it."""

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
    outages: list[Outage] = []

    @property
    def key(self) -> tuple[str, int | None, int | None]:
        """Which step it is a run of."""
        return self.name, self.number, self.index

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.seconds)


class EntryKind(StrEnum):
    STEP = "step"
    CALL = "call"
    WAIT = "wait"


class WaitReason(StrEnum):
    """What a ticket waits for: its files, its beginning, storage that is away while
    a step has something to store, a service that is busy or away, people's
    answer, another try after a fault, another start after one of which nothing was heard, another
    run of what takes long, its turn in the queue of what the workflow has asked for, and the
    workflow's own turns."""

    FILES = "files"
    BEGINNING = "beginning"
    STORAGE = "storage"
    SERVICE = "service"
    ANSWER = "answer"
    RETRY = "retry"
    RESTART = "restart"
    LATER = "later"
    QUEUE = "queue"
    PLATFORM = "platform"


class TimelineEntry(Model):
    """A step, a call of the model, or a wait. `seconds` is None while it lasts; `index` is which
    piece of its round a step works on, from 0, `run` the how-manieth run of the same it is, from 1;
    a `reused` answer was not asked for again. A wait has what it `waits_for`, and of a service
    which; `fault`, the class of the exception that a step ended by, is told to admins alone."""

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
    run: int | None = None
    waits_for: WaitReason | None = None
    service: str | None = None
    fault: str | None = None


class TimeShare(Model):
    """How much of an attempt's time went into one thing, in `count` entries; where several went on
    at once, a call of the model counts before an outage of storage, that before a step, and all of
    them before a wait."""

    kind: EntryKind
    waits_for: WaitReason | None = None
    service: str | None = None
    count: int
    seconds: float


class Timeline(Model):
    """Of the present attempt, by their beginning. `shares` come to `seconds`, which is all of the
    time from when the attempt was asked for to its end, or to the last that is known of it."""

    ticket_id: str
    attempt: int
    entries: list[TimelineEntry]
    seconds: float
    shares: list[TimeShare]
