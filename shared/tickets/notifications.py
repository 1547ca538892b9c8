"""Realtime messages about tickets, each with the ticket's next number, so that a gap shows."""

from typing import Any

from shared.clients.realtime import Realtime
from shared.models import Notice, StoredTicket, rfc3339


class Notifications:
    """Tells those who may read a ticket what happens to it."""

    def __init__(self, realtime: Realtime) -> None:
        self._realtime = realtime

    async def send(self, ticket: StoredTicket, notices: tuple[Notice, ...]) -> None:
        """Send `notices`, the last of which has the number `ticket.seq`. Never raises."""
        if not self._realtime.is_on:
            return
        readers = dict.fromkeys(filter(None, (ticket.created_by, ticket.assigned_to)))
        first = ticket.seq - len(notices) + 1
        for seq, notice in enumerate(notices, first):
            await self._realtime.send(readers, _message(ticket, notice) | {"seq": seq})


def _message(ticket: StoredTicket, notice: Notice) -> dict[str, Any]:
    message: dict[str, Any] = {"type": notice.value, "ticket_id": ticket.id}
    if notice is Notice.PROCESSING_STATUS:
        message |= {"status": ticket.status.value, "details": ticket.progress.model_dump()}
    elif notice is Notice.ERROR_NOTIFICATION:
        message |= {"error": ticket.error_message}
    else:
        shown = {"status", "title", "attempt", "progress", "updated_at", "error_message"}
        message |= {"data": ticket.model_dump(mode="json", include=shown)}
    return message | {"timestamp": rfc3339(ticket.updated_at)}
