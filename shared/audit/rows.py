"""How audit events look as rows: each at its place in its chain, and a copy at its place in time,
in the transaction of its change. Those of tickets lie with their owner, all others among users.
"""

from collections.abc import Iterable
from typing import Any

from shared.clients.tables import Row, Verb, Write
from shared.models import AuditEvent
from shared.storage.columns import from_columns, log_key, to_column
from shared.storage.keys import USERS

_TICKET_COLUMNS = (
    *("action", "entity_type", "entity_id", "user_id", "timestamp", "description"),
    *("old_values", "new_values", "metadata", "ip_address", "user_agent"),
    *("previous_hash", "hash"),
)
_OPTIONAL = {"user_id", "ip_address", "user_agent", "ticket_id"}


def ticket_event_writes(events: Iterable[AuditEvent], owner: str, sort_key: str) -> list[Write]:
    """Events of the chain of the ticket that has these keys."""
    writes: list[Write] = []
    for event in events:
        place = f"event_{sort_key}_{event.id.rpartition('.')[2]}"
        values = {name: getattr(event, name) for name in _TICKET_COLUMNS}
        writes += _writes(owner, place, event, values)
    return writes


def user_event_writes(event: AuditEvent) -> list[Write]:
    """An event of a user's chain, or of a chain of its own."""
    values = {name: value for name, value in event.__dict__.items() if name != "id"}
    chain, _, number = event.id.partition(".")
    return _writes(USERS, f"event_{chain}_{number}", event, values)


def as_ticket_event(row: Row, ticket_id: str) -> AuditEvent:
    """From its place in the chain or in time."""
    number = row.key.replace(".", "_").rpartition("_")[2]
    fields = {"id": f"{ticket_id}.{number}", "ticket_id": ticket_id}
    return AuditEvent.model_validate(from_columns(row.values, _OPTIONAL) | fields)


def as_user_event(row: Row) -> AuditEvent:
    """From its place in the chain or in time."""
    *_, chain, number = row.key.replace(".", "_").split("_")
    fields = from_columns(row.values, _OPTIONAL)
    return AuditEvent.model_validate(fields | {"id": f"{chain}.{number}"})


def read_event(row: Row, ticket_id: str | None = None) -> AuditEvent | None:
    """An event of a ticket, or without an id one of users; None for a row that is no event of ours,
    which somebody else must have put there."""
    try:
        return as_ticket_event(row, ticket_id) if ticket_id else as_user_event(row)
    except ValueError:
        return None


def key_in_time(event: AuditEvent) -> str:
    """The key of the copy of an event."""
    return f"{log_key(event.timestamp)}{event.id}"


def _writes(partition: str, place: str, event: AuditEvent, values: dict[str, Any]) -> list[Write]:
    columns = {name: to_column(value) for name, value in values.items()}
    keys = (place, key_in_time(event))
    return [
        Write(Verb.INSERT, {"PartitionKey": partition, "RowKey": key, **columns}) for key in keys
    ]
