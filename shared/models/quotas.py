"""What users, departments and the whole app may use, and how much of it they have used."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from shared.models.base import WHOLE, Changes, Instant, Model

OTHERS = "*"
"""Stands for every user, or department, that has no limits of its own."""

_Amount = Annotated[int, Field(ge=0, le=10**15, strict=True), WHOLE]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class QuotaKind(StrEnum):
    """What can be limited. Days and months are those of UTC."""

    TICKETS = "tickets_per_day"
    RUNNING = "running_tickets"
    TOKENS_DAY = "tokens_per_day"
    TOKENS_MONTH = "tokens_per_month"
    BYTES = "stored_bytes"


class QuotaLimits(Model):
    """What is not given, or null, is not limited. Tickets are counted by attempt."""

    tickets_per_day: _Amount | None = None
    running_tickets: _Amount | None = None
    tokens_per_day: _Amount | None = None
    tokens_per_month: _Amount | None = None
    stored_bytes: _Amount | None = None

    def of(self, quantity: QuotaKind) -> int | None:
        limit: int | None = getattr(self, quantity.value)
        return limit


class LimitsByScope(Model):
    """`departments` by name and `users` by id; `*` stands for those without limits of their own."""

    app: QuotaLimits = QuotaLimits()
    departments: Annotated[dict[_Name, QuotaLimits], Field(max_length=500)] = {}
    users: Annotated[dict[_Name, QuotaLimits], Field(max_length=1000)] = {}


class AppSettings(Model):
    """What administrators set while the app runs."""

    registration_open: bool
    limits: LimitsByScope = LimitsByScope()


class AppSettingsChanges(Changes):
    """What is not given stays as it is; `limits` takes the place of all that were there."""

    registration_open: StrictBool = False
    limits: LimitsByScope = LimitsByScope()


class Amounts(Model):
    """A number for each quantity that has a limit."""

    tickets_per_day: int | None = None
    running_tickets: int | None = None
    tokens_per_day: int | None = None
    tokens_per_month: int | None = None
    stored_bytes: int | None = None


class AmountsByScope(Model):
    """Of the user, the user's department and the whole app: empty where nothing is limited."""

    user: Amounts = Amounts()
    department: Amounts = Amounts()
    app: Amounts = Amounts()


class Resets(Model):
    """When the next day and the next month begin."""

    day: Instant
    month: Instant


class QuotaUsage(Model):
    """What is limited for a user, what of it is used, and what is left."""

    limits: AmountsByScope
    used: AmountsByScope
    left: AmountsByScope
    resets_at: Resets
