"""What people do to a ticket, pure: from its present state to a change, or to nothing when it has
been made already. What the present state does not allow raises Conflict.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.audit.chain import Actor, Draft
from shared.errors import Conflict
from shared.models import AuditAction, Notice, Progress, Status, StoredTicket, TicketChanges
from shared.tasks.registry import find_task_type
from shared.tickets.large_inputs.measuring import (
    INPUTS,
    NO_INPUTS,
    MeasuredInputs,
    count_bytes,
)
from shared.tickets.log_lines import add_log_line
from shared.tickets.repository import Decide
from shared.tickets.transaction import TicketChange
from shared.tickets.workflow_changes import count_processing, count_waited

NOT_ASKING = "This ticket does not ask anything now."
_OPEN = {Status.PENDING, Status.PROCESSING}

Expects = Callable[[StoredTicket], None]
"""Raises PreconditionFailed for a version that the caller has not seen."""


def edit(
    changes: TicketChanges, inputs: MeasuredInputs, actor: Actor, expects: Expects, at: datetime
) -> Decide:
    """Set what `changes` sets, cancelling included; `inputs` are those of them."""
    wanted = changes.dump_given()

    def fits(ticket: StoredTicket, name: str) -> bool:
        if name in inputs.values:
            return inputs.fit(ticket, name)
        return bool(getattr(ticket, name) == wanted[name])

    def decide(ticket: StoredTicket) -> TicketChange | None:
        values = {name: value for name, value in wanted.items() if not fits(ticket, name)}
        expects(ticket)
        if "task_data" in values and ticket.status is not Status.PENDING:
            raise Conflict("The task_data can only be changed before processing begins.")
        if not values:
            return None
        named = set(values)
        old = {name: _as_kept(ticket, name) for name in named}
        values |= inputs.change(ticket, named & inputs.values.keys())
        action, text = AuditAction.TICKET_UPDATED, "Ticket changed."
        if "assigned_to" in values:
            values["assignment"] = ticket.assignment + 1
        if "status" in values:
            values |= _cancel_values(ticket, at)
            action, text = AuditAction.TICKET_CANCELLED, "Ticket cancelled."
        changed = ticket.model_copy(update=values)
        new = {name: _as_kept(changed, name) for name in named}
        draft = Draft(action, actor, text, old_values=old, new_values=new)
        return TicketChange(values, draft, (Notice.TICKET_UPDATE,), moment=at)

    return decide


def cancel(actor: Actor, at: datetime) -> Decide:
    changes = TicketChanges(status=Status.CANCELLED)
    return edit(changes, NO_INPUTS, actor, lambda _: None, at)


def reprocess(
    task_data: dict[str, Any],
    inputs: MeasuredInputs,
    actor: Actor,
    at: datetime,
    *,
    is_counted: bool,
) -> Decide:
    """A new attempt at an ended ticket with this `task_data`, which is one of the `inputs` if it is
    other than that of the attempt before; the result of an older attempt stays until it succeeds.
    `is_counted` says whether the attempt counts for quotas."""

    def decide(ticket: StoredTicket) -> TicketChange:
        if ticket.status in _OPEN:
            raise Conflict(f"This ticket is {ticket.status.value}; it can be reprocessed later.")
        task_type = find_task_type(ticket.task_type)
        attempt = ticket.attempt + 1
        values = inputs.change(ticket, set(inputs.values)) | {
            "status": Status.PENDING,
            "attempt": attempt,
            "is_counted": is_counted,
            "waits_for_files": task_type.must_wait(task_data, ticket.attachments),
            "progress": Progress(),
            "queued_at": at,
            "started_at": None,
            "completed_at": None,
            "processing_time_seconds": None,
            "error_message": None,
            "inquiry": "",
            "asked_at": None,
            "answers": {},
            "waited_seconds": 0.0,
            "processing_logs": add_log_line(ticket, at, f"Attempt {attempt} was asked for."),
        }
        draft = Draft(
            AuditAction.TICKET_REPROCESSED,
            actor,
            "A new attempt was asked for."
            if not inputs.values
            else "A new attempt was asked for, with other task_data.",
            old_values={"status": ticket.status.value, "attempt": ticket.attempt},
            new_values={"status": Status.PENDING.value, "attempt": attempt},
        )
        return TicketChange(values, draft, (Notice.TICKET_UPDATE,), moment=at)

    return decide


def answer(name: str, given: Any, actor: Actor, at: datetime) -> Decide:
    """The inquiry of this name has its answer, which the same answer sent again does not change."""

    def decide(ticket: StoredTicket) -> TicketChange | None:
        if name in ticket.answers and ticket.answers[name] == given:
            return None
        if ticket.question is None or ticket.inquiry != name:
            raise Conflict(NOT_ASKING)
        values = {
            "question": None,
            "answers": ticket.answers | {name: given},
            "waited_seconds": count_waited(ticket, at),
            "progress": ticket.progress.model_copy(update={"stage": "answered"}),
            "processing_logs": add_log_line(ticket, at, "Answered."),
        }
        event = Draft(
            AuditAction.TICKET_ANSWERED,
            actor,
            "The ticket's question was answered.",
            new_values={"inquiry": name},
        )
        return TicketChange(values, event, (Notice.TICKET_UPDATE,), moment=at)

    return decide


def delete(ticket: StoredTicket, actor: Actor) -> Draft:
    kept = {"title", "task_type", "status", "attempt"}
    return Draft(
        AuditAction.TICKET_DELETED,
        actor,
        "Ticket deleted.",
        old_values=ticket.model_dump(mode="json", include=kept),
    )


def _cancel_values(ticket: StoredTicket, moment: datetime) -> dict[str, Any]:
    if ticket.status not in _OPEN:
        raise Conflict(f"This ticket is {ticket.status.value}; it cannot be cancelled any more.")
    return {
        "completed_at": moment,
        "processing_time_seconds": count_processing(ticket, moment),
        "question": None,
        "progress": ticket.progress.model_copy(update={"stage": "cancelled"}),
        "processing_logs": add_log_line(ticket, moment, "Cancelled."),
        "waits_for_files": False,
    }


def _as_kept(ticket: StoredTicket, name: str) -> Any:
    """A value as the trail keeps it: content only by its size."""
    return f"{count_bytes(ticket, name)} bytes" if name in INPUTS else getattr(ticket, name)
