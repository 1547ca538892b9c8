"""One decision over rows of counts, pure: whether there is room, and what the rows then are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.errors import QuotaExceeded
from shared.models import AppSettings, QuotaKind
from shared.quotas import app_blocks
from shared.quotas.app_blocks import APP
from shared.quotas.counts import Amounts, Count, next_day, next_month
from shared.quotas.scopes import WORDS, QuotaScope, ScopeKind

_SOON = 30
"""Seconds after which it is worth a try when something must end, or be deleted, first."""
_USED_UP = {
    QuotaKind.TICKETS: "{who} may open {limit} tickets a day, and {left} are left",
    QuotaKind.RUNNING: "{who} may have {limit} tickets at work at a time, and {left} are left",
    QuotaKind.TOKENS_DAY: "{who} may use {limit} tokens a day, and {left} are left",
    QuotaKind.TOKENS_MONTH: "{who} may use {limit} tokens a month, and {left} are left",
    QuotaKind.BYTES: "{who} may store {limit} bytes, and {left} are left",
}
_ADVICE = {
    QuotaKind.TICKETS: "please try again tomorrow (UTC)",
    QuotaKind.RUNNING: "please try again once one has ended",
    QuotaKind.TOKENS_DAY: "please try again tomorrow (UTC)",
    QuotaKind.TOKENS_MONTH: "please try again next month (UTC)",
    QuotaKind.BYTES: "please delete files or tickets that are not needed any more",
}


@dataclass(slots=True)
class Decision:
    """`host` is the key of this process's row of the whole app's share; `changed` are the rows that
    are other than they were."""

    rows: Mapping[str, Count]
    settings: AppSettings
    host: str
    moment: datetime
    changed: dict[str, Count | None] = field(default_factory=dict)

    def use(self, scope: QuotaScope, changes: Amounts) -> None:
        """Raises QuotaExceeded."""
        for quantity, change in changes.items():
            self.require(scope, quantity, change)
        self.book(scope, changes)

    def require(self, scope: QuotaScope, quantity: QuotaKind, number: int) -> None:
        """Raises QuotaExceeded unless there is room for so much more."""
        room = self.room(scope, quantity)
        if room is not None and number > 0 and number > room:
            raise _refusal(self, scope, quantity, room)

    def book(self, scope: QuotaScope, changes: Amounts) -> None:
        """Count what was used, whether there was room for it or not."""
        wanted = {quantity: change for quantity, change in changes.items() if change}
        if not wanted:
            return
        if scope.kind is not ScopeKind.APP:
            self.changed[scope.key] = self._row(scope.key).add(wanted)
            return
        host, app = self._row(self.host), self._row(APP)
        used, granted = app_blocks.use(host, app, scope.limits(self.settings), wanted)
        self.changed[self.host] = used
        if granted != app:
            self.changed[APP] = granted

    def room(self, scope: QuotaScope, quantity: QuotaKind) -> int | None:
        """How much more may be used; None without a limit."""
        limits = scope.limits(self.settings)
        if scope.kind is ScopeKind.APP:
            return app_blocks.room(self._row(self.host), self._row(APP), limits, quantity)
        limit = limits.of(quantity)
        return None if limit is None else limit - self._row(scope.key).used.get(quantity, 0)

    def _row(self, key: str) -> Count:
        return self.changed.get(key) or self.rows[key].at(self.moment)


def keys_of(scopes: Iterable[QuotaScope], host: str) -> list[str]:
    """Of the rows that a decision about these scopes looks at."""
    keys: list[str] = []
    for scope in scopes:
        keys += [host, APP] if scope.kind is ScopeKind.APP else [scope.key]
    return keys


def seconds_until_reset(quantity: QuotaKind, moment: datetime) -> int:
    """When there may be room again."""
    if quantity in (QuotaKind.TICKETS, QuotaKind.TOKENS_DAY):
        return int((next_day(moment) - moment).total_seconds()) + 1
    if quantity is QuotaKind.TOKENS_MONTH:
        return int((next_month(moment) - moment).total_seconds()) + 1
    return _SOON


def _refusal(
    decision: Decision, scope: QuotaScope, quantity: QuotaKind, room: int
) -> QuotaExceeded:
    limit, left = scope.limits(decision.settings).of(quantity) or 0, max(0, room)
    who = WORDS[scope.kind].capitalize()
    said = _USED_UP[quantity].format(who=who, limit=limit, left=left)
    return QuotaExceeded(
        f"{said}; {_ADVICE[quantity]}.",
        seconds_until_reset(quantity, decision.moment),
        {"scope": scope.kind.value, "name": quantity.value, "limit": limit, "left": left},
    )
