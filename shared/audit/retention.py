"""Removes audit events that are older than they have to be kept.

Only the beginning of a chain is removed, and in the same transaction the chain's horizon is set to
how many events went and the hash of the last of them: what remains still has to follow from there.
May die anywhere and run again.
"""

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from shared.audit.activity_hours import Activity
from shared.audit.horizon import Checkpoint, horizon_of, horizon_write
from shared.clients.tables import Row, Table, Verb, Write
from shared.models.clock import Clock
from shared.settings.workflow import AuditSettings
from shared.storage.columns import log_key
from shared.storage.keys import USERS, prefix_end

log = logging.getLogger(__name__)

_END = prefix_end("log_")
_HOUR = timedelta(hours=1)
_EVENTS_AT_ONCE = 49  # two rows each, and the horizon: at most 100 writes in a transaction


class Retention:
    """Enforces how long events are kept."""

    def __init__(
        self, *, ticket_table: Table, user_table: Table, settings: AuditSettings, clock: Clock
    ) -> None:
        self._ticket_table = ticket_table
        self._user_table = user_table
        self._activity = Activity(ticket_table)
        self._days = settings.retention_days
        self._clock = clock

    async def enforce(self) -> int:
        """Remove what is too old; how many events that were."""
        if not self._days:
            return 0
        before = self._clock.now() - timedelta(days=self._days)
        removed = await self._clear(self._user_table, USERS, log_key(before), _END)
        epoch = datetime.fromtimestamp(0, before.tzinfo)
        async for hour, owners in self._activity.hours(before, epoch):
            start = max(log_key(before), log_key(hour + _HOUR - timedelta(microseconds=1)))
            end = log_key(hour - timedelta(microseconds=1))
            for owner in owners:
                removed += await self._clear(self._ticket_table, owner, start, end)
                if hour + _HOUR <= before:
                    await self._activity.forget(owner, hour)
        log.info("Retention removed %d audit events", removed)
        return removed

    async def _clear(self, table: Table, partition: str, start: str, end: str) -> int:
        """Remove the events of a partition whose keys in time lie between these two."""
        chains: dict[str, list[tuple[int, Row]]] = defaultdict(list)
        async for row in table.query(partition, start, end):
            chain, _, number = row.key.rpartition("_")[2].partition(".")
            chains[chain].append((int(number), row))
        return sum(
            [await self._shorten(table, partition, chain, rows) for chain, rows in chains.items()]
        )

    async def _shorten(
        self, table: Table, partition: str, chain: str, rows: list[tuple[int, Row]]
    ) -> int:
        """Move the horizon of a chain forward over those of its events that follow it."""
        name = chain.rpartition("-")[2]
        horizon = await horizon_of(table, partition, name)
        going: list[Row] = []
        for number, row in sorted(rows, key=lambda pair: pair[0]):
            if number == horizon.events + len(going) + 1:
                going.append(row)
        for begin in range(0, len(going), _EVENTS_AT_ONCE):
            part = going[begin : begin + _EVENTS_AT_ONCE]
            horizon = Checkpoint(horizon.events + len(part), str(part[-1].values["hash"]))
            writes = [write for row in part for write in _removal(partition, name, row)]
            await table.write([*writes, horizon_write(partition, name, horizon)])
        return len(going)


def _removal(partition: str, name: str, row: Row) -> list[Write]:
    """An event goes from its place in the chain and from that in time."""
    number = row.key.rpartition(".")[2]
    keys = (f"event_{name}_{number}", row.key)
    return [Write(Verb.DELETE, {"PartitionKey": partition, "RowKey": key}) for key in keys]
