"""The realtime messages about a ticket: made and stored in the transaction of the change that they
tell of, so that none has a number without being stored, and none is numbered twice.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shared.clients.tables import Row, Verb, Write
from shared.models import (
    ErrorNotification,
    Message,
    Model,
    Notice,
    ProcessingStatus,
    StoredTicket,
    TicketUpdate,
    UpdatedTicket,
)
from shared.storage.columns import from_columns, to_column
from shared.storage.keys import prefix_range, split_ticket_id

_BETWEEN_PROGRESS = timedelta(seconds=0.5)
_UPDATED = set(UpdatedTicket.model_fields)


def due_notices(
    ticket: StoredTicket, notices: Iterable[Notice], moment: datetime
) -> tuple[Notice, ...]:
    """`notices` without a progress that comes too soon after the last one: it gets no number."""
    last = ticket.progress_told_at
    too_soon = last is not None and moment < last + _BETWEEN_PROGRESS
    return tuple(n for n in notices if not too_soon or n is not Notice.PROCESSING_STATUS)


def make_messages(
    before: StoredTicket | None, after: StoredTicket, notices: tuple[Notice, ...]
) -> list[Message]:
    """What is sent of a change that led to `after`, the last message with its `seq`."""
    begin = after.seq - len(notices) + 1
    had = before.attachments if before else []
    same = {"data": {"attachments"}} if after.attachments == had else None
    made = [_message(after, notice, seq) for seq, notice in enumerate(notices, begin)]
    return [message.model_dump(mode="json", exclude=same) for message in made]


def update_writes(ticket: StoredTicket, messages: Iterable[Message]) -> list[Write]:
    """The rows that keep `messages` for those who missed them."""
    return [
        Write(
            Verb.INSERT,
            {
                "PartitionKey": ticket.created_by,
                "RowKey": f"update_{ticket.sort_key}_{message['seq']:08d}",
                "message": to_column(message),
            },
        )
        for message in messages
    ]


def update_range(ticket_id: str, after: int = 0) -> tuple[str, str, str]:
    """Partition, start and end of the rows of the messages after the number `after`."""
    owner, rest = split_ticket_id(ticket_id)
    start, end = prefix_range(f"update_{rest}_")
    return owner, f"{start}{after + 1:08d}", end


def as_message(row: Row) -> Message:
    message: Message = from_columns(row.values, ())["message"]
    return message


def _message(after: StoredTicket, notice: Notice, seq: int) -> Model:
    common: dict[str, Any] = {
        "type": notice,
        "ticket_id": after.id,
        "timestamp": after.updated_at,
        "seq": seq,
    }
    if notice is Notice.PROCESSING_STATUS:
        return ProcessingStatus(**common, status=after.status, details=after.progress)
    if notice is Notice.ERROR_NOTIFICATION:
        return ErrorNotification(**common, error=after.error_message or "")
    return TicketUpdate(**common, data=UpdatedTicket(**after.model_dump(include=_UPDATED)))
