"""The steps of an attempt at a ticket, each of which may run twice or die anywhere.

A step answers what the workflow needs to go on. It raises what is worth retrying at once; what
should wait, or cannot be done, it answers as such.
"""

from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from shared.clients.blobs import Container
from shared.errors import FailureKind, NotFound
from shared.models import StoredTicket
from shared.models.clock import Clock
from shared.storage.outages import insist
from shared.tasks.registry import find_task_type
from shared.tickets import workflow_changes
from shared.tickets.attempts import Attempt, sum_calls
from shared.tickets.intents import Intent, Intents, Purpose
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.listing.index import listing_state_of
from shared.tickets.log_lines import last_file
from shared.tickets.repository import Tickets
from shared.tickets.statistics.failures import explain_failure
from shared.tickets.workflow_changes import runs
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.chains.chain import ChainEnd, Chains
from shared.workflow.contexts import Contexts
from shared.workflow.course import present_course
from shared.workflow.messages import (
    AttemptRef,
    NoFiles,
    OutcomeStored,
    ResultStored,
    RoundFacts,
    Superseded,
    TaskActivity,
)
from shared.workflow.piece_artifacts import PieceReader
from shared.workflow.progress import ProgressWriter
from shared.workflow.step_runs import BEGIN_SHARE, SUPERSEDED, StepRuns, run_step
from shared.workflow.ticket_reader import TicketReader

_STORING = timedelta(minutes=4)
"""A request that stores a file takes no longer."""


