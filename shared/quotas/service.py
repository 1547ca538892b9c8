"""What tickets and files count for: taken before they are stored, given back when they end or go.

Each attempt at a ticket has a row that says what it was counted for, written and deleted together
with the counts: however often an attempt is begun or ended, it counts once.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from shared.accounts.app_settings import AppSettingsStore
from shared.accounts.repository import Users
from shared.errors import NotFound, PermanentFailure, QuotaExceeded
from shared.models import AppSettings, QuotaKind, QuotaLimits, StoredTicket, StoredUser
from shared.models.clock import Clock
from shared.quotas.app_blocks import APP, GONE, HOSTS, has_left, take_back
from shared.quotas.count_table import CountTable, Rows
from shared.quotas.counts import Count
from shared.quotas.decision import Decision, keys_of
from shared.quotas.files import keep_files, put_files
from shared.quotas.holds import TOKENS, check_max_tokens, find_tokens, give_back, new_hold
from shared.quotas.scopes import QuotaScope, ScopeKind, find_scopes

HOLDS = "hold_"
_ATTEMPT = (QuotaKind.TICKETS, QuotaKind.RUNNING, *TOKENS)


@dataclass(frozen=True, slots=True)
class Hold:
    """What was counted for an attempt, and since when."""

    ticket_id: str
    attempt: int
    since: str


class Quotas:
    """Where nothing is limited it costs no storage call; else at most one when an attempt is
    opened, one for each tenth of the tokens it may use, and one when it ends, as long as nobody
    else changes the same rows."""

    def __init__(
        self, *, counts: CountTable, settings: AppSettingsStore, users: Users, clock: Clock
    ) -> None:
        self._counts = counts
        self._store = settings
        self._users = users
        self._clock = clock
        self._host = f"{HOSTS}{secrets.token_hex(8)}"
        self._limits = AppSettings(registration_open=False).limits

    async def admit(self, ticket: StoredTicket, owner: StoredUser) -> StoredTicket:
        """Count the ticket's attempt, and its files where it is new; the ticket as it is to be
        stored. Raises QuotaExceeded, and Invalid for more tokens than it may have."""
        settings = await self._settings()
        scopes = find_scopes(owner, settings, _ATTEMPT)
        check_max_tokens(ticket, scopes, settings)
        new = ticket.stored_sizes if ticket.attempt == 1 else {}
        stored = find_scopes(owner, settings, {QuotaKind.BYTES}) if new else []
        is_counted = bool(scopes) or ticket.max_tokens is not None
        counted = {"is_counted": is_counted}
        if ticket.attempt == 1:
            counted["are_files_counted"] = bool(stored)
        key, files_key = _hold_key(ticket.id, ticket.attempt), _files_key(ticket.id)
        own = [*([key] if is_counted else []), *([files_key] if stored else [])]

        def decide(decision: Decision) -> None:
            if is_counted and not decision.rows[key].etag:
                for scope in scopes:
                    for quantity in TOKENS:
                        decision.require(scope, quantity, 1)
                    decision.use(scope, {QuotaKind.TICKETS: 1, QuotaKind.RUNNING: 1})
                decision.changed[key] = new_hold(key, scopes, decision.moment)
            if stored:
                put_files(decision, files_key, stored, new)

        if own:
            await self._decide(own, [*scopes, *stored], decide, settings, new=own)
        return ticket.model_copy(update=counted)

    async def settle(self, ticket_id: str, attempt: int, tokens: int) -> None:
        """An attempt has ended with so many tokens: they stay counted, whatever else was held for
        it is free again."""
        await self._release(_hold_key(ticket_id, attempt), tokens, was_opened=True)

    async def withdraw(self, ticket_id: str, attempt: int) -> None:
        """An attempt that was counted was never stored."""
        await self._release(_hold_key(ticket_id, attempt), None, was_opened=False)
        if attempt == 1:
            await self.keep_files(ticket_id, ())

    async def grant_tokens(self, ticket: StoredTicket, need: int) -> int:
        """How many more tokens this process may use for the ticket's attempt: at least `need`.
        Raises PermanentFailure, and NotFound once it has ended."""
        key = _hold_key(ticket.id, ticket.attempt)
        scopes = _scopes_in(await self._counts.read(key))
        settings = await self._settings()
        granted = 0

        def decide(decision: Decision) -> None:
            nonlocal granted
            hold = decision.rows[key].at(decision.moment)
            if not hold.etag:
                raise NotFound("There is no such ticket at work.")
            granted = find_tokens(decision, hold, scopes, ticket.max_tokens, need)
            changes = dict.fromkeys(TOKENS, granted)
            for scope in scopes:
                decision.book(scope, changes)
            decision.changed[key] = replace(hold.add(changes), total=hold.total + granted)

        try:
            await self._decide([key], scopes, decide, settings)
        except QuotaExceeded as refusal:
            raise PermanentFailure(f"The tokens are used up: {refusal.detail}") from None
        return granted

    async def needs_budget(self, ticket: StoredTicket) -> bool:
        """Whether the tokens of a ticket's attempt are limited."""
        if not ticket.is_counted or ticket.max_tokens is not None:
            return ticket.is_counted
        limits = [*_all_limits(await self._settings())]
        return any(one.of(quantity) is not None for one in limits for quantity in TOKENS)

    async def count_files(self, ticket: StoredTicket, new: Mapping[str, int]) -> bool:
        """Count files and large inputs that a ticket is about to name, by their ids in bytes;
        whether its files are counted. Raises QuotaExceeded."""
        settings, key = await self._settings(), _files_key(ticket.id)
        scopes = await self._find_file_scopes(ticket, key, settings)
        if not scopes:
            return False

        def decide(decision: Decision) -> None:
            put_files(decision, key, scopes, new)

        await self._decide([key], scopes, decide, settings)
        return True

    async def _find_file_scopes(
        self, ticket: StoredTicket, key: str, settings: AppSettings
    ) -> list[QuotaScope]:
        """What a ticket's files are counted for, or are to be counted for from now on."""
        known = _scopes_in(await self._counts.read(key)) if ticket.are_files_counted else []
        owner = None if known else await self._owner(ticket, settings)
        limited = find_scopes(owner, settings, {QuotaKind.BYTES}) if owner else []
        return known or (limited and (_scopes_in(await self._counts.read(key)) or limited))

    async def keep_files(self, ticket_id: str, kept: Collection[str]) -> None:
        """Of a ticket's files only those of these ids are there (any more)."""
        await self._keep_files(ticket_id, lambda name: name in kept)

    async def drop_files(self, ticket_id: str, gone: Collection[str]) -> None:
        """Of a ticket's files those of these ids are not there (any more)."""
        await self._keep_files(ticket_id, lambda name: name not in gone)

    async def _keep_files(self, ticket_id: str, is_kept: Callable[[str], bool]) -> None:
        key = _files_key(ticket_id)
        row = await self._counts.read(key)
        if not row.etag:
            return
        scopes = _scopes_in(row)

        def decide(decision: Decision) -> None:
            keep_files(decision, key, scopes, is_kept)

        await self._decide([key], scopes, decide, await self._settings())

    async def limits_anything(self) -> bool:
        """Whether there is a limit of anything for anybody."""
        return any(one != QuotaLimits() for one in _all_limits(await self._settings()))

    async def holds(self) -> list[Hold]:
        """All attempts that are counted as running."""
        found = []
        async for row in self._counts.list_rows(HOLDS):
            ticket_id, _, attempt = row.key.removeprefix(HOLDS).rpartition("_")
            found.append(Hold(ticket_id, int(attempt), row.since))
        return found

    async def take_back_from_gone(self, day: str) -> None:
        """Forget the hosts that have used nothing since the day `day`, not what they have used."""
        async for row in self._counts.list_rows(HOSTS):
            if row.day < day and row.key not in (self._host, GONE):
                await self._take_back(row.key)

    async def _take_back_all(self) -> bool:
        """Take back what other hosts have left over of the whole app's share; whether there was
        anything."""
        rows = [row async for row in self._counts.list_rows(HOSTS)]
        left = [row.key for row in rows if row.key not in (self._host, GONE) and has_left(row)]
        for host in left:
            await self._take_back(host)
        return bool(left)

    async def _take_back(self, host: str) -> None:
        self._counts.forget([host])

        def decide(rows: Rows) -> Mapping[str, Count | None]:
            if not rows[host].etag:
                return {}
            gone, app = take_back(rows[host], rows[GONE], rows[APP], self._clock.now())
            return {host: None, GONE: gone, APP: app}

        await self._counts.change([host, GONE, APP], decide)

    async def _release(self, key: str, tokens: int | None, *, was_opened: bool) -> None:
        scopes = _scopes_in(await self._counts.read(key))

        def decide(decision: Decision) -> None:
            hold = decision.rows[key].at(decision.moment)
            if not hold.etag:
                return
            for scope in scopes:
                decision.book(scope, give_back(hold, tokens, was_opened=was_opened))
            decision.changed[key] = None

        await self._decide([key], scopes, decide, await self._settings())

    async def _decide(
        self,
        own: Collection[str],
        scopes: Collection[QuotaScope],
        decide: Callable[[Decision], None],
        settings: AppSettings,
        new: Collection[str] = (),
    ) -> None:
        """Change the rows of `own` and of what they count for, all or none."""

        def change(rows: Rows) -> Mapping[str, Count | None]:
            decision = Decision(rows, settings, self._host, self._clock.now())
            decide(decision)
            return decision.changed

        keys = [*own, *dict.fromkeys(keys_of(scopes, self._host))]
        try:
            await self._counts.change(keys, change, new)
        except QuotaExceeded as refusal:
            if refusal.quota["scope"] != ScopeKind.APP or not await self._take_back_all():
                raise
            await self._counts.change(keys, change, new)

    async def _settings(self) -> AppSettings:
        """Once limits are others, what was remembered under the old ones does not count."""
        settings = await self._store.recent()
        if settings.limits != self._limits:
            self._counts.forget_all()
            self._limits = settings.limits
        return settings

    async def _owner(self, ticket: StoredTicket, settings: AppSettings) -> StoredUser | None:
        """None where nobody's files are limited."""
        if all(limits.stored_bytes is None for limits in _all_limits(settings)):
            return None
        return await self._users.recent(ticket.created_by)


def _all_limits(settings: AppSettings) -> Iterator[QuotaLimits]:
    known = settings.limits
    yield known.app
    yield from known.departments.values()
    yield from known.users.values()


def _scopes_in(row: Count) -> list[QuotaScope]:
    """What an attempt or its files were counted for."""
    return [*map(QuotaScope.parse, row.scopes)]


def _hold_key(ticket_id: str, attempt: int) -> str:
    return f"{HOLDS}{ticket_id}_{attempt}"


def _files_key(ticket_id: str) -> str:
    return f"files_{ticket_id}"
