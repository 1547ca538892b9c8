"""The statistics of everybody, for administrators, or of a department, for its manager."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.accounts.principal import Principal
from shared.accounts.repository import Users
from shared.clients.side_by_side import gather_within
from shared.errors import Forbidden
from shared.models import (
    EndedCounts,
    EndedOfType,
    EndedOfUser,
    Role,
    RunningTicket,
    Statistics,
    StatisticsQuery,
    Status,
    TicketsQuery,
)
from shared.models.clock import Clock
from shared.settings.model import PriceSettings
from shared.storage.keys import EVERYBODY
from shared.storage.sharded_counters import Totals
from shared.tickets.listing.index import Index
from shared.tickets.listing.listing import TicketList
from shared.tickets.permissions import Permissions
from shared.tickets.repository import Tickets
from shared.tickets.statistics.ended_sums import ENDED, EndedSum, EndedSums

_A_DAY, _LONGEST_AGO = timedelta(days=1), timedelta(days=31)
_MAX_USERS = 100
_MAX_RUNNING = 100
_AT_ONCE = 16
_MILLION = 1_000_000


class TicketStatistics:
    """Answers what is going on."""

    def __init__(
        self,
        *,
        sums: EndedSums,
        tickets: Tickets,
        index: Index,
        listing: TicketList,
        users: Users,
        permissions: Permissions,
        prices: PriceSettings,
        clock: Clock,
    ) -> None:
        self._sums = sums
        self._tickets = tickets
        self._index = index
        self._listing = listing
        self._users = users
        self._permissions = permissions
        self._prices = prices
        self._clock = clock

    async def report(self, principal: Principal, query: StatisticsQuery) -> Statistics:
        """A storage call for each thousand rows of sums, one for the counts (one a member for a
        manager), and those of a list of what runs. Raises Forbidden."""
        if principal.user.role is Role.USER:
            raise Forbidden("Only managers and administrators may see statistics.")
        moment = self._clock.now()
        since = max(query.since or moment - _A_DAY, moment - _LONGEST_AGO)
        owners = await self._permissions.owners(principal.user)
        found = [
            one async for one in self._sums.since(since) if owners is None or one.owner in owners
        ]
        whole = EndedSum(EVERYBODY)
        for one in found:
            whole.add(one.numbers)
        totals, running, users = await asyncio.gather(
            self._totals(owners),
            self._list_running(principal, owners, moment),
            self._by_user(found),
        )
        return Statistics(
            since=since,
            until=moment,
            tickets=_by_status(totals),
            total=EndedCounts.model_validate(self._counts(whole.numbers)),
            types=list(self._by_type(whole.numbers)),
            users=users,
            failures=dict(_parts(whole.numbers, "failure")),
            running=running,
            currency=self._prices.currency,
        )

    async def _totals(self, owners: Collection[str] | None) -> Totals:
        if owners is None:
            return await self._index.totals()
        whole = Totals()
        for totals in await gather_within(_AT_ONCE, self._tickets.totals, owners):
            whole.update(totals)
        return whole

    async def _list_running(
        self, principal: Principal, owners: Collection[str] | None, at: datetime
    ) -> list[RunningTicket]:
        query = TicketsQuery(status=Status.PROCESSING, per_page=_MAX_RUNNING)
        tickets = await self._listing.newest(principal, query)
        return [
            RunningTicket(
                ticket_id=ticket.id,
                title=ticket.title,
                task_type=ticket.task_type,
                created_by=ticket.created_by,
                stage=ticket.progress.stage,
                percent=ticket.progress.percent,
                age_seconds=max(
                    (at - (ticket.started_at or ticket.created_at)).total_seconds(), 0.0
                ),
            )
            for ticket in tickets
            if owners is None or ticket.created_by in owners
        ]

    async def _by_user(self, found: list[EndedSum]) -> list[EndedOfUser]:
        sums: dict[str, EndedSum] = defaultdict(lambda: EndedSum(""))
        for one in found:
            sums[one.owner].add(one.numbers)
        counts = {owner: self._counts(one.numbers) for owner, one in sums.items()}
        busiest = sorted(counts, key=lambda owner: -_tokens(counts[owner]))[:_MAX_USERS]
        known = await asyncio.gather(*map(self._users.recent, busiest))
        return [
            EndedOfUser(user_id=owner, username=user and user.username, **counts[owner])
            for owner, user in zip(busiest, known, strict=True)
        ]

    def _by_type(self, numbers: Mapping[str, float]) -> Iterator[EndedOfType]:
        for kind in sorted(dict(_parts(numbers, "seconds"))):
            mine = {name: v for name, v in numbers.items() if name.partition("__")[2] == kind}
            ended = sum(mine.get(f"{status.value}__{kind}", 0) for status in ENDED)
            yield EndedOfType(
                task_type=kind,
                mean_seconds=round(mine[f"seconds__{kind}"] / max(ended, 1), 3),
                longest_seconds=mine[f"longest__{kind}"],
                **self._counts(mine),
            )

    def _counts(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        counts: dict[str, Any] = {
            status.value: round(_total(numbers, status.value)) for status in ENDED
        }
        tokens = {part: round(_total(numbers, part)) for part in ("prompt", "cached", "completion")}
        counts |= {f"{part}_tokens": number for part, number in tokens.items()}
        return counts | {"cost": self._prices.cost(**tokens)}


def _parts(numbers: Mapping[str, float], what: str) -> Iterator[tuple[str, int]]:
    for name, value in numbers.items():
        if name.startswith(f"{what}__"):
            yield name.partition("__")[2], round(value)


def _total(numbers: Mapping[str, float], what: str) -> float:
    return sum(value for name, value in numbers.items() if name.startswith(f"{what}__"))


def _tokens(counts: Mapping[str, Any]) -> int:
    return int(counts["prompt_tokens"]) + int(counts["completion_tokens"])


def _by_status(totals: Totals) -> dict[Status, dict[str, int]]:
    by_status: dict[Status, dict[str, int]] = defaultdict(dict)
    for name, count in totals.items():
        status, _, task_type = name.partition("__")
        if count:
            by_status[Status(status)][task_type] = count
    return by_status