class Activities:
    """The activities of the workflow, without their platform.

    A ticket that waits for files is left alone for `quiet_seconds` after each.
    """

    def __init__(
        self,
        *,
        tickets: Tickets,
        large_inputs: LargeInputs,
        reader: TicketReader,
        container: Container,
        intents: Intents,
        contexts: Contexts,
        progress: ProgressWriter,
        step_runs: StepRuns,
        books: Bookkeeping,
        chains: Chains,
        quiet_seconds: float,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._large_inputs = large_inputs
        self._reader = reader
        self._container = container
        self._intents = intents
        self._contexts = contexts
        self._progress = progress
        self.step_runs = step_runs
        self._books = books
        self._chains = chains
        self._quiet = timedelta(seconds=quiet_seconds)
        self._clock = clock
        self._pieces = PieceReader()

    @run_step
    async def plan(self, ref: AttemptRef) -> ChainEnd | NoFiles:
        """Begin the attempt, and say what its first round is, or what comes of that."""
        begun = await self._begin(ref)
        return await self._chains.begin(ref, begun) if isinstance(begun, StoredTicket) else begun

    async def _begin(self, ref: AttemptRef) -> StoredTicket | NoFiles | Superseded:
        """The ticket once this attempt at it has begun."""
        ticket = ref.get("seen") or await self._tickets.read(ref["ticket_id"])
        if not await self._is_being_given_a_file(ticket, ref["attempt"]):
            swept, at = ref.get("swept", False), self._clock.now()
            begin = workflow_changes.begin(ref["attempt"], self._quiet, at, swept=swept)
            ticket = await self._tickets.change(ticket.id, begin, ticket)
        if workflow_changes.waits(ticket, ref["attempt"]):
            # It is in good hands: this workflow waits.
            opening = Intent(Purpose.OPEN, listing_state_of(ticket), self._clock.now())
            await self._tickets.forget(opening, ticket)
            return NoFiles(kind="no_files", stirring=bool(ticket.attachments))
        if not runs(ticket, ref["attempt"]):
            return SUPERSEDED
        return await self._large_inputs.complete(ticket)

    @run_step
    async def work(
        self, ref: AttemptRef, facts: RoundFacts, index: int, item: Any
    ) -> OutcomeStored | Superseded:
        """Do the `index`-th piece of a round, and the others of its lane while there is time, each
        unless its outcome is there already. One that was begun before does one more: what ends its
        process is counted by itself then."""
        pieces = [(index, item), *ref.get("others", ())]
        until = self._clock.monotonic() + self.step_runs.step_seconds * BEGIN_SHARE
        for count, piece in enumerate(pieces, 1):
            is_new = await self._do_piece(ref, facts, *piece)
            if is_new is None:
                return SUPERSEDED
            is_enough = (is_new and ref.get("again")) or self._clock.monotonic() >= until
            if count == len(pieces) or is_enough:
                break
            await self._go_on_to(ref, facts, pieces[count][0])
        if len(pieces) == 1:
            return OutcomeStored(kind="outcome")
        return OutcomeStored(kind="outcome", count=count)

    async def _go_on_to(self, ref: AttemptRef, facts: RoundFacts, index: int) -> None:
        """The present step has done a piece, and does that of this number next."""
        course = present_course()
        await self.step_runs.tell_end(ref, course, OutcomeStored(kind="outcome"))
        course.go_on(TaskActivity.WORK, facts, index)

    async def _do_piece(
        self, ref: AttemptRef, facts: RoundFacts, index: int, item: Any
    ) -> bool | None:
        """Whether its outcome was not there yet; None where the ticket is not this attempt's any
        more."""
        attempt, number = self._attempt(ref), facts["number"]
        ticket = await self._reader.read(ref["ticket_id"])
        if not runs(ticket, ref["attempt"]):
            return None
        piece = ""
        may_be_done = ref.get("again") or (ref.get("waited") and ref.get("others"))
        if is_new := not (may_be_done and await attempt.has_outcome(number, index)):
            task_type = find_task_type(ticket.task_type)
            stage = facts["stage"]
            artifacts = self._pieces.artifacts_of(attempt)
            context = self._contexts.work_context(task_type, ticket, ref, stage, artifacts)
            async with self._show_first(ref, facts, ticket, index):
                outcome, piece = await task_type.do_work(context, item)
            await insist(partial(attempt.store_outcome, number, index, outcome), self._clock)
        if facts["total"] > 1:  # Of a single one the next stage tells, or the end.
            self._progress.note_piece(ref, facts, piece)
        return is_new

    @run_step
    async def combine(self, ref: AttemptRef, facts: RoundFacts) -> ChainEnd:
        """Make the result of a round's outcomes, or say what the next round is, or what comes of
        that."""
        return await self._chains.go_on(ref, facts)

    async def finish(self, ref: AttemptRef, done: ResultStored) -> None:
        """The ticket is completed, once, unless something else ended it before. Its result is not
        read for that: whoever reads the ticket finds it."""
        decide = workflow_changes.complete(
            ref["attempt"], done["model"], done["tokens"], "", self._clock.now()
        )
        with suppress(NotFound):
            await self._tickets.change(ref["ticket_id"], decide)

    async def fail(self, ref: AttemptRef, reason: str, cause: str | None = None) -> None:
        """The ticket has failed for this `reason`, unless something else ended it before."""
        kind = next((one for one in FailureKind if one == cause), FailureKind.INTERNAL)
        with suppress(NotFound):
            await self._progress.settle(ref["ticket_id"])
            await self._books.book_left(ref)
            steps, calls = await self._attempt(ref).course()
            inside, at = explain_failure(steps), self._clock.now()
            ledger, attempt = sum_calls(calls), ref["attempt"]
            decide = workflow_changes.fail(attempt, ledger, reason, kind, at, inside=inside)
            await self._tickets.change(ref["ticket_id"], decide)

    async def give_up(self, ref: AttemptRef) -> NoFiles | None:
        """The wait for files is over, unless one has come at last: then it goes on, as the answer
        says. The event of that file may have been lost with the wait."""
        with suppress(NotFound):
            decide = workflow_changes.give_up(ref["attempt"], self._clock.now())
            ticket = await self._tickets.change(ref["ticket_id"], decide)
            if workflow_changes.waits(ticket, ref["attempt"]):
                return NoFiles(kind="no_files", stirring=True)
        return None

    async def _is_being_given_a_file(self, ticket: StoredTicket, attempt: int) -> bool:
        """Whether a file is being stored that the ticket does not name yet: the trace of that is
        younger than the last file, and not older than a request may be."""
        if not workflow_changes.waits(ticket, attempt) or not ticket.attachments:
            return False
        trace = await self._intents.find(ticket.id, Purpose.FILES)
        last = last_file(ticket)
        return trace is not None and trace.created_at > max(last, self._clock.now() - _STORING)

    def _show_first(
        self, ref: AttemptRef, facts: RoundFacts, ticket: StoredTicket, index: int
    ) -> AbstractAsyncContextManager[object]:
        """The first piece of a round shows that it is under way."""
        return nullcontext() if index else self._progress.show_stage(ref, facts, ticket)

    def _attempt(self, ref: AttemptRef) -> Attempt:
        return Attempt(self._container, ref["ticket_id"], ref["attempt"])
