"""What happens to a ticket while it is worked on, pure: from its present state to a change, or to
nothing when the change has been made already or the ticket is no longer this attempt's to change.
"""

from datetime import datetime, timedelta
from typing import Any

from shared.audit.chain import Actor, Draft
from shared.errors import FailureKind
from shared.models import (
    AuditAction,
    Notice,
    OpenInquiry,
    Progress,
    Status,
    StoredTicket,
)
from shared.tickets.attempts import Ledger
from shared.tickets.log_lines import (
    add_log_line,
    is_held_up,
    last_file,
    repeat_log_line,
    tell_beginning,
)
from shared.tickets.repository import Decide
from shared.tickets.transaction import TicketChange

ASKING = "asking"
"""The stage of a ticket that waits for an answer."""


def runs(ticket: StoredTicket, attempt: int) -> bool:
    """Whether this attempt is the one that is being worked on."""
    return ticket.status is Status.PROCESSING and ticket.attempt == attempt


def waits(ticket: StoredTicket, attempt: int) -> bool:
    """Whether this attempt has yet to begin, because files may still come."""
    pending = ticket.status is Status.PENDING and ticket.attempt == attempt
    return pending and ticket.waits_for_files


def begin(attempt: int, quiet: timedelta, at: datetime, *, swept: bool = False) -> Decide:
    """A ticket that waits for files is begun when one is there and `quiet` has passed since.
    `swept` is whether it had to be started a second time."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        if ticket.status is not Status.PENDING or ticket.attempt != attempt:
            return None
        if ticket.waits_for_files and (not ticket.attachments or at < last_file(ticket) + quiet):
            return None
        values = {
            "status": Status.PROCESSING,
            "waits_for_files": False,
            "started_at": at,
            "progress": Progress(stage="planning"),
            "processing_logs": add_log_line(ticket, at, tell_beginning(ticket, at, swept=swept)),
        }
        event = _event(ticket, AuditAction.TICKET_STARTED, "Processing began.", values)
        notices = (Notice.TICKET_UPDATE, Notice.PROCESSING_STATUS)
        return TicketChange(values, event, notices, moment=at)

    return decide


def advance(attempt: int, reached: Progress, at: datetime) -> Decide:
    """So much of a round is done; neither that nor the percentage ever goes back."""
    stage, done, total = reached.stage, reached.done, reached.total

    def decide(ticket: StoredTicket) -> TicketChange | None:
        seen = ticket.progress
        percent = max(reached.percent, seen.percent)
        seen_done = seen.done if (seen.stage, seen.total) == (stage, total) else -1
        unseen = done > seen_done and (percent > seen.percent or done == total)
        if not runs(ticket, attempt) or not unseen:
            return None
        progress = Progress(stage=stage, done=done, total=total, percent=percent)
        values: dict[str, Any] = {"progress": progress}
        if done == total:
            values["processing_logs"] = add_log_line(
                ticket, at, f"{stage}: {done} of {total} done."
            )
        elif is_held_up(ticket):
            values["processing_logs"] = add_log_line(ticket, at, f"{stage} goes on.")
        return TicketChange(values, None, (Notice.PROCESSING_STATUS,), moment=at)

    return decide


def log(attempt: int, text: str, at: datetime) -> Decide:
    """Say what holds the attempt up, also before it begins; the same again is counted in its line,
    once a second."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        said = repeat_log_line(ticket, at, text)
        is_over = ticket.has_ended or ticket.attempt != attempt
        if is_over or said == ticket.processing_logs:
            return None
        return TicketChange({"processing_logs": said}, moment=at)

    return decide


def ask(attempt: int, name: str, inquiry: OpenInquiry, at: datetime) -> Decide:
    """Ask people; `name` is how the steps know this inquiry, which is asked once. One that nobody
    has answered in time ends the ticket."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        if not runs(ticket, attempt):
            return None
        if ticket.inquiry == name:
            if ticket.question is None or at < ticket.question.expires_at:
                return None
            return _leave_unanswered(ticket, at)
        values = {
            "question": inquiry,
            "inquiry": name,
            "asked_at": at,
            "progress": ticket.progress.model_copy(update={"stage": ASKING}),
            "processing_logs": add_log_line(ticket, at, "Asked, and waits for the answer."),
        }
        event = Draft(
            AuditAction.TICKET_ASKED,
            Actor(),
            "The ticket asked a question.",
            new_values={"kind": inquiry.kind.value, "inquiry": name},
        )
        return TicketChange(values, event, (Notice.TICKET_UPDATE,), moment=at)

    return decide


def complete(attempt: int, model: str | None, tokens: int, result: str, at: datetime) -> Decide:
    """`result` is that of the attempt, packed, or empty where it lies in its blob alone."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        if not runs(ticket, attempt):
            return None
        values = {
            "status": Status.COMPLETED,
            "result_attempt": attempt,
            "result": result,
            "ai_model_used": model,
            "tokens_used": tokens,
            "error_message": None,
            "progress": Progress(stage="completed", done=1, total=1, percent=100),
        }
        notices = (Notice.PROCESSING_STATUS, Notice.TICKET_UPDATE)
        text = f"Completed with {tokens} tokens."
        return _end(ticket, AuditAction.TICKET_COMPLETED, text, values, notices, at)

    return decide


