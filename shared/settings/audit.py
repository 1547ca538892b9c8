"""The audit trail: how long it is kept, and what its events are signed with."""

import re
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment

_ADVICE = "put at least 32 random characters there (openssl rand -hex 32)."
_CONTAINER = re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """How long audit events are kept in days, 0 for ever. `key` signs them, "" for none, and what
    was signed with one of `previous_keys` still counts. What changed goes into a digest after
    `digest_seconds`, in a container of its own."""

    retention_days: int
    key: str = field(default="", repr=False)
    previous_keys: tuple[str, ...] = field(default=(), repr=False)
    digest_seconds: float = 60
    digest_container: str = "audit-digests"


def read_audit(env: Environment) -> AuditSettings:
    return AuditSettings(
        retention_days=env.integer("AUDIT_RETENTION_DAYS", 0, 0),
        key=_key(env),
        previous_keys=_previous_keys(env),
        digest_seconds=env.number("AUDIT_DIGEST_SECONDS", 60, 0.01),
        digest_container=_container(env),
    )


def _key(env: Environment) -> str:
    _check_reference(env, "AUDIT_KEY")
    key = env.text("AUDIT_KEY")
    if key and (len(key) < 32 or "," in key):
        raise SettingsError(f"The setting AUDIT_KEY is too short or has a comma: {_ADVICE}")
    return key


def _previous_keys(env: Environment) -> tuple[str, ...]:
    _check_reference(env, "AUDIT_PREVIOUS_KEYS")
    keys = env.list("AUDIT_PREVIOUS_KEYS")
    if keys and not env.text("AUDIT_KEY"):
        raise SettingsError(
            f"The setting AUDIT_KEY is missing beside AUDIT_PREVIOUS_KEYS: {_ADVICE}"
        )
    if any(len(key) < 32 for key in keys):
        raise SettingsError(
            "The setting AUDIT_PREVIOUS_KEYS must list former values of AUDIT_KEY, "
            "separated by commas."
        )
    return keys


def _check_reference(env: Environment, name: str) -> None:
    """What the platform cannot resolve it hands over as it stands, which anybody can guess."""
    if env.text(name).startswith("@Microsoft.KeyVault("):
        raise SettingsError(f"The setting {name} refers to a secret that cannot be read there.")


def _container(env: Environment) -> str:
    name = env.text("AUDIT_DIGEST_CONTAINER", "audit-digests")
    if not _CONTAINER.fullmatch(name):
        raise SettingsError(
            "The setting AUDIT_DIGEST_CONTAINER must be the name of a container: "
            "3 to 63 small letters, digits and single hyphens."
        )
    return name
