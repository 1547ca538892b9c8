"""What passes between the workflow and its activities: small plain dicts, told apart by `kind`.

Imported by the orchestrator: nothing here looks at a clock, the environment or the network.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypedDict

Step = dict[str, Any]


EVENT = "files"
"""The event that tells a workflow which waits about its files."""


class Signal(StrEnum):
    """What an event says."""

    CHANGED = "changed"
    SUBMITTED = "submitted"


class Waiting(TypedDict):
    """A ticket that has yet to get its files: it is begun when `quiet` seconds have passed without
    another, and given up at `until` (RFC 3339). `stirring` is whether there may be some already."""

    quiet: float
    until: str
    stirring: bool


class AttemptRef(TypedDict):
    """Which attempt at which ticket: what activities are given, so that the history stays short."""

    ticket_id: str
    attempt: int


class StartInput(AttemptRef):
    """What the workflow is started with. Waits are seconds."""

    task_type: str
    parallel: int
    first_wait: float
    most_wait: float
    waiting: Waiting | None


class RoundFacts(TypedDict):
    """A round, without its items: `total` of them, moving the percentage between two marks."""

    number: int
    stage: str
    total: int
    starts_at: int
    ends_at: int


class ResultKind(StrEnum):
    ROUND = "round"
    OUTCOME = "outcome"
    DONE = "done"
    WAIT = "wait"
    FAILURE = "failure"
    # The ticket still waits for its first file, or, if `stirring`, has been given one just now.
    NO_FILES = "no_files"
    # The ticket was cancelled, deleted or taken over by another attempt: leave it alone.
    STOPPED = "stopped"


def step(kind: ResultKind, **facts: Any) -> Step:
    return {"kind": kind.value, **facts}


def kind_of(answer: Step) -> ResultKind:
    return ResultKind(answer["kind"])


def failure(reason: str) -> Step:
    """`reason` is a sentence for the people who wait for the ticket."""
    return step(ResultKind.FAILURE, reason=reason)


def first_of(kind: ResultKind, answers: Iterable[Step]) -> Step | None:
    return next((answer for answer in answers if kind_of(answer) is kind), None)


class WaitBudget:
    """How long a ticket may be made to wait in all: `most` seconds, in at most MAX_WAITS pauses.

    A pause is what the other side asked for, and at least `first` seconds, doubled with each pause
    in a row up to LONGEST.
    """

    MAX_WAITS = 30
    LONGEST = 120.0

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._left = most
        self._waits = 0

    def pause(self, row: int, asked: Iterable[float | None]) -> float | None:
        """Seconds to wait before the try that follows pause number `row` (from 0) in a row, None
        when patience is at its end."""
        own = min(self._first * 2.0**row, self.LONGEST)
        seconds = max(own, *(wanted or 0.0 for wanted in asked), 0.0)
        if self._waits >= self.MAX_WAITS or seconds > self._left:
            return None
        self._waits += 1
        self._left -= seconds
        return seconds
