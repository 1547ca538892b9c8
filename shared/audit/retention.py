"""Removes audit events that are older than they have to be kept.

Only the beginning of a chain is removed, and in the same transaction the chain's horizon is set to
how many events went and the hash of the last of them: what remains still has to follow from there.
Only what holds is removed: what somebody changed stays for `verify`, and no horizon is signed for
it. May die anywhere and run again.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.audit.activity_hours import Activity
from shared.audit.digests import Digest, Digests, KnownHeads, has_sealed
from shared.audit.horizon import Checkpoint, Horizons
from shared.audit.keys import AuditKeys, is_signed
from shared.audit.proof import Evidence, FoundEvent, find_fault
from shared.audit.rows import key_in_time, read_event
from shared.clients.tables import Row, Table, Verb, Write
from shared.models.clock import Clock
from shared.settings.audit import AuditSettings
from shared.storage.columns import log_key
from shared.storage.keys import USERS, prefix_end

log = logging.getLogger(__name__)

_END = prefix_end("log_")
_HOUR = timedelta(hours=1)
_EVENTS_AT_ONCE = 49  # two rows each, and the horizon: at most 100 writes in a transaction


@dataclass(frozen=True, slots=True)
class _OldEvent:
    """An event that is older than it has to be kept, with its row in time."""

    chain: str
    row: Row
    found: FoundEvent


@dataclass(frozen=True, slots=True)
class _Cleared:
    """How many events were removed, and how many had to be left."""

    removed: int
    left: int


class Retention:
    """Enforces how long events are kept."""

    def __init__(
        self,
        *,
        ticket_table: Table,
        user_table: Table,
        keys: AuditKeys,
        digests: Digests,
        horizons: Horizons,
        settings: AuditSettings,
        clock: Clock,
    ) -> None:
        self._ticket_table = ticket_table
        self._user_table = user_table
        self._activity = Activity(ticket_table)
        self._keys = keys
        self._digests = digests
        self._horizons = horizons
        self._newest: Digest | None = None
        self._days = settings.retention_days
        self._clock = clock

    async def enforce(self) -> int:
        """Remove what is too old; how many events that were."""
        if not self._days:
            return 0
        self._newest = await self._digests.newest() if self._keys.is_set else None
        before = self._clock.now() - timedelta(days=self._days)
        of_users = await self._clear(self._user_table, USERS, log_key(before), _END)
        removed = of_users.removed
        epoch = datetime.fromtimestamp(0, before.tzinfo)
        async for hour, owners in self._activity.hours(before, epoch):
            start = max(log_key(before), log_key(hour + _HOUR - timedelta(microseconds=1)))
            end = log_key(hour - timedelta(microseconds=1))
            for owner in owners:
                cleared = await self._clear(self._ticket_table, owner, start, end)
                removed += cleared.removed
                if hour + _HOUR <= before and not cleared.left:
                    await self._activity.forget(owner, hour)
        log.info("Retention removed %d audit events", removed)
        return removed

    async def _clear(self, table: Table, partition: str, start: str, end: str) -> _Cleared:
        """Remove the events of a partition whose keys in time lie between these two."""
        chains: dict[str, list[_OldEvent]] = defaultdict(list)
        async for row in table.query(partition, start, end):
            old = _read_event(partition, row)
            chains[old.chain].append(old)
        removed = 0
        for chain, old_events in chains.items():
            removed += await self._shorten(table, partition, chain, old_events)
        return _Cleared(removed, sum(map(len, chains.values())) - removed)

    async def _shorten(
        self, table: Table, partition: str, chain: str, old_events: list[_OldEvent]
    ) -> int:
        """Move the horizon of a chain forward over those of its events that follow it."""
        name = chain.rpartition("-")[2]
        is_sealed = has_sealed(self._newest)
        horizon = await self._horizons.find(table, partition, name, is_sealed=is_sealed)
        going: list[_OldEvent] = []
        for old in sorted(old_events, key=lambda one: one.found.number):
            if old.found.number == horizon.events + len(going) + 1:
                going.append(old)
        going = await self._leave_what_does_not_hold(chain, horizon, going)
        for begin in range(0, len(going), _EVENTS_AT_ONCE):
            part = going[begin : begin + _EVENTS_AT_ONCE]
            horizon = Checkpoint(horizon.events + len(part), str(part[-1].row.values["hash"]))
            writes = [write for old in part for write in _removal(partition, name, old.row)]
            await table.write([*writes, self._horizons.write(partition, name, horizon)])
        return len(going)

    async def _leave_what_does_not_hold(
        self, chain: str, horizon: Checkpoint, going: list[_OldEvent]
    ) -> list[_OldEvent]:
        """The events before the first that does not hold. The digests are asked about chains that
        began without a key, and no others: a signature says as much by itself."""
        known = KnownHeads()
        if self._newest and not all(is_signed(str(old.row.values["hash"])) for old in going):
            known = await self._digests.find_heads(chain, self._newest)
        evidence = Evidence(
            keys=self._keys,
            horizon=horizon,
            known=known,
            end=None,
            is_sealed=has_sealed(self._newest),
        )
        fault = find_fault([old.found for old in going], evidence)
        holding = [old for old in going if fault is None or old.found.number < fault.number]
        if len(holding) < len(going):
            log.warning("Retention leaves events that do not hold: verify the trail of %s", chain)
        return holding


def _read_event(partition: str, row: Row) -> _OldEvent:
    """An event by its copy in time."""
    chain, _, number = row.key.rpartition("_")[2].partition(".")
    event = read_event(row, None if partition == USERS else chain)
    is_in_place = event and row.key == key_in_time(event)
    position = int(number) if number.isdecimal() else 0
    return _OldEvent(chain, row, FoundEvent(position, event if is_in_place else None))


def _removal(partition: str, name: str, row: Row) -> list[Write]:
    """An event goes from its place in the chain and from that in time."""
    number = row.key.rpartition(".")[2]
    keys = (f"event_{name}_{number}", row.key)
    return [Write(Verb.DELETE, {"PartitionKey": partition, "RowKey": key}) for key in keys]
