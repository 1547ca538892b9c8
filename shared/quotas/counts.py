"""A row of counts, pure: what is used by somebody, by a host of the whole app's share, or by one
attempt at a ticket, all in one form.

The numbers of a day and of a month hold for the row's `day`, and are zero once that is over.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.clients.tables import Row, Verb, Write
from shared.models import QuotaKind

PARTITION = "quotas"
_OF_DAY = (QuotaKind.TICKETS, QuotaKind.TOKENS_DAY)

Amounts = Mapping[QuotaKind, int]


@dataclass(frozen=True, slots=True)
class Count:
    """A row as it was last seen; without an `etag` there is none. `granted` is what a host may use
    without asking, `scopes` who else an attempt or its files count for, `total` the tokens that an
    attempt was given in all, `files` the bytes of each, `since` when an attempt was counted."""

    key: str
    used: Amounts = field(default_factory=dict)
    granted: Amounts = field(default_factory=dict)
    day: str = ""
    scopes: tuple[str, ...] = ()
    total: int = 0
    files: Mapping[str, int] = field(default_factory=dict)
    since: str = ""
    etag: str = ""

    def at(self, moment: datetime) -> "Count":
        """The same on that day. A clock that is behind does not bring a day back."""
        today = max(self.day, moment.astimezone(UTC).date().isoformat())
        over = set(_OF_DAY) if today != self.day else set()
        if today[:7] != self.day[:7]:
            over.add(QuotaKind.TOKENS_MONTH)
        return replace(
            self, used=_without(self.used, over), granted=_without(self.granted, over), day=today
        )

    def add(self, changes: Amounts) -> "Count":
        return replace(self, used=plus(self.used, changes))

    def write(self) -> Write:
        columns: dict[str, Any] = {
            "day": self.day,
            "used": _dump(self.used),
            "granted": _dump(self.granted),
            "scopes": json.dumps(self.scopes),
            "total": str(self.total),
            "files": json.dumps(dict(self.files)),
            "since": self.since,
        }
        verb = Verb.MERGE if self.etag else Verb.INSERT
        return Write(verb, {**row_key(self.key), **columns}, self.etag)

    def delete(self) -> Write:
        return Write(Verb.DELETE, row_key(self.key), self.etag)


def as_count(row: Row) -> Count:
    values = row.values
    return Count(
        key=row.key,
        used=_load(values["used"]),
        granted=_load(values["granted"]),
        day=values["day"],
        scopes=tuple(json.loads(values["scopes"])),
        total=int(values["total"]),
        files=json.loads(values["files"]),
        since=values["since"],
        etag=row.etag,
    )


def row_key(key: str) -> dict[str, str]:
    return {"PartitionKey": PARTITION, "RowKey": key}


def plus(amounts: Amounts, changes: Amounts) -> Amounts:
    total = Counter(amounts)
    total.update(changes)
    return {quantity: number for quantity, number in total.items() if number}


def next_day(moment: datetime) -> datetime:
    """When the day of this moment ends."""
    return datetime.combine(_date(moment) + timedelta(days=1), time(), UTC)


def next_month(moment: datetime) -> datetime:
    """When the month of this moment ends."""
    first = _date(moment).replace(day=1)
    return datetime.combine((first + timedelta(days=31)).replace(day=1), time(), UTC)


def _date(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _without(amounts: Amounts, over: set[QuotaKind]) -> Amounts:
    return {quantity: number for quantity, number in amounts.items() if quantity not in over}


def _dump(amounts: Amounts) -> str:
    return json.dumps({quantity.value: number for quantity, number in amounts.items()})


def _load(text: str) -> Amounts:
    return {QuotaKind(name): number for name, number in json.loads(text).items()}
