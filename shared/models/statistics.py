"""How much is being done, by whom, how well, and what it costs."""

from typing import Annotated

from pydantic import Field

from shared.models.base import Instant, Model, Moment
from shared.models.tickets import Status


class StatisticsQuery(Model):
    """`since` is from when on attempts that ended are counted: a day back without it, at most 31
    days; the hour it lies in counts whole."""

    since: Moment | None = None


class EndedCounts(Model):
    """Attempts that ended, and the tokens they took. `cost` is None where no price is set."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None


class EndedOfType(EndedCounts):
    """`mean_seconds` and `longest_seconds` are from the beginning of an attempt to its end."""

    task_type: str
    mean_seconds: float = 0
    longest_seconds: float = 0


class EndedOfUser(EndedCounts):
    """`username` is None for a user that was deleted."""

    user_id: str
    username: str | None = None


class RunningTicket(Model):
    """`age_seconds` is how long ago this attempt began."""

    ticket_id: str
    title: str
    task_type: str
    created_by: str
    stage: str
    percent: int
    age_seconds: float


class Statistics(Model):
    """Of the tickets of all users, or of those of a manager's department.

    `tickets` are all there are now, by status and task type. The rest, but for `running`, is about
    attempts that ended since `since`: `failures` by kind; `users` are the 100 with the most tokens.
    `running` are the newest 100.
    """

    since: Instant
    until: Instant
    tickets: dict[Status, dict[str, int]]
    total: EndedCounts
    types: list[EndedOfType]
    users: list[EndedOfUser]
    failures: dict[str, int]
    running: list[RunningTicket]
    currency: Annotated[str, Field(examples=["USD"])]
