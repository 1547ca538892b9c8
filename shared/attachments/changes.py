"""What happens to the files of a ticket, pure: from its present state to a change, or to nothing
when it has been made already. What the present state does not allow raises Conflict.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.audit.chain import Actor, Draft
from shared.errors import Conflict
from shared.models import Attachment, AuditAction, EntityType, Notice, Status, StoredTicket
from shared.tickets.log_lines import add_log_line
from shared.tickets.repository import Decide
from shared.tickets.transaction import TicketChange

MAX_FILES = 100


def check_open(ticket: StoredTicket) -> None:
    """Raises Conflict while the ticket runs, because its files are being read."""
    if ticket.status is Status.PROCESSING:
        raise Conflict("The ticket is being worked on; its files can be changed once it has ended.")


def check_room(ticket: StoredTicket, more: int) -> None:
    """Raises Conflict when the ticket cannot take so many more files."""
    if len(ticket.attachments) + more > MAX_FILES:
        raise Conflict(f"A ticket may have at most {MAX_FILES} files.")


def add_files(
    new: Sequence[Attachment], actor: Actor, at: datetime, *, are_counted: bool = False
) -> Decide:
    """A file is uploaded when the ticket names it: from then on its quiet time counts.
    `are_counted` says whether the files count for quotas."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        known = {attachment.sha256 for attachment in ticket.attachments}
        uploaded = {"uploaded_at": at}
        added = [file.model_copy(update=uploaded) for file in new if file.sha256 not in known]
        if not added:
            return None
        check_open(ticket)
        check_room(ticket, len(added))
        action = AuditAction.ATTACHMENT_ADDED
        events = [
            _draft(action, actor, file, new_values=file.model_dump(mode="json")) for file in added
        ]
        values: dict[str, Any] = {"attachments": [*ticket.attachments, *added]}
        if are_counted:
            values["are_files_counted"] = True
        event, *more = events
        return TicketChange(values, event, (Notice.TICKET_UPDATE,), moment=at, more=tuple(more))

    return decide


def remove_file(attachment_id: str, actor: Actor, at: datetime) -> Decide:
    def decide(ticket: StoredTicket) -> TicketChange | None:
        gone = [known for known in ticket.attachments if known.id == attachment_id]
        if not gone:
            return None
        check_open(ticket)
        action = AuditAction.ATTACHMENT_REMOVED
        event = _draft(action, actor, gone[0], old_values=gone[0].model_dump(mode="json"))
        left = [known for known in ticket.attachments if known.id != attachment_id]
        return TicketChange({"attachments": left}, event, (Notice.TICKET_UPDATE,), moment=at)

    return decide


def deny_download(attachment_id: str, actor: Actor, at: datetime) -> Decide:
    """Only what the ticket has is worth a trace; nothing of the ticket changes."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        file = next((known for known in ticket.attachments if known.id == attachment_id), None)
        if file is None:
            return None
        event = _draft(AuditAction.ATTACHMENT_DENIED, actor, file)
        return TicketChange({"updated_at": ticket.updated_at}, event, moment=at)

    return decide


def submit_ticket(actor: Actor, at: datetime) -> Decide:
    """All files are there. Raises Conflict when there is none, or the ticket does not wait."""

    def decide(ticket: StoredTicket) -> TicketChange:
        if ticket.status is not Status.PENDING or not ticket.waits_for_files:
            raise Conflict("This ticket does not wait for files.")
        if not ticket.attachments:
            raise Conflict("There is no file on this ticket yet; please add one first.")
        event = Draft(AuditAction.TICKET_SUBMITTED, actor, "Submitted: all files are there.")
        log = add_log_line(ticket, at, "All files are there.")
        values = {"processing_logs": log, "waits_for_files": False}
        return TicketChange(values, event, (Notice.TICKET_UPDATE,), moment=at)

    return decide


def _draft(action: AuditAction, actor: Actor, file: Attachment, **values: dict[str, Any]) -> Draft:
    words = {
        AuditAction.ATTACHMENT_ADDED: "File added.",
        AuditAction.ATTACHMENT_REMOVED: "File removed.",
        AuditAction.ATTACHMENT_DENIED: "Download denied.",
    }
    about = (EntityType.ATTACHMENT, file.id)
    return Draft(action, actor, words[action], about=about, **values)
