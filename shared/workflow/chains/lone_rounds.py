"""Rounds of a single piece of work, done where they were made: the piece, and what follows it.

What was paid for is stored before more is asked for. An outcome whose model's answers are
remembered, or which is the result itself, needs no place of its own where what follows it is made
and stored at once.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from shared.errors import PermanentFailure, RetryLater, Unavailable
from shared.models import Inquiry, Usage
from shared.models.clock import Clock
from shared.storage.compressed import pack
from shared.storage.outages import insist
from shared.tasks.base import Result, Round
from shared.tasks.stored_models import dump_model
from shared.telemetry.names import SpanName
from shared.telemetry.steps import observe_step
from shared.tickets.attempts import sum_calls
from shared.tickets.rendering.files import check_result
from shared.tickets.repository import Tickets
from shared.tickets.workflow_changes import complete
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.chains.run import ChainRun
from shared.workflow.contexts import Contexts
from shared.workflow.course import present_course
from shared.workflow.inquiries import find_answers
from shared.workflow.messages import (
    ENDING,
    ResultStored,
    RoundBegins,
    RoundFacts,
    TaskActivity,
)
from shared.workflow.progress import ProgressWriter
from shared.workflow.rounds import begin_round
from shared.workflow.step_runs import StepRuns


class LoneRounds:
    """Does one round after another of the chains of this process."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        contexts: Contexts,
        step_runs: StepRuns,
        progress: ProgressWriter,
        books: Bookkeeping,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._contexts = contexts
        self._step_runs = step_runs
        self._progress = progress
        self._books = books
        self._clock = clock

    async def do(self, run: ChainRun, begins: RoundBegins) -> RoundBegins | ResultStored:
        """Do a piece of work and what follows it: the next round, or the end. Where either must
        wait, or ask: this round, as far as it is left to do."""
        facts, [item] = begins["facts"], begins["items"]
        course = present_course()
        course.go_on(TaskActivity.WORK, facts, 0)
        try:
            with observe_step(SpanName.WORK, facts["stage"]):
                outcome = await self._work_shown(run, facts, item)
        except (RetryLater, Unavailable) as error:
            return await self._put_off(run, begins, error)
        self._books.note(run.ref, course.end("outcome"))
        store = partial(run.attempt.store_outcome, facts["number"], 0, outcome)
        is_stored = not (run.task_type.is_single or self._contexts.remember_answers(run.task_type))
        if is_stored:
            await insist(store, self._clock)
        course.go_on(TaskActivity.COMBINE, facts)
        left: RoundBegins = {**begins, "items": []}
        try:
            with observe_step(SpanName.COMBINE, facts["stage"]):
                made = await self.combine(run, facts, [outcome])
            if isinstance(made, Inquiry):  # The step that asks is the one that goes on.
                return left
            if isinstance(made, Round):
                self._books.note(run.ref, course.end("round"))
                following, is_stored = begin_round(made, facts["number"] + 1), True
                return following
            end = await self.complete(run, made, patient=is_stored)
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

    async def combine(
        self, run: ChainRun, facts: RoundFacts, outcomes: Sequence[Any]
    ) -> Round | Inquiry | Result:
        """What follows a round with these outcomes. Raises StepError."""
        context = self._contexts.context(
            run.task_type,
            run.ticket,
            run.ref,
            facts["stage"],
            artifacts=run.artifacts,
            answers=find_answers(run.ticket, step_of(facts)),
        )
        return await run.task_type.combine(context, outcomes)

    async def complete(self, run: ChainRun, made: Result, *, patient: bool = True) -> ResultStored:
        """Store the result, `patient` if what it is made of is stored, and end the ticket."""
        result = dump_model(made) | {
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
        return await self.finish(run, stored)

    async def finish(self, run: ChainRun, stored: dict[str, Any]) -> ResultStored:
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

    async def _work_shown(self, run: ChainRun, facts: RoundFacts, item: Any) -> Any:
        """Work, with the stage shown to who waits for it."""
        async with self._progress.show_stage(run.ref, facts, run.ticket) as seen:
            outcome = await self._work(run, facts, item)
        await self._progress.settle(run.ticket.id)
        run.ticket = seen.ticket
        return outcome

    async def _work(self, run: ChainRun, facts: RoundFacts, item: Any) -> Any:
        """The outcome of a piece of work, unless it is there already."""
        number = facts["number"]
        if run.ref.get("again") and await run.attempt.has_outcome(number, 0):
            return (await run.attempt.outcomes(number, 1))[0]
        context = self._contexts.work_context(
            run.task_type, run.ticket, run.ref, facts["stage"], run.artifacts.for_piece()
        )
        return (await run.task_type.do_work(context, item)).outcome

    async def _put_off(
        self, run: ChainRun, left: RoundBegins, error: RetryLater | Unavailable
    ) -> RoundBegins:
        wait = await self._step_runs.put_off(run.ref, error)
        line = present_course().end("wait", wait["reason"], wait.get("service", ""))
        self._books.note(run.ref, line)
        return {**left, "wait": wait}


def step_of(facts: RoundFacts) -> str:
    """What a chain that begins after a round, and its inquiries, are known by."""
    return f"round{facts['number']}"
