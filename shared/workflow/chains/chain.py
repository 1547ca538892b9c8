"""A chain from what begins it to what it leaves: which rounds it does, and when it stops."""

import asyncio

from shared.clients.blobs import Container
from shared.models import Inquiry, StoredTicket
from shared.models.clock import Clock
from shared.storage.outages import insist
from shared.tasks.base import Result, Round
from shared.tasks.registry import find_task_type
from shared.tickets.attempts import Attempt
from shared.tickets.workflow_changes import runs
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.chains.artifacts import ChainArtifacts
from shared.workflow.chains.lone_rounds import LoneRounds, step_of
from shared.workflow.chains.run import ChainRun
from shared.workflow.contexts import Contexts
from shared.workflow.course import present_course
from shared.workflow.inquiries import Inquiries, find_answers, inquiry_name
from shared.workflow.messages import (
    READING,
    AnswerAwaited,
    AttemptRef,
    ResultStored,
    RoundBegins,
    RoundFacts,
    Superseded,
)
from shared.workflow.progress import ProgressWriter
from shared.workflow.rounds import begin_round
from shared.workflow.step_runs import BEGIN_SHARE, SUPERSEDED
from shared.workflow.ticket_reader import TicketReader

_PLAN = "plan"
_FRESH_SECONDS = 5.0
"""For so long a ticket is taken to be as it was read."""

ChainEnd = RoundBegins | AnswerAwaited | ResultStored | Superseded


class Chains:
    """Runs chains, which begin within the first tenth of `step_seconds` or not at all."""

    def __init__(
        self,
        *,
        reader: TicketReader,
        container: Container,
        contexts: Contexts,
        inquiries: Inquiries,
        rounds: LoneRounds,
        progress: ProgressWriter,
        books: Bookkeeping,
        step_seconds: float,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._container = container
        self._contexts = contexts
        self._inquiries = inquiries
        self._rounds = rounds
        self._progress = progress
        self._books = books
        self._seconds = step_seconds * BEGIN_SHARE
        self._clock = clock

    async def begin(self, ref: AttemptRef, ticket: StoredTicket) -> ChainEnd:
        """From the plan of a ticket that has just begun, or was found begun. Raises StepError,
        NotFound, Unavailable."""
        run = self._run(ref, ticket, _PLAN, is_whole=not ref.get("again"))
        async with self._books.gather_lines(ref, is_new=True):
            if ref.get("again") and (end := await self._resume(run, 0)):
                return end
            context = self._contexts.context(
                run.task_type,
                ticket,
                ref,
                READING,
                artifacts=run.artifacts,
                answers=find_answers(ticket, _PLAN),
            )
            made = await run.task_type.first_round(context)
            return await self._go_on_with(run, made, 0)

    async def go_on(self, ref: AttemptRef, facts: RoundFacts) -> ChainEnd:
        """From what follows a round whose outcomes are all stored. Raises as `begin`."""
        attempt = Attempt(self._container, ref["ticket_id"], ref["attempt"])
        ticket, outcomes = await asyncio.gather(
            self._read_settled(ref["ticket_id"]),
            attempt.outcomes(facts["number"], facts["total"]),
        )
        if not runs(ticket, ref["attempt"]):
            return SUPERSEDED
        run = self._run(ref, ticket, step_of(facts), is_whole=False)
        async with self._books.gather_lines(ref, is_new=False):
            following = facts["number"] + 1
            if ref.get("again") and (end := await self._resume(run, following)):
                return end
            made = await self._rounds.combine(run, facts, outcomes)
            return await self._go_on_with(run, made, following)

    async def _read_settled(self, ticket_id: str) -> StoredTicket:
        """The ticket once it shows what is done. Whoever showed that has it, unless it is cut
        short. Raises NotFound, Unavailable."""
        shown = await self._progress.settle(ticket_id)
        return await self._reader.read(ticket_id) if shown is None or shown.shortened else shown

    def _run(self, ref: AttemptRef, ticket: StoredTicket, step: str, *, is_whole: bool) -> ChainRun:
        attempt = Attempt(self._container, ticket.id, ref["attempt"])
        return ChainRun(
            ref=ref,
            step=step,
            ticket=ticket,
            task_type=find_task_type(ticket.task_type),
            attempt=attempt,
            artifacts=ChainArtifacts(attempt, is_new=is_whole),
            is_whole=is_whole,
            began=self._clock.monotonic(),
        )

    async def _resume(self, run: ChainRun, first: int) -> ChainEnd | None:
        """What comes of a chain that began with this step, and died; None where it came to nothing.
        A round after its `first` is left to the workflow: a step that ends its process there is
        counted by itself, and restarts are not held against those that are done."""
        if stored := await run.attempt.result():
            return await self._rounds.finish(run, stored)
        begins = await run.find_round()
        if begins is None:
            return None
        number = begins["facts"]["number"]
        if number == first:
            return await self._follow(run, begins)
        await self._settle(run)
        return {**begins, "items": []} if await run.attempt.has_outcome(number, 0) else begins

    async def _go_on_with(
        self, run: ChainRun, made: Round | Inquiry | Result, number: int
    ) -> ChainEnd:
        """What comes of what this step has made: the end, a question, or the round of `number` and
        what follows it."""
        if isinstance(made, Inquiry):
            name = inquiry_name(run.step, len(find_answers(run.ticket, run.step)))
            return await self._inquiries.ask(run.ref, name, made)
        if not isinstance(made, Round):
            return await self._rounds.complete(run, made)
        self._books.note(run.ref, present_course().end("round"))
        return await self._follow(run, begin_round(made, number))

    async def _follow(self, run: ChainRun, begins: RoundBegins) -> ChainEnd:
        """Do this round and those after it, as long as each is a single piece and there is time."""
        end: ChainEnd = begins
        while end["kind"] == "round" and self._may_do(run, end):
            if not run.task_type.is_single:
                await run.keep_round(end, self._clock)
            end = await self._rounds.do(run, end) if await self._is_wanted(run) else SUPERSEDED
        if end["kind"] == "round":
            await self._settle(run)
        return end

    async def _settle(self, run: ChainRun) -> None:
        """Store what is left to the workflow: a log, and what is handed on."""
        await asyncio.gather(
            self._books.settle(run.ref), insist(run.artifacts.store_all, self._clock)
        )

    def _may_do(self, run: ChainRun, begins: RoundBegins) -> bool:
        is_lone = len(begins["items"]) == 1 and "wait" not in begins
        in_time = self._clock.monotonic() - run.began < self._seconds
        return run.ref.get("chains", False) and is_lone and in_time

    async def _is_wanted(self, run: ChainRun) -> bool:
        """Whether the ticket still runs, as far as is known; before the model is paid."""
        if self._clock.monotonic() - max(run.began, run.read_at) > _FRESH_SECONDS:
            run.ticket = await self._reader.read(run.ticket.id)
            run.read_at = self._clock.monotonic()
        return runs(run.ticket, run.ref["attempt"])
