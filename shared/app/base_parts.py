"""What all parts stand on: the settings, the clients, and what each change leaves in the audit
trail."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.settings import Settings

if TYPE_CHECKING:
    from shared.app.clients import Clients
    from shared.app.health import Health
    from shared.audit.chain import AuditChains
    from shared.audit.digesting import Digesting
    from shared.audit.digests import Digests
    from shared.audit.horizon import Horizons
    from shared.audit.keys import AuditKeys
    from shared.models.clock import Clock
    from shared.telemetry.telemetry import Telemetry


class BaseParts:
    """The part of the product that knows neither users nor tickets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> "Clock":
        from shared.models.clock import Clock

        return Clock()

    @cached_property
    def telemetry(self) -> "Telemetry":
        from shared.telemetry.telemetry import Telemetry

        return Telemetry(self.settings.telemetry)

    @cached_property
    def clients(self) -> "Clients":
        from shared.app.clients import Clients

        return Clients(self.settings, self.clock)

    @cached_property
    def health(self) -> "Health":
        from shared.app.health import Health

        clients = self.clients
        return Health(
            table=clients.table("tickets"),
            model=clients.model,
            github=clients.github,
            realtime=clients.realtime,
            loop_watch=self.telemetry.loop_watch,
            clock=self.clock,
        )

    @cached_property
    def audit_keys(self) -> "AuditKeys":
        from shared.audit.keys import AuditKeys

        known = self.settings.audit
        return AuditKeys(known.key, known.previous_keys)

    @cached_property
    def audit_chains(self) -> "AuditChains":
        """Without a key nothing is signed, and no digests are made."""
        from shared.audit.chain import AuditChains

        keys = self.audit_keys
        return AuditChains(keys, self.audit_digesting.note) if keys.is_set else AuditChains()

    @cached_property
    def audit_digests(self) -> "Digests":
        from shared.audit.digests import Digests

        return Digests(self.clients.digests, self.audit_keys)

    @cached_property
    def audit_horizons(self) -> "Horizons":
        from shared.audit.horizon import Horizons

        return Horizons(self.audit_keys, self.settings.audit.retention_days)

    @cached_property
    def audit_digesting(self) -> "Digesting":
        from shared.audit.digesting import Digesting
        from shared.audit.lost_heads import LostHeads
        from shared.audit.sealing import Sealing

        tickets, users = self.clients.table("tickets"), self.clients.table("users")
        return Digesting(
            digests=self.audit_digests,
            lost_heads=LostHeads(ticket_table=tickets, user_table=users, keys=self.audit_keys),
            sealing=Sealing([tickets, users], self.audit_horizons),
            seconds=self.settings.audit.digest_seconds,
            clock=self.clock,
        )
