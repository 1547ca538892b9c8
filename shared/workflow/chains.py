"""Chains of steps: while a round is a single piece of work, it is done where it was made, and what
follows it as well, mostly to the end of the ticket.

Each step that the platform runs costs it some queue messages, and the app a reading of what the
step before has stored. A chain stores what would be paid for twice, before it asks for more; what
it cannot go on with it leaves to the steps that the platform runs one by one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.clients.blobs import Container
from shared.errors import PermanentFailure, RetryLater, Unavailable
from shared.models import Inquiry, StoredTicket, Usage
from shared.models.clock import Clock
from shared.storage.compressed import pack
from shared.storage.outages import insist
from shared.tasks.base import Result, Round, TaskType
from shared.tasks.registry import find_task_type
from shared.telemetry.names import SpanName
from shared.telemetry.steps import observe_step
from shared.tickets.attempts import Attempt, sum_calls
from shared.tickets.rendering.files import check_result
from shared.tickets.repository import Tickets
from shared.tickets.workflow_changes import complete, runs
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.contexts import Contexts
from shared.workflow.course import present_course
from shared.workflow.inquiries import Inquiries, find_answers, inquiry_name
from shared.workflow.messages import (
    ENDING,
    READING,
    AnswerAwaited,
    AttemptRef,
    ResultStored,
    RoundBegins,
    RoundFacts,
    Superseded,
    TaskActivity,
)
from shared.workflow.rounds import begin_round
from shared.workflow.step_runs import SUPERSEDED, StepRuns
from shared.workflow.ticket_reader import TicketReader

_PLAN = "plan"
_FRESH_SECONDS = 5.0
"""For so long a ticket is taken to be as it was read."""
_BEGIN_SHARE = 0.1
"""Of a step's time: a chain goes on within it, so that the model has time enough."""

ChainEnd = RoundBegins | AnswerAwaited | ResultStored | Superseded


