"""Intents: a row for each ticket that has been asked for and whose workflow has not yet begun, for
each that is getting files or an answer, and for each that is being deleted.

Written before the change in the owner's partition, so that a crash between any two steps leaves a
trace in a place that costs one read to look at.
"""

from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.audit.chain import Actor
from shared.clients.tables import Row, Table, Verb, Write
from shared.models import Status, StoredTicket, rfc3339
from shared.storage.keys import EVERYBODY, prefix_range, split_ticket_id
from shared.tickets.listing.index import ListingState, listing_state_of

_PREFIX = "intent_"


class Purpose(StrEnum):
    OPEN = "open"
    DELETE = "delete"
    FILES = "files"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Intent:
    """`standing` is how the ticket will stand, or how it stood before it was deleted."""

    purpose: Purpose
    standing: ListingState
    created_at: datetime
    _: KW_ONLY
    actor: Actor = field(default_factory=Actor)

    @property
    def ticket_id(self) -> str:
        return self.standing.ticket_id

    def note(self) -> Write:
        """The write that leaves this intent, in place of an older one for the same purpose."""
        standing = self.standing
        facts = {
            "ticket_id": standing.ticket_id,
            "task_type": standing.task_type,
            "status": standing.status.value,
            "attempt": standing.attempt,
            "assigned_to": standing.assigned_to or "",
            "assignment": standing.assignment,
            "created_at": rfc3339(self.created_at),
            "user_id": self.actor.user_id or "",
            "ip_address": self.actor.ip_address or "",
            "user_agent": self.actor.user_agent or "",
        }
        return Write(Verb.REPLACE, _key(self.ticket_id, self.purpose) | facts)


def settle_write(ticket_id: str, purpose: Purpose) -> Write:
    """The write that removes an intent."""
    return Write(Verb.DELETE, _key(ticket_id, purpose))


class Intents:
    """Rows of the partition that lists the tickets of all owners."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def add(self, intent: Intent) -> None:
        await self._table.write([intent.note()])

    async def announce_files(self, ticket: StoredTicket, moment: datetime) -> Intent:
        """Before blobs are stored for a ticket that there is and that is about to name them."""
        intent = Intent(Purpose.FILES, listing_state_of(ticket), moment)
        await self.add(intent)
        return intent

    async def drop(self, intent: Intent) -> None:
        row = _key(intent.ticket_id, intent.purpose)
        await self._table.delete(row["PartitionKey"], row["RowKey"])

    async def find(self, ticket_id: str, purpose: Purpose) -> Intent | None:
        """One point read."""
        key = _key(ticket_id, purpose)
        row = await self._table.read(key["PartitionKey"], key["RowKey"])
        return None if row is None else _intent(row)

    async def all(self) -> list[Intent]:
        """One storage call while there are few, which is nearly always."""
        return [_intent(row) async for row in self._table.query(EVERYBODY, *prefix_range(_PREFIX))]


def _key(ticket_id: str, purpose: Purpose) -> dict[str, str]:
    return {"PartitionKey": EVERYBODY, "RowKey": f"{_PREFIX}{ticket_id}_{purpose.value}"}


def _intent(row: Row) -> Intent:
    values = row.values
    standing = ListingState(
        *split_ticket_id(values["ticket_id"]),
        task_type=values["task_type"],
        status=Status(values["status"]),
        attempt=values["attempt"],
        assigned_to=values["assigned_to"] or None,
        assignment=values["assignment"],
    )
    return Intent(
        purpose=Purpose(row.key.rpartition("_")[2]),
        standing=standing,
        created_at=datetime.fromisoformat(values["created_at"]),
        actor=Actor(
            values["user_id"] or None, values["ip_address"] or None, values["user_agent"] or None
        ),
    )
