"""How tickets look as rows: the RowKey begins with the kind."""

import json
from collections.abc import Mapping
from typing import Any

from shared.clients.tables import Row
from shared.models import Status, StoredTicket
from shared.storage.columns import from_columns, to_column
from shared.storage.keys import split_ticket_id
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


def ticket_row(ticket_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The row, or the part of it that `values` (fields of a StoredTicket) change."""
    owner, rest = split_ticket_id(ticket_id)
    large = values.get("large_inputs", {}).keys() & values.keys()
    kept = {**values, **{name: shorten_input(name, values[name]) for name in large}}
    columns = {name: to_column(kept[name]) for name in _TICKET_COLUMNS if name in kept}
    if "created_at" in values:  # It never changes: all columns are given.
        columns[SCHEMA] = present_version(StoredKind.TICKET)
    return {"PartitionKey": owner, "RowKey": f"ticket_{rest}", **columns}


def status_row(ticket_id: str, status: Status, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same of the ticket's copy, which lies with those of the same status."""
    rest = split_ticket_id(ticket_id)[1]
    return ticket_row(ticket_id, values) | {"RowKey": f"status_{status.value}_{rest}"}


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
