"""Whose tickets had audit events in which hour, so that the trail of all can be read by time.

A mark is written before the first event of an owner in an hour: a crash leaves a mark too many,
never an event that no search finds. A process remembers its marks, and a ticket is opened with one
in a call that is made anyhow, so marking hardly ever costs a call of its own.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from shared.clients.tables import Table, Verb, Write
from shared.models import AuditEvent
from shared.storage.keys import EVERYBODY, prefix_end

_HOUR = 3600
_LAST_HOUR = 16**6 - 1
_PREFIX = "active_"
_REMEMBERED = 10_000


class Activity:
    """Marks in the partition that lists the tickets of all owners."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._marked: OrderedDict[str, int] = OrderedDict()

    @contextmanager
    def mark(self, owner: str, events: Sequence[AuditEvent]) -> Iterator[list[Write]]:
        """Gives the writes that have to be made before `events` of a moment are, none if they are
        known to be made; remembers them when the block has done so."""
        hour = _hour(events[0].timestamp) if events else None
        if hour is None or self._marked.get(owner) == hour:
            yield []
            return
        yield [Write(Verb.REPLACE, {"PartitionKey": EVERYBODY, "RowKey": _key(hour, owner)})]
        self._marked[owner] = hour
        self._marked.move_to_end(owner)
        if len(self._marked) > _REMEMBERED:
            self._marked.popitem(last=False)

    async def hours(
        self, newest: datetime, oldest: datetime
    ) -> AsyncIterator[tuple[datetime, list[str]]]:
        """Each hour with events, newest first, and whose; a storage call brings 1,000 marks."""
        start, end = _key(_hour(newest), ""), prefix_end(_key(_hour(oldest), ""))
        hour, owners = -1, list[str]()
        async for row in self._table.query(EVERYBODY, start, end):
            _, inverted, owner = row.key.split("_")
            this = _LAST_HOUR - int(inverted, 16)
            if this != hour and owners:
                yield _moment(hour), owners
                owners = []
            hour = this
            owners.append(owner)
        if owners:
            yield _moment(hour), owners

    async def forget(self, owner: str, moment: datetime) -> None:
        """There are no events of that hour any more."""
        await self._table.delete(EVERYBODY, _key(_hour(moment), owner))


def _hour(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) // _HOUR


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * _HOUR, UTC)


def _key(hour: int, owner: str) -> str:
    return f"{_PREFIX}{_LAST_HOUR - hour:06x}_{owner}"
