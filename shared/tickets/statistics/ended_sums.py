"""Sums of the attempts that ended, a row for each owner and hour, so that a question about days
costs a read for each thousand of these rows, however many tickets there are.

An attempt is counted after its end is stored, by whoever ended it, and once: a mark of it is
inserted in the same transaction. Whoever dies in between runs again and finds no mark.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from shared.clients.blobs import Container
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import Status, StoredTicket, Usage, rfc3339
from shared.models.clock import Clock
from shared.storage.compressed import unpack
from shared.storage.conflicts import retry_on_conflict
from shared.storage.keys import EVERYBODY
from shared.storage.locks import Locks
from shared.telemetry.metrics import record
from shared.telemetry.names import Attribute, LogLine, Metric
from shared.telemetry.scope import facts_of, scope_of
from shared.text.first_sentence import first_sentence
from shared.tickets.attempts import Attempt

log = logging.getLogger(__name__)

ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
_HOUR = 3600
_LAST_HOUR = 16**6 - 1
_SUMS, _MARK = "sums_", "counted_"
_BEHIND = "g"
"""Any hexadecimal digits."""
_KEPT = timedelta(days=400)
_MARKED = timedelta(days=3)
"""Longer than an end is tried to be written."""
_LONGEST = "longest__"
_REMEMBERED = 1_000


Settle = Callable[[str, int, int], Awaitable[None]]
"""Tells the quotas that an attempt at a ticket has ended with so many tokens."""


async def for_no_quota(ticket_id: str, attempt: int, tokens: int) -> None:
    """For who ends tickets where nothing is limited."""


@dataclass(slots=True)
class EndedSum:
    """What an owner's tickets came to in an hour: numbers by `{what}__{task type or failure}`."""

    owner: str
    numbers: Counter[str] = field(default_factory=Counter)

    def add(self, more: Mapping[str, float]) -> None:
        for name, value in more.items():
            known = self.numbers[name]
            self.numbers[name] = max(known, value) if name.startswith(_LONGEST) else known + value  # type: ignore[assignment]


class EndedSums:
    """Rows of the partition that lists the tickets of all owners."""

    def __init__(
        self, table: Table, container: Container, clock: Clock, *, settle: Settle = for_no_quota
    ) -> None:
        self._table = table
        self._container = container
        self._clock = clock
        self._settle = settle
        self._known: OrderedDict[str, Row] = OrderedDict()
        self._turns = Locks()

    async def count(self, ticket: StoredTicket) -> None:
        """Count the attempt that `ticket` has ended with, once: one storage call, one more where
        its row does not hold what it used, one more where it counts for a quota, and two for each
        writer who was faster. One that has not ended is not counted."""
        if not ticket.has_ended or ticket.completed_at is None:
            return
        usage = await self._usage(ticket)
        if ticket.is_counted:
            await self._settle(ticket.id, ticket.attempt, usage.tokens)
        ended = _numbers(ticket, usage)
        mark = f"{_MARK}{rfc3339(ticket.completed_at)}_{_hash(ticket)}"
        key = _key(ticket.completed_at, ticket.created_by)

        async def attempt() -> None:
            known = self._known.pop(key, None)  # as this process last wrote it
            writes = [Write(Verb.INSERT, {"PartitionKey": EVERYBODY, "RowKey": mark})]
            added = _add_ended(key, ticket.created_by, known, ended)
            try:
                _, etag = await self._table.write([*writes, added])
            except WriteConflict as conflict:
                if conflict.index:
                    await self._refresh(key)
                    raise
                return
            self._remember(key, Row({**added.values}, etag))
            _report(ticket)

        async with self._turns.of(key):
            await retry_on_conflict(attempt)

    async def _refresh(self, key: str) -> None:
        if known := await self._table.read(EVERYBODY, key):
            self._remember(key, known)

    def _remember(self, key: str, row: Row) -> None:
        self._known[key] = row
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _usage(self, ticket: StoredTicket) -> Usage:
        if ticket.status is Status.COMPLETED and ticket.result:
            return Usage.model_validate(unpack(ticket.result)["usage"])
        return (await Attempt(self._container, ticket.id, ticket.attempt).ledger()).usage

    async def since(self, moment: datetime) -> AsyncIterator[EndedSum]:
        """The sums of the hours from that of `moment` on, newest first."""
        async for row in self._table.query(EVERYBODY, _SUMS, _key(moment, _BEHIND)):
            yield _sum(row)

    async def expire(self) -> None:
        """Forget marks that nobody can look for any more, and sums of long ago."""
        moment = self._clock.now()
        late = f"{_MARK}{rfc3339(moment - _MARKED)}"
        async for row in self._table.query(EVERYBODY, _MARK, late, columns=("RowKey",)):
            await self._table.delete(EVERYBODY, row.key)
        old, end = _key(moment - _KEPT, _BEHIND), f"{_SUMS}{_BEHIND}"
        async for row in self._table.query(EVERYBODY, old, end, columns=("RowKey",)):
            await self._table.delete(EVERYBODY, row.key)


def _hash(ticket: StoredTicket) -> str:
    """Of an attempt: the mark outlives its ticket, of which nothing must be left when it is
    deleted."""
    return sha256(f"{ticket.id}_{ticket.attempt}".encode()).hexdigest()[:32]


def _report(ticket: StoredTicket) -> None:
    """Say that a ticket has ended, and why it failed: once, but for a death just before."""
    with scope_of(facts_of(ticket)):
        record(Metric.TICKETS_ENDED, 1, {Attribute.STATUS: ticket.status.value})
        if ticket.status is Status.FAILED:
            told = {
                Attribute.FAILURE.value: first_sentence(ticket.error_message or ""),
                Attribute.REASON.value: ticket.failure_kind.value,
            }
            log.error(LogLine.TICKET_FAILED, extra={"told": told})


def _key(moment: datetime, owner: str) -> str:
    hour = int(moment.astimezone(UTC).timestamp()) // _HOUR
    return f"{_SUMS}{_LAST_HOUR - hour:06x}_{owner}"


def _numbers(ticket: StoredTicket, usage: Usage) -> dict[str, float]:
    kind, seconds = ticket.task_type, ticket.processing_time_seconds or 0.0
    numbers = {
        f"{ticket.status.value}__{kind}": 1,
        f"seconds__{kind}": seconds,
        f"{_LONGEST}{kind}": seconds,
        f"prompt__{kind}": usage.prompt_tokens,
        f"completion__{kind}": usage.completion_tokens,
        f"cached__{kind}": usage.cached,
    }
    if ticket.status is Status.FAILED:
        numbers[f"failure__{ticket.failure_kind}"] = 1
    return numbers


def _add_ended(key: str, owner: str, known: Row | None, ended: Mapping[str, float]) -> Write:
    row: dict[str, Any] = {"PartitionKey": EVERYBODY, "RowKey": key}
    total = _sum(known) if known else EndedSum(owner)
    total.add(ended)
    # Storage takes a whole number for one of 32 bits.
    row |= {name: float(value) for name, value in total.numbers.items()}
    return Write(Verb.MERGE if known else Verb.INSERT, row, known.etag if known else "")


def _sum(row: Row) -> EndedSum:
    numbers = Counter({name: value for name, value in row.values.items() if "__" in name})
    return EndedSum(row.key.rpartition("_")[2], numbers)
