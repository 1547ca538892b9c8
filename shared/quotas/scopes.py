"""Whose limits concern a user: their own, those of their department, those of the whole app."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Self

from shared.models import AppSettings, QuotaKind, QuotaLimits, StoredUser
from shared.models.quotas import OTHERS


class ScopeKind(StrEnum):
    USER = "user"
    DEPARTMENT = "department"
    APP = "app"


_SAID = "said_"
WORDS = {
    ScopeKind.USER: "you",
    ScopeKind.DEPARTMENT: "your department",
    ScopeKind.APP: "this service",
}


@dataclass(frozen=True, slots=True)
class QuotaScope:
    """`name` is a user's id, a department's name, or empty for the app. Who only says that they are
    of a department has its limits, too, but takes nothing from those whom an administrator put
    there: `is_said` is the share of such users together."""

    kind: ScopeKind
    name: str = ""
    is_said: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        kind, _, name = text.partition(":")
        return cls(ScopeKind(kind.removeprefix(_SAID)), name, kind.startswith(_SAID))

    def __str__(self) -> str:
        return f"{_SAID * self.is_said}{self.kind.value}:{self.name}"

    @property
    def key(self) -> str:
        """Of its row; hashed, as a department may be called anything."""
        hashed = sha256(self.name.encode(errors="replace")).hexdigest()[:32]
        return f"{_SAID * self.is_said}{self.kind.value}_{hashed}"

    def limits(self, settings: AppSettings) -> QuotaLimits:
        """Those that are set now."""
        known = settings.limits
        if self.kind is ScopeKind.APP:
            return known.app
        named = known.users if self.kind is ScopeKind.USER else known.departments
        return named.get(self.name) or named.get(OTHERS) or QuotaLimits()


def scopes_of(user: StoredUser) -> list[QuotaScope]:
    """All that a user counts for: of departments the one that an administrator gave them."""
    scopes = [QuotaScope(ScopeKind.USER, user.id)]
    if department := user.given_department or user.department:
        is_said = not user.given_department
        scopes.append(QuotaScope(ScopeKind.DEPARTMENT, department, is_said))
    return [*scopes, QuotaScope(ScopeKind.APP)]


def find_scopes(
    user: StoredUser, settings: AppSettings, quantities: Collection[QuotaKind]
) -> list[QuotaScope]:
    """Those of them in which any of the quantities is limited."""
    return [
        scope
        for scope in scopes_of(user)
        if any(scope.limits(settings).of(quantity) is not None for quantity in quantities)
    ]
