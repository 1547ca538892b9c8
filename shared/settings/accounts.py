"""Accounts: their tokens, who may register, the first administrator, Microsoft Entra ID."""

import re
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment
from shared.settings.storage import is_emulator

_ANY_TENANT = {"common", "organizations", "consumers"}
_MAX_GRACE_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """The key that signs, and how long tokens live; a refresh token that has been used answers the
    same again for `refresh_grace_seconds`."""

    secret_key: str = field(repr=False)
    access_minutes: int
    refresh_days: int
    refresh_grace_seconds: float = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapSettings:
    """The first administrator; the email is lower case, "" for no such admin."""

    email: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings:
    """Whose tokens are accepted: those of one tenant, for these audiences. `client_id` is the
    registration that the console signs in with, "" where it does not."""

    authority: str
    tenant_id: str
    audiences: tuple[str, ...]
    client_id: str = ""

    @property
    def sign_in(self) -> dict[str, str]:
        """What a page must know to sign in by authorization code.

        https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
        """
        base = f"{self.authority}/{self.tenant_id}/oauth2/v2.0"
        return {
            "client_id": self.client_id,
            "authorize_url": f"{base}/authorize",
            "token_url": f"{base}/token",
            "scope": f"{self.audiences[0]}/.default offline_access",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """`registration_open` holds until an admin sets it; so many `registrations_per_address` are
    taken within an hour, 0 for any number. `cache_seconds` is how long a process remembers a user
    that it has read; `entra` is None where no tenant is named."""

    tokens: TokenSettings
    registration_open: bool
    registrations_per_address: int
    cache_seconds: float
    bootstrap: BootstrapSettings
    entra: EntraSettings | None


def read_accounts(env: Environment) -> AccountSettings:
    return AccountSettings(
        tokens=_tokens(env),
        registration_open=env.flag("REGISTRATION_OPEN", default=_is_local(env)),
        registrations_per_address=env.integer("REGISTRATIONS_PER_ADDRESS", 20, 0),
        cache_seconds=env.number("USER_CACHE_SECONDS", 5, 0),
        bootstrap=_bootstrap(env),
        entra=_entra(env),
    )


def _is_local(env: Environment) -> bool:
    """Whether storage is on this machine, as it is for nobody who serves others."""
    connection = env.text("STORAGE_CONNECTION")
    own = r"Endpoint=http://(127\.0\.0\.1|localhost|\[::1\])[:/]"
    return is_emulator(connection) or re.search(own, connection) is not None


def _tokens(env: Environment) -> TokenSettings:
    return TokenSettings(
        secret_key=_secret_key(env),
        access_minutes=env.integer("ACCESS_TOKEN_EXPIRE_MINUTES", 30, 1),
        refresh_days=env.integer("REFRESH_TOKEN_EXPIRE_DAYS", 30, 1),
        refresh_grace_seconds=env.number("REFRESH_GRACE_SECONDS", 10, 0, _MAX_GRACE_SECONDS),
    )


def _secret_key(env: Environment) -> str:
    advice = "put at least 32 random characters there (openssl rand -hex 32)."
    value = env.require_text("SECRET_KEY", advice)
    if len(value) < 32:
        raise SettingsError(f"The setting SECRET_KEY is too short: {advice}")
    return value


def _bootstrap(env: Environment) -> BootstrapSettings:
    email = env.text("BOOTSTRAP_ADMIN_EMAIL").lower()
    password = env.text("BOOTSTRAP_ADMIN_PASSWORD")
    if bool(email) != bool(password):
        raise SettingsError(
            "The settings BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD belong together: "
            "set both, or neither."
        )
    if email and not (re.fullmatch(r"[^@\s]+@[^@\s]+", email) and email.isprintable()):
        raise SettingsError("The setting BOOTSTRAP_ADMIN_EMAIL must be an email address.")
    if password and len(password) < 8:
        raise SettingsError("The setting BOOTSTRAP_ADMIN_PASSWORD needs at least 8 characters.")
    return BootstrapSettings(email=email, password=password)


def _entra(env: Environment) -> EntraSettings | None:
    tenant = env.text("ENTRA_TENANT_ID")
    audiences = env.list("ENTRA_AUDIENCE")
    for_events_only = tenant and not audiences and env.text("WEBPUBSUB_EVENT_AUDIENCE")
    if bool(tenant) != bool(audiences) and not for_events_only:
        raise SettingsError(
            "The settings ENTRA_TENANT_ID and ENTRA_AUDIENCE belong together: set both, or neither."
        )
    if tenant in _ANY_TENANT or not re.fullmatch(r"[A-Za-z0-9.-]*", tenant):
        raise SettingsError("The setting ENTRA_TENANT_ID must be the id of one tenant.")
    client_id = env.text("ENTRA_CLIENT_ID")
    if not re.fullmatch(r"[A-Za-z0-9-]*", client_id) or (client_id and not tenant):
        raise SettingsError(
            "The setting ENTRA_CLIENT_ID must be the id of an app registration, beside "
            "ENTRA_TENANT_ID and ENTRA_AUDIENCE."
        )
    authority = read_authority(env)
    if not audiences:
        return None
    return EntraSettings(
        authority=authority, tenant_id=tenant, audiences=audiences, client_id=client_id
    )


def read_authority(env: Environment) -> str:
    return env.address("ENTRA_AUTHORITY") or "https://login.microsoftonline.com"