def fail(
    attempt: int,
    ledger: Ledger,
    reason: str,
    kind: FailureKind,
    at: datetime,
    *,
    inside: dict[str, Any] | None = None,
) -> Decide:
    """`reason` is a sentence for the people who wait for the ticket; what failed `inside` is for
    those who run the app."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        pending = ticket.status is Status.PENDING and ticket.attempt == attempt
        if not pending and not runs(ticket, attempt):
            return None
        values = {
            "status": Status.FAILED,
            "ai_model_used": ledger.model,
            "tokens_used": ledger.usage.tokens,
            "error_message": reason,
            "failure_kind": kind,
            "progress": ticket.progress.model_copy(update={"stage": "failed"}),
        }
        notices = (Notice.TICKET_UPDATE, Notice.ERROR_NOTIFICATION)
        text = f"Failed: {reason}"
        return _end(ticket, AuditAction.TICKET_FAILED, text, values, notices, at, inside)

    return decide


def give_up(attempt: int, at: datetime) -> Decide:
    """Nobody sent a file in all the time there was."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        if not waits(ticket, attempt) or ticket.attachments:
            return None
        text = "No file came in time."
        values = {
            "status": Status.CANCELLED,
            "waits_for_files": False,
            "error_message": f"{text} Please reprocess the ticket when there is one.",
            "progress": ticket.progress.model_copy(update={"stage": "cancelled"}),
        }
        return _cancel(ticket, text, values, at)

    return decide


def count_waited(ticket: StoredTicket, moment: datetime) -> float:
    """Seconds that this attempt has waited for people until `moment`."""
    if ticket.question is None or ticket.asked_at is None:
        return ticket.waited_seconds
    return ticket.waited_seconds + (moment - ticket.asked_at).total_seconds()


def count_processing(ticket: StoredTicket, moment: datetime) -> float:
    """Seconds of work of an attempt that ends at `moment`."""
    since = (moment - (ticket.started_at or moment)).total_seconds()
    return round(max(0.0, since - count_waited(ticket, moment)), 3)


def _leave_unanswered(ticket: StoredTicket, at: datetime) -> TicketChange:
    text = "The question was not answered in time."
    values = {
        "status": Status.CANCELLED,
        "error_message": f"{text} Please reprocess the ticket to be asked again.",
        "progress": ticket.progress.model_copy(update={"stage": "cancelled"}),
    }
    return _cancel(ticket, text, values, at)


def _cancel(ticket: StoredTicket, text: str, values: dict[str, Any], at: datetime) -> TicketChange:
    notices = (Notice.TICKET_UPDATE,)
    return _end(ticket, AuditAction.TICKET_CANCELLED, text, values, notices, at)


def _end(
    ticket: StoredTicket,
    action: AuditAction,
    text: str,
    values: dict[str, Any],
    notices: tuple[Notice, ...],
    at: datetime,
    metadata: dict[str, Any] | None = None,
) -> TicketChange:
    values |= {
        "completed_at": at,
        "processing_time_seconds": count_processing(ticket, at),
        "question": None,
        "processing_logs": add_log_line(ticket, at, text),
    }
    event = _event(ticket, action, text, values, metadata)
    return TicketChange(values, event, notices, moment=at)


def _event(
    ticket: StoredTicket,
    action: AuditAction,
    text: str,
    values: dict[str, Any],
    metadata: dict[str, Any] | None = None,
) -> Draft:
    """The app itself acts: there is no user and no address."""
    status: Status = values["status"]
    return Draft(
        action,
        Actor(),
        text,
        old_values={"status": ticket.status.value},
        new_values={"status": status.value, "attempt": ticket.attempt},
        metadata=metadata or {},
    )
