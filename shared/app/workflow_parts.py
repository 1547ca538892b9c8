"""The parts that work on tickets."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.app.ticket_parts import TicketParts

if TYPE_CHECKING:
    from shared.workflow.activities import Activities
    from shared.workflow.answer_cache import Answers
    from shared.workflow.bookkeeping import Bookkeeping
    from shared.workflow.contexts import Contexts
    from shared.workflow.progress import ProgressWriter
    from shared.workflow.step_runs import StepRuns


_LONE_STEP = "shared.app.lone_step"
"""Makes the app anew, in a process of its own."""


class WorkflowParts(TicketParts):
    """The part of the product that does the steps of an attempt."""

    @cached_property
    def activities(self) -> "Activities":
        from shared.workflow.activities import Activities
        from shared.workflow.chains.chain import Chains
        from shared.workflow.chains.lone_rounds import LoneRounds
        from shared.workflow.inquiries import Inquiries
        from shared.workflow.ticket_reader import TicketReader

        known, container, clock = self.settings, self.clients.container, self.clock
        books = self._bookkeeping
        reader = TicketReader(self.tickets, self.large_inputs)
        return Activities(
            tickets=self.tickets,
            large_inputs=self.large_inputs,
            reader=reader,
            container=container,
            intents=self._intents,
            contexts=self._contexts,
            progress=self._progress,
            step_runs=self._step_runs,
            books=books,
            chains=Chains(
                reader=reader,
                container=container,
                contexts=self._contexts,
                inquiries=Inquiries(self.tickets, known.workflow.answer_days, clock),
                rounds=LoneRounds(
                    tickets=self.tickets,
                    contexts=self._contexts,
                    step_runs=self._step_runs,
                    progress=self._progress,
                    books=books,
                    clock=clock,
                ),
                progress=self._progress,
                books=books,
                step_seconds=known.workflow.step_seconds,
                clock=clock,
            ),
            quiet_seconds=known.files.quiet_seconds,
            clock=clock,
        )

    @cached_property
    def _step_runs(self) -> "StepRuns":
        from shared.workflow.step_runs import StepRuns
        from shared.workflow.step_starts import StepStarts

        limit = self.settings.workflow.step_seconds
        starts = StepStarts(
            container=self.clients.container,
            module=_LONE_STEP,
            environment=self.settings.environment,
            step_seconds=limit,
        )
        return StepRuns(
            tickets=self.tickets,
            books=self._bookkeeping,
            starts=starts,
            step_seconds=limit,
            clock=self.clock,
        )

    @cached_property
    def _contexts(self) -> "Contexts":
        from shared.quotas.token_budgets import TokenBudgets
        from shared.workflow.contexts import Contexts
        from shared.workflow.metering import Metering
        from shared.workflow.partial_texts import PartialTexts

        return Contexts(
            tickets=self.tickets,
            users=self.users,
            container=self.clients.container,
            model=self.clients.model,
            answers=self.answer_cache,
            dependencies=self.dependencies,
            progress=self._progress,
            metering=Metering(self.settings.prices),
            budgets=TokenBudgets(self.quotas),
            partial_texts=PartialTexts(self.tickets, self.notifications, self.clock),
            books=self._bookkeeping,
            max_waits=self.settings.workflow.max_waits,
            clock=self.clock,
        )

    @cached_property
    def _bookkeeping(self) -> "Bookkeeping":
        from shared.workflow.bookkeeping import Bookkeeping

        return Bookkeeping(self.clients.container, self.clock)

    @cached_property
    def _progress(self) -> "ProgressWriter":
        from shared.workflow.progress import ProgressWriter

        return ProgressWriter(self.tickets, self.clients.container, self.clock)

    @cached_property
    def answer_cache(self) -> "Answers":
        from shared.workflow.answer_cache import Answers

        days = self.settings.workflow.answer_cache_days
        return Answers(self.clients.container, self.clients.model, days, clock=self.clock)
