"""Requests that are safe to repeat: what an `Idempotency-Key` was first used for.

The row lies in the caller's partition and comes into being in the transaction that stores the
ticket: there is never one without the other, and of any number of requests at once one wins. The
same key rows, by time, in the index let them be found when their day is over.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import Invalid, Malformed, WriteConflict
from shared.models import Attachment, StoredTicket, rfc3339
from shared.models.clock import Clock
from shared.storage.columns import to_column
from shared.storage.keys import EVERYBODY
from shared.text.strict_json import canonical

KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PREFIX = "key_"


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to be carried out once: its caller's key and what it asks for."""

    user_id: str
    key: str
    fingerprint: str

    @property
    def row_key(self) -> str:
        return f"once_{sha256(self.key.encode()).hexdigest()}"

    def note(self, ticket: StoredTicket) -> Write:
        """The write that remembers what came of it."""
        row = {
            "PartitionKey": self.user_id,
            "RowKey": self.row_key,
            "fingerprint": self.fingerprint,
            "ticket_id": ticket.id,
            "created_at": rfc3339(ticket.created_at),
            "attachments": to_column([one.model_dump(mode="json") for one in ticket.attachments]),
        }
        return Write(Verb.INSERT, row)

    def reminders(self, ticket: StoredTicket) -> list[Write]:
        """What lets this be found when its time is over."""
        key = f"{_PREFIX}{rfc3339(ticket.created_at)}_{self.user_id}_{self.row_key}"
        return [Write(Verb.REPLACE, {"PartitionKey": EVERYBODY, "RowKey": key})]


@dataclass(frozen=True, slots=True)
class Used:
    """What came of the first request with a key."""

    ticket_id: str
    created_at: datetime
    attachments: list[Attachment]


def once(user_id: str, key: str | None, content: Any) -> Once | None:
    """The request with the body `content` (JSON) under a header's `key`; None without one.

    Raises Malformed.
    """
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Malformed("An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return Once(user_id, key, sha256(canonical(_plain(content))).hexdigest())


class IdempotencyKeys:
    """The keys that were used, in the partitions of their users."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def find_used(self, once: Once) -> Used | None:
        """What came of the first request with this key: one point read.

        Raises Invalid when that request was another one.
        """
        row = await self._table.read(once.user_id, once.row_key)
        if row is None:
            return None
        used = _read_used(row)
        if used.created_at + KEPT <= self._clock.now():
            await self._delete(row)
            return None
        if row.values["fingerprint"] != once.fingerprint:
            raise Invalid(
                "This Idempotency-Key was used for another request; please take a new one."
            )
        return used

    async def expire(self) -> int:
        """Forget the keys whose time is over; how many there were."""
        end = self._clock.now() - KEPT
        late = self._table.query(EVERYBODY, _PREFIX, f"{_PREFIX}{rfc3339(end)}")
        count = 0
        async for reminder in late:
            _, _, owner, key = reminder.key.split("_", 3)
            row = await self._table.read(owner, key)
            if row is not None and _read_used(row).created_at <= end:
                await self._delete(row)
            await self._table.delete(EVERYBODY, reminder.key)
            count += 1
        return count

    async def _delete(self, row: Row) -> None:
        """Unless the key has been taken again meanwhile."""
        with suppress(WriteConflict):
            await self._table.write([Write(Verb.DELETE, row.values, row.etag)])


def _read_used(row: Row) -> Used:
    return Used(
        ticket_id=row.values["ticket_id"],
        created_at=datetime.fromisoformat(row.values["created_at"]),
        attachments=[
            Attachment.model_validate(one) for one in json.loads(row.values["attachments"])
        ],
    )


def _plain(value: Any) -> Any:
    """`value` with one form for each number: 1.0 is 1."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
