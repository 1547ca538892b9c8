"""How tickets look as rows: the RowKey begins with the kind."""

import json
from collections.abc import Mapping
from typing import Any

from shared.clients.tables import Row, Verb, Write
from shared.models import StoredTicket
from shared.storage.columns import from_columns, to_column
from shared.storage.schemas import SCHEMA, StoredKind, present_version, upgrade
from shared.tickets.large_inputs.measuring import shorten_input

_TICKET_COLUMNS = (
    *("title", "description", "task_type", "priority", "status", "task_data", "source"),
    *("assigned_to", "created_at", "updated_at", "started_at", "completed_at", "attempt"),
    *("progress", "processing_logs", "error_message", "ai_model_used", "tokens_used"),
    *("processing_time_seconds", "result_attempt", "seq", "events", "last_hash"),
    *("attachments", "waits_for_files", "assignment", "result", "blob_path", "blob_etag"),
    *("failure_kind", "queued_at"),
    *("progress_told_at", "question", "inquiry", "asked_at", "answers", "waited_seconds"),
    *("max_tokens", "is_counted", "are_files_counted", "large_inputs"),
)
_OPTIONAL = {
    *("assigned_to", "started_at", "completed_at", "error_message", "ai_model_used"),
    *("processing_time_seconds", "progress_told_at", "question", "asked_at"),
    *("max_tokens", "queued_at"),
}


def insert_ticket(ticket: StoredTicket) -> list[Write]:
    """The writes of a new ticket, its own row first."""
    keys = (_own_key(ticket), _copy_key(ticket))
    columns = _columns(ticket.__dict__)
    return [Write(Verb.INSERT, key | columns) for key in keys]


def merge_ticket(
    before: StoredTicket, after: StoredTicket, changes: Mapping[str, Any]
) -> list[Write]:
    """The writes that make `after` of `before`, the ticket's own row first; `changes` are the
    fields that differ.

    Only that row carries an ETag: all others change with it or not at all.
    """
    columns = _columns(changes)
    own = Write(Verb.MERGE, _own_key(before) | columns, before.etag)
    if after.status is before.status:
        return [own, Write(Verb.MERGE, _copy_key(before) | columns)]
    copy = _copy_key(after) | _columns(after.__dict__)
    return [own, Write(Verb.DELETE, _copy_key(before)), Write(Verb.INSERT, copy)]


def delete_ticket(ticket: StoredTicket) -> list[Write]:
    """The writes that remove a ticket, its own row first."""
    own = Write(Verb.DELETE, _own_key(ticket), ticket.etag)
    return [own, Write(Verb.DELETE, _copy_key(ticket))]


def _own_key(ticket: StoredTicket) -> dict[str, str]:
    return {"PartitionKey": ticket.created_by, "RowKey": f"ticket_{ticket.sort_key}"}


def _copy_key(ticket: StoredTicket) -> dict[str, str]:
    """The ticket's copy lies with those of the same status."""
    key = f"status_{ticket.status.value}_{ticket.sort_key}"
    return {"PartitionKey": ticket.created_by, "RowKey": key}


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """What rows keep of `values`, fields of a StoredTicket."""
    large = values.get("large_inputs", {}).keys() & values.keys()
    kept = {**values, **{name: shorten_input(name, values[name]) for name in large}}
    columns = {name: to_column(kept[name]) for name in _TICKET_COLUMNS if name in kept}
    if "created_at" in values:  # It never changes: all columns are given.
        columns[SCHEMA] = present_version(StoredKind.TICKET)
    return columns


def as_ticket(row: Row) -> StoredTicket:
    """From the ticket's own row or from its copy, whose ETag is not the ticket's."""
    owner, rest = str(row.values["PartitionKey"]), row.key.rpartition("_")[2]
    columns = upgrade(StoredKind.TICKET, row.values)
    fields = from_columns(columns, _OPTIONAL) | {
        "id": f"{owner}-{rest}",
        "created_by": owner,
        "etag": row.etag,
    }
    fields["progress"] = json.loads(fields["progress"])
    fields["shortened"] = sorted(fields.get("large_inputs", ()))
    return StoredTicket.model_validate(fields)
