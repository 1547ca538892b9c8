"""Puts the product together: `App` makes each part once, when it is first needed.

Clients and models are imported late, because importing them costs more than everything else at a
cold start.
"""

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from shared.app.ticket_parts import TicketParts
from shared.workflow.messages import StartInput, Waiting

if TYPE_CHECKING:
    from shared.attachments.direct_uploads import DirectUploads
    from shared.attachments.inbox import Inbox
    from shared.attachments.service import Attachments
    from shared.attachments.store import AttachmentStore
    from shared.attachments.texts import AttachmentTexts
    from shared.audit.retention import Retention
    from shared.audit.trail import AuditTrail
    from shared.audit.verification import TrailVerification
    from shared.models import StoredTicket
    from shared.tickets.sweeper import Sweeper
    from shared.workflow.activities import Activities
    from shared.workflow.answer_cache import Answers
    from shared.workflow.bookkeeping import Bookkeeping
    from shared.workflow.contexts import Contexts
    from shared.workflow.progress import ProgressWriter


_LONE_STEP = "shared.app.lone_step"
"""Makes the app anew, in a process of its own."""


class App(TicketParts):
    """The product under these settings. A test that wants another end than a real service makes a
    subclass, or sets the attribute before it is used."""

    def start_input(self, ticket: "StoredTicket") -> StartInput:
        """What the workflow of a ticket is started with."""
        known = self.settings.workflow
        return StartInput(
            ticket_id=ticket.id,
            attempt=ticket.attempt,
            task_type=ticket.task_type,
            parallel=known.max_parallel_work,
            first_wait=known.first_wait,
            most_wait=known.max_waits["model"],
            max_waits={**known.max_waits},
            chains=True,
            waiting=self._describe_wait(ticket) if ticket.waits_for_files else None,
        )

    def _describe_wait(self, ticket: "StoredTicket") -> Waiting:
        """What the workflow of a ticket that waits for its files must know."""
        from shared.models import rfc3339

        until = ticket.updated_at + timedelta(seconds=self.settings.files.max_wait)
        return Waiting(quiet=self.settings.files.quiet_seconds, until=rfc3339(until), stirring=True)

    @cached_property
    def enabled_task_types(self) -> list[str]:
        """Those for which everything that they need is set up."""
        from shared.tasks.registry import TASK_TYPES, find_task_type

        return [
            name
            for name in TASK_TYPES
            if self.dependencies.find_fault(find_task_type(name).needs) is None
        ]

    @cached_property
    def sweeper(self) -> "Sweeper":
        from shared.tickets.intents import Purpose
        from shared.tickets.sweeper import Sweeper

        return Sweeper(
            tickets=self.tickets,
            intents=self._intents,
            others={
                Purpose.DELETE: self.ticket_deletion,
                Purpose.FILES: self.attachments,
                Purpose.ANSWER: self.ticket_answering,
            },
            clear_unopened=self.attachments.clear_unopened,
            sweep_after=self.settings.workflow.sweep_after,
            clock=self.clock,
        )

    @cached_property
    def attachments(self) -> "Attachments":
        from shared.attachments.service import Attachments

        return Attachments(
            tickets=self.tickets,
            access=self.ticket_access,
            intents=self._intents,
            store=self._attachment_store,
            large_inputs=self.large_inputs,
            quotas=self.quotas,
            max_bytes=self.settings.sizes.file,
            clock=self.clock,
        )

    @cached_property
    def attachment_texts(self) -> "AttachmentTexts":
        from shared.attachments.texts import AttachmentTexts

        clients = self.clients
        return AttachmentTexts(
            clients.container, self._attachment_store.read, clients.extractor.extract
        )

    @cached_property
    def direct_uploads(self) -> "DirectUploads":
        from shared.attachments.direct_uploads import DirectUploads

        return DirectUploads(
            tickets=self.tickets,
            access=self.ticket_access,
            attachments=self.attachments,
            containers=self.clients.landing,
            max_bytes=self.settings.sizes.blob,
            clock=self.clock,
        )

    @cached_property
    def inbox(self) -> "Inbox":
        from shared.attachments.dropped_files import DroppedFiles
        from shared.attachments.inbox import Inbox

        drops = DroppedFiles(
            opening=self.ticket_opening,
            users=self.users,
            attachments=self.attachments,
            containers=self.clients.landing,
            table=self.clients.table("tickets"),
            trail=self.audit_trail,
            max_bytes=self.settings.sizes.blob,
            clock=self.clock,
        )
        return Inbox(
            containers=self.clients.landing,
            poison=self.clients.poison,
            uploads=self.direct_uploads,
            drops=drops,
            trail=self.audit_trail,
            rejected_days=self.settings.files.rejected_days,
            clock=self.clock,
        )

    @cached_property
    def audit_trail(self) -> "AuditTrail":
        from shared.audit.trail import AuditTrail

        return AuditTrail(
            tickets=self.tickets,
            ticket_table=self.clients.table("tickets"),
            user_table=self.clients.table("users"),
            chains=self.audit_chains,
            digests=self.audit_digests,
            clock=self.clock,
        )

    @cached_property
    def audit_verification(self) -> "TrailVerification":
        from shared.audit.verification import TrailVerification

        return TrailVerification(
            keys=self.audit_keys,
            digests=self.audit_digests,
            horizons=self.audit_horizons,
            ticket_table=self.clients.table("tickets"),
            user_table=self.clients.table("users"),
            read_ticket=self.tickets.read,
            read_end=self.users.trail_end,
        )

    @cached_property
    def retention(self) -> "Retention":
        from shared.audit.retention import Retention

        return Retention(
            ticket_table=self.clients.table("tickets"),
            user_table=self.clients.table("users"),
            keys=self.audit_keys,
            digests=self.audit_digests,
            horizons=self.audit_horizons,
            settings=self.settings.audit,
            clock=self.clock,
        )

    @cached_property
    def activities(self) -> "Activities":
        from shared.workflow.activities import Activities
        from shared.workflow.chains import Chains
        from shared.workflow.inquiries import Inquiries
        from shared.workflow.step_runs import StepRuns
        from shared.workflow.step_starts import StepStarts
        from shared.workflow.ticket_reader import TicketReader

        known, container, clock = self.settings, self.clients.container, self.clock
        books, limit = self._bookkeeping, known.workflow.step_seconds
        reader = TicketReader(self.tickets, self.large_inputs)
        starts = StepStarts(
            container=container,
            module=_LONE_STEP,
            environment=known.environment,
            step_seconds=limit,
        )
        step_runs = StepRuns(
            tickets=self.tickets, books=books, starts=starts, step_seconds=limit, clock=clock
        )
        return Activities(
            tickets=self.tickets,
            large_inputs=self.large_inputs,
            reader=reader,
            container=container,
            intents=self._intents,
            contexts=self._contexts,
            progress=self._progress,
            step_runs=step_runs,
            books=books,
            chains=Chains(
                tickets=self.tickets,
                reader=reader,
                container=container,
                contexts=self._contexts,
                inquiries=Inquiries(self.tickets, known.workflow.answer_days, clock),
                step_runs=step_runs,
                books=books,
                step_seconds=limit,
                clock=clock,
            ),
            quiet_seconds=known.files.quiet_seconds,
            clock=clock,
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

    @cached_property
    def _attachment_store(self) -> "AttachmentStore":
        from shared.attachments.store import AttachmentStore

        return AttachmentStore(self.clients.container)
