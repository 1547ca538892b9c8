"""Puts the product together: `App` makes each part once, when it is first needed.

Clients and models are imported late, because importing them costs more than everything else at a
cold start.
"""

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from shared.app.account_parts import AccountParts
from shared.workflow.messages import StartInput, Waiting

if TYPE_CHECKING:
    from shared.app.health import Health
    from shared.attachments.direct_uploads import DirectUploads
    from shared.attachments.inbox import Inbox
    from shared.attachments.service import Attachments
    from shared.attachments.store import AttachmentStore
    from shared.attachments.texts import AttachmentTexts
    from shared.audit.retention import Retention
    from shared.audit.trail import AuditTrail
    from shared.models import StoredTicket
    from shared.tasks.base import Tools
    from shared.tickets.idempotency import IdempotencyKeys
    from shared.tickets.intents import Intents
    from shared.tickets.listing.listing import TicketList
    from shared.tickets.opening import TicketOpening
    from shared.tickets.permissions import Permissions
    from shared.tickets.repository import Tickets
    from shared.tickets.results import TicketQueries
    from shared.tickets.service import TicketService
    from shared.workflow.activities import Activities
    from shared.workflow.answer_cache import Answers


class App(AccountParts):
    """The product under these settings. A test that wants another end than a real service makes a
    subclass, or sets the attribute before it is used."""

    def start_input(self, ticket: "StoredTicket") -> StartInput:
        """What the workflow of a ticket is started with."""
        known = self.settings
        return StartInput(
            ticket_id=ticket.id,
            attempt=ticket.attempt,
            task_type=ticket.task_type,
            parallel=known.workflow.max_parallel_work,
            first_wait=known.model.first_wait,
            most_wait=known.model.max_wait,
            waiting=self._waiting(ticket) if ticket.waits_for_files else None,
        )

    def _waiting(self, ticket: "StoredTicket") -> Waiting:
        """What the workflow of a ticket that waits for its files must know."""
        from shared.models import rfc3339

        until = ticket.updated_at + timedelta(seconds=self.settings.files.max_wait)
        return Waiting(quiet=self.settings.files.quiet_seconds, until=rfc3339(until), stirring=True)

    @cached_property
    def permissions(self) -> "Permissions":
        from shared.tickets.permissions import Permissions

        return Permissions(self.users)

    @cached_property
    def ticket_opening(self) -> "TicketOpening":
        from shared.tickets.opening import TicketOpening

        return TicketOpening(
            self.tickets,
            self._intents,
            self.idempotency_keys,
            self.users,
            self.settings.workflow.sweep_after,
        )

    @cached_property
    def idempotency_keys(self) -> "IdempotencyKeys":
        from shared.tickets.idempotency import IdempotencyKeys

        return IdempotencyKeys(self.clients.table("tickets"))

    @cached_property
    def ticket_service(self) -> "TicketService":
        from shared.tickets.service import TicketService, Times

        known = self.settings.workflow
        times = Times(known.sweep_after, known.sweep_after + known.step_seconds)
        container, landing = self.clients.container, self.clients.landing
        return TicketService(self.tickets, container, self.users, self.permissions, landing, times)

    @cached_property
    def ticket_list(self) -> "TicketList":
        from shared.tickets.listing.listing import TicketList

        return TicketList(
            self.clients.table("tickets"), self.tickets, self.ticket_queries, self.permissions
        )

    @cached_property
    def attachments(self) -> "Attachments":
        from shared.attachments.service import Attachments

        most = self.settings.sizes.file
        return Attachments(
            self.tickets, self._intents, self._attachment_store, self.permissions, most
        )

    @cached_property
    def attachment_texts(self) -> "AttachmentTexts":
        from shared.attachments.texts import AttachmentTexts

        return AttachmentTexts(
            self.clients.container, self._attachment_store.read, self._tools.extract
        )

    @cached_property
    def direct_uploads(self) -> "DirectUploads":
        from shared.attachments.direct_uploads import DirectUploads

        landing, most = self.clients.landing, self.settings.sizes.blob
        return DirectUploads(self.tickets, self.attachments, self.permissions, landing, most)

    @cached_property
    def inbox(self) -> "Inbox":
        from shared.attachments.dropped_files import DroppedFiles
        from shared.attachments.inbox import Inbox

        landing, table = self.clients.landing, self.clients.table("tickets")
        drops = DroppedFiles(
            self.ticket_opening,
            self.users,
            self.attachments,
            landing,
            table,
            self.audit_trail,
            self.settings.sizes.blob,
        )
        return Inbox(landing, self.clients.poison, self.direct_uploads, drops, self.audit_trail)

    @cached_property
    def audit_trail(self) -> "AuditTrail":
        from shared.audit.trail import AuditTrail

        return AuditTrail(self.tickets, self.clients.table("tickets"), self.clients.table("users"))

    @cached_property
    def retention(self) -> "Retention":
        from shared.audit.retention import Retention

        days = self.settings.audit.retention_days
        return Retention(self.clients.table("tickets"), self.clients.table("users"), days)

    @cached_property
    def ticket_queries(self) -> "TicketQueries":
        from shared.tickets.results import TicketQueries

        return TicketQueries(self.tickets, self.clients.container, self.permissions)

    @cached_property
    def activities(self) -> "Activities":
        from shared.workflow.activities import Activities

        known, clients = self.settings, self.clients
        times = {
            "step_seconds": known.workflow.step_seconds,
            "quiet_seconds": known.files.quiet_seconds,
        }
        return Activities(
            self.tickets,
            clients.container,
            clients.model,
            self.answer_cache,
            self._tools,
            self._intents,
            **times,
        )

    @cached_property
    def answer_cache(self) -> "Answers":
        from shared.workflow.answer_cache import Answers

        days = self.settings.workflow.answer_cache_days
        return Answers(self.clients.container, self.clients.model, days)

    @cached_property
    def _tools(self) -> "Tools":
        from shared.app.toolbox import tools
        from shared.documents.extraction import Limits

        known, github = self.settings, self.clients.github
        limits = Limits(known.extraction.seconds, known.extraction.megabytes)
        chunk, batch = known.tasks.chunk_tokens, known.tasks.batch_tokens
        return tools(github, limits, chunk, batch, known.accounts.tokens.secret_key)

    @cached_property
    def health(self) -> "Health":
        from shared.app.health import Health

        return Health(self.clients.table("tickets"), self.clients.model, self.clients.realtime)

    @cached_property
    def _intents(self) -> "Intents":
        from shared.tickets.intents import Intents

        return Intents(self.clients.table("tickets"))

    @cached_property
    def _attachment_store(self) -> "AttachmentStore":
        from shared.attachments.store import AttachmentStore

        return AttachmentStore(self.clients.container)

    @cached_property
    def tickets(self) -> "Tickets":
        from shared.tickets.notifications import Notifications
        from shared.tickets.repository import Tickets

        notifications = Notifications(self.clients.realtime, self.users)
        return Tickets(self.clients.table("tickets"), notifications.send)
