"""What steps ask people: kept in the ticket until it is answered there, so that a step which runs
again finds the answer, or asks the same once more without being heard twice."""

from datetime import timedelta
from typing import Any

from shared.errors import PermanentFailure
from shared.models import Inquiry, OpenInquiry, StoredTicket, rfc3339
from shared.models.clock import Clock
from shared.text.strict_json import dumps
from shared.tickets import workflow_changes
from shared.tickets.repository import Tickets
from shared.workflow.messages import AnswerAwaited, AttemptRef, Superseded, answer_event

_MAX_BYTES = 30_000
"""Of an inquiry; it lies in a column of the ticket's row."""


def inquiry_name(step: str, number: int) -> str:
    """How an inquiry of a step is known, the `number`-th from 0."""
    return f"{step}_{number}"


def find_answers(ticket: StoredTicket, step: str) -> list[Any]:
    """What people have answered so far to what this step asked, in order."""
    found: list[Any] = []
    while (name := inquiry_name(step, len(found))) in ticket.answers:
        found.append(ticket.answers[name])
    return found


class Inquiries:
    """Puts questions to people, who have `days` to answer."""

    def __init__(self, tickets: Tickets, days: float, clock: Clock) -> None:
        self._tickets = tickets
        self._time = timedelta(days=days)
        self._clock = clock

    async def ask(self, ref: AttemptRef, name: str, inquiry: Inquiry) -> AnswerAwaited | Superseded:
        """Ask once, however often this is called. Raises PermanentFailure, NotFound, Unavailable.

        One that nobody answered in time has ended the ticket: then there is nothing to wait for.
        """
        if len(dumps(inquiry.model_dump(mode="json"))) > _MAX_BYTES:
            raise PermanentFailure("The question to ask is too long to be shown.")
        at = self._clock.now()
        asked = OpenInquiry(**inquiry.model_dump(), expires_at=at + self._time)
        decide = workflow_changes.ask(ref["attempt"], name, asked, at)
        ticket = await self._tickets.change(ref["ticket_id"], decide)
        if not workflow_changes.runs(ticket, ref["attempt"]):
            return Superseded(kind="stopped")
        # Where the answer has come meanwhile, the event of it has been raised as well.
        until = ticket.question.expires_at if ticket.question else asked.expires_at
        return AnswerAwaited(kind="asks", event=answer_event(name), until=rfc3339(until))
