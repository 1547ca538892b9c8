"""The parts that know tickets."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.app.account_parts import AccountParts

if TYPE_CHECKING:
    from shared.quotas.count_table import CountTable
    from shared.quotas.service import Quotas
    from shared.quotas.usage import UsageReport
    from shared.storage.migration import Migration
    from shared.tasks.dependencies import Dependencies
    from shared.tickets.access import TicketAccess
    from shared.tickets.answering import TicketAnswering
    from shared.tickets.deletion import TicketDeletion
    from shared.tickets.hold_sweeper import HoldSweeper
    from shared.tickets.idempotency import IdempotencyKeys
    from shared.tickets.intents import Intents
    from shared.tickets.large_inputs.saving import InputSaving
    from shared.tickets.large_inputs.store import LargeInputs
    from shared.tickets.listing.listing import TicketList
    from shared.tickets.opening import TicketOpening
    from shared.tickets.permissions import Permissions
    from shared.tickets.realtime.events import RealtimeEvents
    from shared.tickets.realtime.notifications import Notifications
    from shared.tickets.repository import Tickets
    from shared.tickets.results import TicketQueries
    from shared.tickets.service import TicketService
    from shared.tickets.statistics.ended_sums import EndedSums
    from shared.tickets.statistics.report import TicketStatistics


class TicketParts(AccountParts):
    """The part of the product that opens, keeps and shows tickets."""

    @cached_property
    def realtime_events(self) -> "RealtimeEvents":
        from shared.clients.entra import EntraTokens
        from shared.clients.realtime_events import EventVerification
        from shared.tickets.realtime.events import RealtimeEvents

        settings = self.settings.realtime
        read_token = EntraTokens(settings.events).read if settings.events else None
        verification = EventVerification(settings, read_token)
        return RealtimeEvents(
            verification=verification,
            connections=self.connections,
            queries=self.ticket_queries,
            clock=self.clock,
        )

    @cached_property
    def permissions(self) -> "Permissions":
        from shared.tickets.permissions import Permissions

        return Permissions(self.users)

    @cached_property
    def ticket_access(self) -> "TicketAccess":
        from shared.tickets.access import TicketAccess

        return TicketAccess(self.tickets, self.permissions)

    @cached_property
    def dependencies(self) -> "Dependencies":
        from shared.app.dependencies import dependencies

        return dependencies(self.clients, self.settings)

    @cached_property
    def ticket_opening(self) -> "TicketOpening":
        from shared.tickets.opening import TicketOpening

        return TicketOpening(
            tickets=self.tickets,
            keys=self.idempotency_keys,
            users=self.users,
            quotas=self.quotas,
            inputs=self._input_saving,
            dependencies=self.dependencies,
            sweep_after=self.settings.workflow.sweep_after,
            clock=self.clock,
        )

    @cached_property
    def ticket_answering(self) -> "TicketAnswering":
        from shared.tickets.answering import TicketAnswering

        return TicketAnswering(
            tickets=self.tickets,
            access=self.ticket_access,
            large_inputs=self.large_inputs,
            intents=self._intents,
            clock=self.clock,
        )

    @cached_property
    def large_inputs(self) -> "LargeInputs":
        from shared.tickets.large_inputs.store import LargeInputs

        return LargeInputs(self.clients.container, self.tickets)

    @cached_property
    def _input_saving(self) -> "InputSaving":
        from shared.tickets.large_inputs.saving import InputSaving

        return InputSaving(
            tickets=self.tickets,
            store=self.large_inputs,
            intents=self._intents,
            quotas=self.quotas,
            clock=self.clock,
        )

    @cached_property
    def idempotency_keys(self) -> "IdempotencyKeys":
        from shared.tickets.idempotency import IdempotencyKeys

        return IdempotencyKeys(self.clients.table("tickets"), self.clock)

    @cached_property
    def ticket_service(self) -> "TicketService":
        from shared.tickets.service import TicketService

        return TicketService(
            tickets=self.tickets,
            access=self.ticket_access,
            users=self.users,
            quotas=self.quotas,
            large_inputs=self.large_inputs,
            saving=self._input_saving,
            dependencies=self.dependencies,
            sweep_after=self.settings.workflow.sweep_after,
            clock=self.clock,
        )

    @cached_property
    def ticket_deletion(self) -> "TicketDeletion":
        from shared.tickets.deletion import TicketDeletion

        known = self.settings.workflow
        return TicketDeletion(
            tickets=self.tickets,
            access=self.ticket_access,
            container=self.clients.container,
            landing=self.clients.landing,
            quotas=self.quotas,
            linger=known.sweep_after + known.step_seconds,
            clock=self.clock,
        )

    @cached_property
    def ticket_list(self) -> "TicketList":
        from shared.tickets.listing.listing import TicketList

        return TicketList(
            table=self.clients.table("tickets"),
            tickets=self.tickets,
            permissions=self.permissions,
            clock=self.clock,
        )

    @cached_property
    def ended_sums(self) -> "EndedSums":
        from shared.tickets.statistics.ended_sums import EndedSums

        table, container = self.clients.table("tickets"), self.clients.container
        return EndedSums(table, container, self.clock, settle=self.quotas.settle)

    @cached_property
    def ticket_statistics(self) -> "TicketStatistics":
        from shared.tickets.listing.index import Index
        from shared.tickets.statistics.report import TicketStatistics

        return TicketStatistics(
            sums=self.ended_sums,
            tickets=self.tickets,
            index=Index(self.clients.table("tickets")),
            listing=self.ticket_list,
            users=self.users,
            permissions=self.permissions,
            prices=self.settings.prices,
            clock=self.clock,
        )

    @cached_property
    def migration(self) -> "Migration":
        from shared.storage.migration import (
            Migration,
            StoredDocuments,
            StoredRows,
            VersionedStore,
        )
        from shared.storage.schemas import StoredKind

        tickets = self.clients.table("tickets")
        kinds = {"ticket_": StoredKind.TICKET, "status_": StoredKind.TICKET}
        results = StoredDocuments(self.clients.container, "results/", StoredKind.RESULT)
        sources: list[VersionedStore] = [StoredRows(tickets, kinds), results, self.name_claims]
        return Migration(tickets, sources, self.clock)

    @cached_property
    def ticket_queries(self) -> "TicketQueries":
        from shared.tickets.results import TicketQueries

        return TicketQueries(
            tickets=self.tickets,
            access=self.ticket_access,
            large_inputs=self.large_inputs,
            container=self.clients.container,
        )

    @cached_property
    def quotas(self) -> "Quotas":
        from shared.quotas.service import Quotas

        return Quotas(
            counts=self._counts,
            settings=self.app_settings,
            users=self.users,
            clock=self.clock,
        )

    @cached_property
    def usage_report(self) -> "UsageReport":
        from shared.quotas.usage import UsageReport

        return UsageReport(counts=self._counts, settings=self.app_settings, clock=self.clock)

    @cached_property
    def hold_sweeper(self) -> "HoldSweeper":
        from shared.tickets.hold_sweeper import HoldSweeper

        return HoldSweeper(
            tickets=self.tickets,
            quotas=self.quotas,
            container=self.clients.container,
            clock=self.clock,
        )

    @cached_property
    def _counts(self) -> "CountTable":
        from shared.quotas.count_table import CountTable

        return CountTable(self.clients.table("tickets"))

    @cached_property
    def _intents(self) -> "Intents":
        from shared.tickets.intents import Intents

        return Intents(self.clients.table("tickets"))

    @cached_property
    def notifications(self) -> "Notifications":
        from shared.tickets.realtime.notifications import Notifications

        return Notifications(self.clients.realtime, self.users)

    @cached_property
    def tickets(self) -> "Tickets":
        from shared.tickets.repository import Tickets

        return Tickets(
            self.clients.table("tickets"),
            self.notifications.send,
            self.ended_sums.count,
            chains=self.audit_chains,
        )
