"""How far an attempt is, written into its ticket."""

from weakref import WeakValueDictionary

from shared.clients.blobs import Container
from shared.models import Progress, StoredTicket
from shared.models.clock import Clock
from shared.storage.locks import Locks
from shared.tickets.attempts import Attempt
from shared.tickets.repository import Tickets
from shared.tickets.workflow_changes import advance
from shared.workflow.messages import AttemptRef, RoundFacts

_PLAN_ENDS_AT = 5
"""The percentage at which the first round begins."""


class _Piece:
    """A piece of work that is done."""


class ProgressWriter:
    """Shows what is done of a plan and of a round; neither ever goes back."""

    def __init__(self, tickets: Tickets, container: Container, clock: Clock) -> None:
        self._tickets = tickets
        self._container = container
        self._clock = clock
        self._turns = Locks()
        self._last: WeakValueDictionary[str, _Piece] = WeakValueDictionary()

    async def show_plan(self, ref: AttemptRef, stage: str, done: int, total: int) -> None:
        """Raises NotFound, Unavailable."""
        percent = _PLAN_ENDS_AT * done // total
        reached = Progress(stage=stage, done=done, total=total, percent=percent)
        decide = advance(ref["attempt"], reached, self._clock.now())
        await self._tickets.change(ref["ticket_id"], decide)

    async def show_round(
        self, ref: AttemptRef, facts: RoundFacts, ticket: StoredTicket, piece: str
    ) -> None:
        """Show how many pieces of a round are done, and what the last one is called, if anything.
        Of several that come to this at once each leaves it to the last, so that they do not fight
        over the ticket's row.

        Raises NotFound, Unavailable.
        """
        ticket_id, total = ref["ticket_id"], facts["total"]
        mine = self._last[ticket_id] = _Piece()
        async with self._turns.of(ticket_id):
            if self._last.get(ticket_id, mine) is not mine:
                return
            if total == 1:
                done, known = 1, ticket
            else:
                # Counting what is stored, rather than adding one, stays right when this runs twice.
                attempt = Attempt(self._container, ticket_id, ref["attempt"])
                done, known = await attempt.count_outcomes(facts["number"]), None
            span = facts["ends_at"] - facts["starts_at"]
            percent = facts["starts_at"] + span * done // total
            stage = f"{facts['stage']}: {piece}" if piece else facts["stage"]
            reached = Progress(stage=stage, done=done, total=total, percent=percent)
            decide = advance(ref["attempt"], reached, self._clock.now())
            await self._tickets.change(ticket_id, decide, known)
