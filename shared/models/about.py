"""What the app says about itself, and how it says that something went wrong."""

from typing import Any, Literal

from pydantic import Field

from shared.models.base import Model, Sparse
from shared.models.quotas import QuotaKind


class Alive(Model):
    status: Literal["ok"]


class Check(Model):
    """Whether a service is there; `latency_ms` is how long its answer took, in milliseconds, and
    `reason` why it is of no use now: a sentence that names what to look at."""

    ok: bool
    latency_ms: float
    reason: str | None


class Readiness(Model):
    """By service: storage and model, without which nothing is done, github and, when it is
    configured, realtime; and event_loop, which is not well when something has just blocked it."""

    status: Literal["ready", "not ready"]
    checks: dict[str, Check]


class TaskType(Model):
    """A type of tickets: the JSON Schema of its `task_data`, and a `task_data` that works."""

    schema_: dict[str, Any] = Field(alias="schema")
    example: dict[str, Any]
    enabled: bool


class ProblemDetails(Model):
    """An error as RFC 9457 has it; `detail` is a sentence to act on."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


class QuotaLeft(Model):
    """Which limit leaves no room: of the user, the department or the whole app, and what of it is
    not used yet."""

    scope: Literal["user", "department", "app"]
    name: QuotaKind
    limit: int
    left: int


class TooManyDetails(ProblemDetails, Sparse):
    """`quota` where it is not about failures to sign in, or accounts from one address."""

    left_out = ("quota",)

    quota: QuotaLeft | None = None


class Fault(Model):
    """One thing that does not validate: where, what the rule is, and its name."""

    loc: list[str | int]
    msg: str
    type: str


class InvalidDetails(ProblemDetails):
    errors: list[Fault]
