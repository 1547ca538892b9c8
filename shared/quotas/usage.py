"""What is limited for a user, and how much of it is used."""

import asyncio

from shared.accounts.app_settings import AppSettingsStore
from shared.models import (
    Amounts,
    AmountsByScope,
    AppSettings,
    QuotaKind,
    QuotaLimits,
    QuotaUsage,
    Resets,
    StoredUser,
)
from shared.models.clock import Clock
from shared.quotas.app_blocks import HOSTS
from shared.quotas.count_table import CountTable
from shared.quotas.counts import next_day, next_month
from shared.quotas.scopes import QuotaScope, ScopeKind, find_scopes


class UsageReport:
    """Reads what is counted, and nothing where nothing is limited."""

    def __init__(self, *, counts: CountTable, settings: AppSettingsStore, clock: Clock) -> None:
        self._counts = counts
        self._settings = settings
        self._clock = clock

    async def of_user(self, user: StoredUser) -> QuotaUsage:
        """A storage call for each of user, department and app for which anything is limited."""
        settings, moment = await self._settings.recent(), self._clock.now()
        scopes = find_scopes(user, settings, [*QuotaKind])
        used = await asyncio.gather(*(self._read_used(scope, settings) for scope in scopes))
        limits = {scope.kind: scope.limits(settings) for scope in scopes}
        by_scope = dict(zip(limits, used, strict=True))
        left = {kind: _subtract(limits[kind], by_scope[kind]) for kind in limits}
        return QuotaUsage(
            limits=_sort_by_scope({kind: _make_amounts(limits[kind]) for kind in limits}),
            used=_sort_by_scope(by_scope),
            left=_sort_by_scope(left),
            resets_at=Resets(day=next_day(moment), month=next_month(moment)),
        )

    async def _read_used(self, scope: QuotaScope, settings: AppSettings) -> Amounts:
        """Of what is limited."""
        limits = scope.limits(settings)
        prefix = HOSTS if scope.kind is ScopeKind.APP else scope.key
        rows = [row.at(self._clock.now()) async for row in self._counts.list_rows(prefix)]
        return Amounts.model_validate(
            {
                quantity.value: max(0, sum(row.used.get(quantity, 0) for row in rows))
                for quantity in QuotaKind
                if limits.of(quantity) is not None
            }
        )


def _make_amounts(limits: QuotaLimits) -> Amounts:
    return Amounts.model_validate(limits.model_dump())


def _subtract(limits: QuotaLimits, used: Amounts) -> Amounts:
    return Amounts.model_validate(
        {name: max(0, limit - getattr(used, name)) for name, limit in limits if limit is not None}
    )


def _sort_by_scope(amounts: dict[ScopeKind, Amounts]) -> AmountsByScope:
    return AmountsByScope.model_validate(
        {kind.value: one.model_dump() for kind, one in amounts.items()}
    )
