"""What passes between the workflow and its activities: small plain dicts, told apart by `kind`.

Imported by the orchestrator: nothing here looks at a clock, the environment or the network.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict

FINISH, FAIL, GIVE_UP = "finish_ticket", "fail_ticket", "give_up_ticket"
"""Names of activities; those of a task type are given by `activity_name`."""

MAX_TRIES = 5
"""How often the platform runs an activity that raises."""

READING, ENDING = "reading", "ending"
"""The stages of a plan, and of the end of a ticket."""

EVENT = "files"
"""The event that tells a workflow which waits about its files."""


def answer_event(inquiry: str) -> str:
    """The event that tells of the answer to an inquiry. Each has one of its own, because an event
    that came while nobody waited is handed to every later wait for its name."""
    return f"answer_{inquiry}"


class TaskActivity(StrEnum):
    """What every task type has an activity for."""

    PLAN = "plan"
    WORK = "work"
    COMBINE = "combine"


def activity_name(task_type: str, activity: TaskActivity) -> str:
    return f"{task_type}_{activity.value}"


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


class Waited(TypedDict):
    """A step was put off for so many `seconds`, because of a `service` outside."""

    seconds: float
    service: str


class AttemptRef(TypedDict):
    """Which attempt at which ticket: what activities are given, so that the history stays short.
    `trace` is that of whoever started it, as W3C Trace Context has it; workflows that an older
    version started have neither that nor a type here. `spent` is how many seconds the attempt has
    waited for each service so far; `unbooked` are calls of the model that no storage was there to
    book; `called_at` is when the workflow asked for the step, in seconds since 1970; `swept` that
    the sweeper has started the workflow, since a first start was lost; with `chains`
    a step goes on by itself while there is a single piece of work to do, which workflows of version
    1 do not expect; `others` are the pieces of a round, each with its number, that follow the one
    that is given. `again`, `lost`, `alone` and `seen` are no part of the history: the step may
    have been begun before; nothing was heard of an earlier start; this process runs nothing else;
    the ticket as it was just read."""

    ticket_id: str
    attempt: int
    task_type: NotRequired[str]
    trace: NotRequired[dict[str, str]]
    waited: NotRequired[Waited]
    spent: NotRequired[dict[str, float]]
    unbooked: NotRequired[list[dict[str, Any]]]
    called_at: NotRequired[float]
    swept: NotRequired[bool]
    chains: NotRequired[bool]
    others: NotRequired[list[tuple[int, Any]]]
    again: NotRequired[bool]
    lost: NotRequired[bool]
    alone: NotRequired[bool]
    seen: NotRequired[Any]


class StartInput(AttemptRef):
    """What the workflow is started with; its `task_type` is always there. Waits are seconds:
    `max_waits` in all for each service, `most_wait` for all others together. Workflows that an
    older version started have no `max_waits`."""

    parallel: int
    first_wait: float
    most_wait: float
    max_waits: NotRequired[dict[str, float]]
    waiting: Waiting | None


class RoundFacts(TypedDict):
    """A round, without its items: `total` of them, moving the percentage between two marks."""

    number: int
    stage: str
    total: int
    starts_at: int
    ends_at: int


class RoundBegins(TypedDict):
    """The next round, with its items: none of them where all outcomes are stored. `wait` comes
    before what is next."""

    kind: Literal["round"]
    facts: RoundFacts
    items: list[Any]
    wait: NotRequired["MustWait"]


class OutcomeStored(TypedDict):
    """A piece of work is done, and where others follow it, as many of them all as `count`."""

    kind: Literal["outcome"]
    count: NotRequired[int]


class ResultStored(TypedDict):
    """The result is there: which model made it, for how many tokens; and if `finished`, its ticket
    has ended."""

    kind: Literal["done"]
    model: str | None
    tokens: int
    finished: NotRequired[bool]


class AnswerAwaited(TypedDict):
    """People are asked, and have until `until` (RFC 3339); `event` tells of their answer."""

    kind: Literal["asks"]
    event: str
    until: str


class MustWait(TypedDict):
    """Try again later: after `seconds`, if somebody said so. `reason` is a sentence for people,
    `service` which one outside is waited for, for which the step itself has waited `insisted`
    seconds; `unbooked` are calls of the model that storage was not there to book."""

    kind: Literal["wait"]
    seconds: float | None
    reason: str
    service: NotRequired[str]
    insisted: NotRequired[float]
    unbooked: NotRequired[list[dict[str, Any]]]


class Failed(TypedDict):
    """The ticket cannot be done; `reason` is a sentence for the people who wait for it, `cause`
    what it failed of, for counting."""

    kind: Literal["failure"]
    reason: str
    cause: str


class NoFiles(TypedDict):
    """The ticket still waits for a file, or, if `stirring`, has been given one just now."""

    kind: Literal["no_files"]
    stirring: bool


class Superseded(TypedDict):
    """The ticket was cancelled, deleted or taken over by another attempt: leave it alone."""

    kind: Literal["stopped"]


AttemptEnd = ResultStored | Failed | NoFiles | Superseded
ActivityResult = RoundBegins | OutcomeStored | AnswerAwaited | MustWait | AttemptEnd


def find_percent(facts: RoundFacts, done: int) -> int:
    """The percentage of the ticket when so many pieces of a round are done."""
    span = facts["ends_at"] - facts["starts_at"]
    return facts["starts_at"] + span * done // max(facts["total"], 1)


def refer_to(order: StartInput) -> AttemptRef:
    """What the activities of the attempt are given."""
    ref = AttemptRef(
        ticket_id=order["ticket_id"], attempt=order["attempt"], task_type=order["task_type"]
    )
    if trace := order.get("trace"):
        ref["trace"] = trace
    if order.get("chains"):
        ref["chains"] = True
    if order.get("swept"):
        ref["swept"] = True
    return ref


def fail_with(reason: str, cause: str = "internal") -> Failed:
    return Failed(kind="failure", reason=reason, cause=cause)


def find_stop(results: Iterable[ActivityResult]) -> Failed | Superseded | None:
    """What ends the attempt among the results of pieces of work; a failure goes first."""
    superseded: Superseded | None = None
    for result in results:
        if result["kind"] == "failure":
            return result
        if result["kind"] == "stopped":
            superseded = result
    return superseded