class Chains:
    """Runs chains, which begin within the first tenth of `step_seconds` or not at all."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        reader: TicketReader,
        container: Container,
        contexts: Contexts,
        inquiries: Inquiries,
        step_runs: StepRuns,
        books: Bookkeeping,
        step_seconds: float,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._reader = reader
        self._container = container
        self._contexts = contexts
        self._inquiries = inquiries
        self._step_runs = step_runs
        self._books = books
        self._seconds = step_seconds * _BEGIN_SHARE
        self._clock = clock

    async def begin(self, ref: AttemptRef, ticket: StoredTicket) -> ChainEnd:
        """From the plan of a ticket that has just begun, or was found begun. Raises StepError,
        NotFound, Unavailable."""
        run = self._run(ref, ticket, is_whole=not ref.get("again"))
        async with self._books.gather_lines(ref, is_new=True):
            if ref.get("again") and (end := await self._resume(run, _PLAN, 0)):
                return end
            answers = find_answers(ticket, _PLAN)
            context = self._contexts.context(run.task_type, ticket, ref, READING, answers)
            made = await run.task_type.first_round(context)
            return await self._go_on_with(run, made, _PLAN, 0)

    async def go_on(self, ref: AttemptRef, facts: RoundFacts) -> ChainEnd:
        """From what follows a round whose outcomes are all stored. Raises as `begin`."""
        attempt = Attempt(self._container, ref["ticket_id"], ref["attempt"])
        ticket, outcomes = await asyncio.gather(
            self._reader.read(ref["ticket_id"]),
            attempt.outcomes(facts["number"], facts["total"]),
        )
        if not runs(ticket, ref["attempt"]):
            return SUPERSEDED
        run = self._run(ref, ticket, is_whole=False)
        async with self._books.gather_lines(ref, is_new=False):
            step, following = _step_of(facts), facts["number"] + 1
            if ref.get("again") and (end := await self._resume(run, step, following)):
                return end
            made = await self._combine(run, facts, outcomes)
            return await self._go_on_with(run, made, step, following)

    def _run(self, ref: AttemptRef, ticket: StoredTicket, *, is_whole: bool) -> "_Run":
        return _Run(
            ref=ref,
            ticket=ticket,
            task_type=find_task_type(ticket.task_type),
            attempt=Attempt(self._container, ticket.id, ref["attempt"]),
            is_whole=is_whole,
            began=self._clock.monotonic(),
        )

    async def _resume(self, run: "_Run", step: str, first: int) -> ChainEnd | None:
        """What comes of a chain that began with this step, and died; None where it came to nothing.
        A round after its `first` is left to the workflow: a step that ends its process there is
        counted by itself, and restarts are not held against those that are done."""
        if stored := await run.attempt.result():
            return await self._finish(run, stored)
        begins: RoundBegins | None = await run.attempt.load_chain(step)
        if begins is None:
            return None
        number = begins["facts"]["number"]
        if number == first:
            return await self._follow(run, begins, step)
        await self._books.settle(run.ref)  # What is left to the workflow needs a log.
        return {**begins, "items": []} if await run.attempt.has_outcome(number, 0) else begins

    async def _go_on_with(
        self, run: "_Run", made: Round | Inquiry | Result, step: str, number: int
    ) -> ChainEnd:
        """What comes of what this step has made: the end, a question, or the round of `number` and
        what follows it."""
        if isinstance(made, Inquiry):
            name = inquiry_name(step, len(find_answers(run.ticket, step)))
            return await self._inquiries.ask(run.ref, name, made)
        if not isinstance(made, Round):
            return await self._complete(run, made)
        self._books.note(run.ref, present_course().end("round"))
        return await self._follow(run, begin_round(made, number), step)

    async def _follow(self, run: "_Run", begins: RoundBegins, step: str) -> ChainEnd:
        """Do this round and those after it, as long as each is a single piece and there is time.
        What a round is, is kept before it is done: what made it may not run again after that."""
        end: ChainEnd = begins
        while end["kind"] == "round" and self._may_do(run, end):
            if not run.task_type.is_single:
                await insist(partial(run.attempt.store_chain, step, end), self._clock)
            end = await self._do_round(run, end) if await self._is_wanted(run) else SUPERSEDED
        await self._books.settle(run.ref)
        return end

    def _may_do(self, run: "_Run", begins: RoundBegins) -> bool:
        is_lone = len(begins["items"]) == 1 and "wait" not in begins
        in_time = self._clock.monotonic() - run.began < self._seconds
        return run.ref.get("chains", False) and is_lone and in_time

    async def _is_wanted(self, run: "_Run") -> bool:
        """Whether the ticket still runs, as far as is known; before the model is paid."""
        if self._clock.monotonic() - max(run.began, run.read_at) > _FRESH_SECONDS:
            run.ticket = await self._reader.read(run.ticket.id)
            run.read_at = self._clock.monotonic()
        return runs(run.ticket, run.ref["attempt"])

    async def _do_round(
        self, run: "_Run", begins: RoundBegins
    ) -> RoundBegins | ResultStored | Superseded:
        """Do a piece of work and what follows it: the next round, or the end. Where either must
        wait, or ask: this round, as far as it is left to do."""
        facts, [item] = begins["facts"], begins["items"]
        course = present_course()
        course.go_on(TaskActivity.WORK, facts, 0)
        try:
            with observe_step(SpanName.WORK, facts["stage"]):
                outcome = await self._work(run, facts, item)
        except (RetryLater, Unavailable) as error:
            return await self._put_off(run, begins, error)
        self._books.note(run.ref, course.end("outcome"))
        store = partial(run.attempt.store_outcome, facts["number"], 0, outcome)
        is_stored = not run.task_type.is_single
        if is_stored:
            await insist(store, self._clock)
        course.go_on(TaskActivity.COMBINE, facts)
        left: RoundBegins = {**begins, "items": []}
        try:
            with observe_step(SpanName.COMBINE, facts["stage"]):
                made = await self._combine(run, facts, [outcome])
            if isinstance(made, Inquiry):  # The step that asks is the one that goes on.
                return left
            if isinstance(made, Round):
                self._books.note(run.ref, course.end("round"))
                return begin_round(made, facts["number"] + 1)
            end = await self._complete(run, made, patient=is_stored)
            is_stored = True
            return end
        except (RetryLater, Unavailable) as error:
            return await self._put_off(run, left, error)
        except PermanentFailure:  # Nobody asks for what was made for a ticket that fails.
            is_stored = True
            raise
        finally:
            if not is_stored:
                await insist(store, self._clock)

    async def _put_off(
        self, run: "_Run", left: RoundBegins, error: RetryLater | Unavailable
    ) -> RoundBegins:
        wait = await self._step_runs.put_off(run.ref, error)
        line = present_course().end("wait", wait["reason"], wait.get("service", ""))
        self._books.note(run.ref, line)
        return {**left, "wait": wait}

    async def _work(self, run: "_Run", facts: RoundFacts, item: Any) -> Any:
        """The outcome of a piece of work, unless it is there already."""
        number = facts["number"]
        if run.ref.get("again") and await run.attempt.has_outcome(number, 0):
            return (await run.attempt.outcomes(number, 1))[0]
        context = self._contexts.work_context(run.task_type, run.ticket, run.ref, facts["stage"])
        return (await run.task_type.do_work(context, item)).outcome

    async def _combine(
        self, run: "_Run", facts: RoundFacts, outcomes: Sequence[Any]
    ) -> Round | Inquiry | Result:
        answers = find_answers(run.ticket, _step_of(facts))
        stage = facts["stage"]
        context = self._contexts.context(run.task_type, run.ticket, run.ref, stage, answers)
        return await run.task_type.combine(context, outcomes)

    async def _complete(self, run: "_Run", made: Result, *, patient: bool = True) -> ResultStored:
        """Store the result, `patient` if what it is made of is stored, and end the ticket."""
        result = made.model_dump(mode="json") | {
            "model": None,
            "usage": Usage().model_dump(),
            "formats": run.task_type.offered_formats,
        }
        await check_result(run.ticket, result)
        self._books.note(run.ref, present_course().end("done"))
        if run.is_whole:  # No other process has worked on this attempt.
            ledger = sum_calls(self._books.calls_of(run.ref))
        else:
            await self._books.settle(run.ref)
            ledger = await run.attempt.ledger()
        result |= {"model": ledger.model, "usage": ledger.usage.model_dump()}
        # What was paid is stored before anything else, and what was paid for it beside it.
        store = partial(run.attempt.store_result, result)
        storing = insist(store, self._clock) if patient else store()
        stored, _ = await asyncio.gather(storing, self._books.settle(run.ref, whole=True))
        return await self._finish(run, stored)

    async def _finish(self, run: "_Run", stored: dict[str, Any]) -> ResultStored:
        """The ticket is completed, unless something else ended it before. What cannot be written
        now is left to the step that tries it for a day, which is all that version 1 knows."""
        tokens = Usage.model_validate(stored["usage"]).tokens
        done = ResultStored(kind="done", model=stored["model"], tokens=tokens)
        if not run.ref.get("chains"):
            return done
        moment = self._clock.now()
        decide = complete(run.ref["attempt"], done["model"], done["tokens"], pack(stored), moment)
        try:
            with observe_step(SpanName.END, ENDING):
                await self._tickets.change(run.ticket.id, decide, run.ticket)
        except Unavailable:
            return done
        return {**done, "finished": True}


@dataclass(slots=True, kw_only=True)
class _Run:
    """A chain at an attempt. `is_whole` if nothing of the attempt was done before it."""

    ref: AttemptRef
    ticket: StoredTicket
    task_type: TaskType[Any, Any]
    attempt: Attempt
    is_whole: bool
    began: float
    read_at: float = 0.0


def _step_of(facts: RoundFacts) -> str:
    """What a chain that begins after a round, and its inquiries, are known by."""
    return f"round{facts['number']}"
