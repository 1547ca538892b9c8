"""Puts the product together: `App` makes each part once, when it is first needed.

Clients and models are imported late, because importing them costs more than everything else at a
cold start.
"""

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from shared.app.workflow_parts import WorkflowParts
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


class App(WorkflowParts):
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
    def _attachment_store(self) -> "AttachmentStore":
        from shared.attachments.store import AttachmentStore

        return AttachmentStore(self.clients.container)
