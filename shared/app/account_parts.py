"""The parts that know users."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.app.base_parts import BaseParts

if TYPE_CHECKING:
    from shared.accounts.administration import UserAdministration
    from shared.accounts.app_settings import AppSettingsStore
    from shared.accounts.authentication import Authentication
    from shared.accounts.bootstrap_admin import BootstrapAdmin
    from shared.accounts.connections import Connections
    from shared.accounts.credentials import AccessTokens
    from shared.accounts.name_claims import NameClaims
    from shared.accounts.password_check import PasswordCheck
    from shared.accounts.password_resets import PasswordResets
    from shared.accounts.repository import Users
    from shared.accounts.self_service import Accounts
    from shared.clients.entra import EntraTokens


class AccountParts(BaseParts):
    """The part of the product that tells who somebody is."""

    @cached_property
    def users(self) -> "Users":
        from shared.accounts.repository import Users

        return Users(
            self.clients.table("users"),
            self.settings.accounts.cache_seconds,
            self.clock,
            close=self.clients.realtime.close_user if self.settings.realtime.is_on else None,
            chains=self.audit_chains,
            claims=self.name_claims,
        )

    @cached_property
    def name_claims(self) -> "NameClaims":
        from shared.accounts.name_claims import NameClaims

        reserved = self.settings.accounts.bootstrap.email
        return NameClaims(self.clients.table("users"), reserved)

    @cached_property
    def accounts(self) -> "Accounts":
        from shared.accounts.refresh_tokens import RefreshTokens
        from shared.accounts.registrations import Registrations
        from shared.accounts.self_service import Accounts

        return Accounts(
            users=self.users,
            passwords=self._password_check,
            sessions=RefreshTokens(
                self.clients.table("users"), self.settings.accounts.tokens.refresh_grace_seconds
            ),
            tokens=self._access_tokens,
            settings=self.settings.accounts,
            app_settings=self.app_settings,
            registrations=Registrations(
                self.clients.table("users"),
                self.settings.accounts.registrations_per_address,
                self.clock,
            ),
            clock=self.clock,
        )

    @cached_property
    def app_settings(self) -> "AppSettingsStore":
        from shared.accounts.app_settings import AppSettingsStore

        return AppSettingsStore(
            table=self.clients.table("users"),
            users=self.users,
            registration_open=self.settings.accounts.registration_open,
            clock=self.clock,
        )

    @cached_property
    def authentication(self) -> "Authentication":
        from shared.accounts.authentication import Authentication

        return Authentication(self.users, self._access_tokens, self._entra_tokens)

    @cached_property
    def connections(self) -> "Connections":
        from shared.accounts.connections import Connections

        minutes = self.settings.accounts.tokens.access_minutes
        return Connections(
            realtime=self.clients.realtime,
            users=self.users,
            table=self.clients.table("users"),
            minutes=minutes,
            clock=self.clock,
        )

    @cached_property
    def user_administration(self) -> "UserAdministration":
        from shared.accounts.administration import UserAdministration
        from shared.storage.sharded_counters import Counters

        return UserAdministration(
            users=self.users,
            passwords=self._password_check,
            counters=Counters(self.clients.table("tickets")),
            clock=self.clock,
        )

    @cached_property
    def password_resets(self) -> "PasswordResets":
        from shared.accounts.password_resets import PasswordResets

        return PasswordResets(self.users, self._password_check, self.clock)

    @cached_property
    def _password_check(self) -> "PasswordCheck":
        from shared.accounts.password_check import PasswordCheck

        return PasswordCheck(
            users=self.users,
            table=self.clients.table("users"),
            first_admin=self.bootstrap_admin,
            chains=self.audit_chains,
            clock=self.clock,
        )

    @cached_property
    def bootstrap_admin(self) -> "BootstrapAdmin":
        from shared.accounts.bootstrap_admin import BootstrapAdmin

        return BootstrapAdmin(self.settings.accounts.bootstrap)

    @cached_property
    def _access_tokens(self) -> "AccessTokens":
        from shared.accounts.credentials import AccessTokens

        return AccessTokens(self.settings.accounts.tokens)

    @cached_property
    def _entra_tokens(self) -> "EntraTokens | None":
        """None where the settings name no tenant."""
        from shared.clients.entra import EntraTokens

        settings = self.settings.accounts.entra
        return EntraTokens(settings) if settings else None
