"""How Snowflake is reached, who may ask it, and what they may read."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import SettingsError
from shared.settings.environment import Environment

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*|\"[^\"\0]+\"")
_ENTRY_KEYS = {"address", "token"}
_STEP_SHARE = 240
"""Seconds: a step has 480 by default, and may have to open a session and ask twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnowflakeEndpoint:
    """A server at `address`, or one that `command` starts; the secrets are shown nowhere."""

    address: str = ""
    command: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    oauth: "OAuthClient | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """Client credentials (RFC 6749, 4.4)."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnowflakeSettings:
    """Times are seconds; names of databases and schemas as Snowflake keeps them.

    `connections` are by department, `default` is for all others. `allowed` are the roles and
    departments that may ask; `fiscal_start` is the month in which the fiscal year begins.
    """

    default: SnowflakeEndpoint | None
    connections: Mapping[str, SnowflakeEndpoint]
    allowed: frozenset[str]
    databases: frozenset[str]
    schemas: frozenset[str]
    model_file: str
    max_wait: float
    timeout: float
    time_zone: ZoneInfo
    fiscal_start: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError that names the setting, also when no server is named at all."""
        env = Environment(environment)
        default = _default(env)
        connections = _connections(env, environment)
        if default is None and not connections:
            raise SettingsError(
                "The setting SNOWFLAKE_MCP_URL is missing: put the address of a Snowflake MCP "
                "server there, or set SNOWFLAKE_MCP_COMMAND or SNOWFLAKE_CONNECTIONS."
            )
        return cls(
            default=default,
            connections=connections,
            allowed=frozenset(_read_list(env, "SNOWFLAKE_ALLOWED")),
            databases=_names(env, "SNOWFLAKE_DATABASES", parts=1),
            schemas=_names(env, "SNOWFLAKE_SCHEMAS", parts=2),
            model_file=env.text("SNOWFLAKE_MODEL"),
            max_wait=env.number("SNOWFLAKE_MAX_WAIT_SECONDS", 900, 0),
            timeout=env.number("SNOWFLAKE_TIMEOUT_SECONDS", 60, 0.1, _STEP_SHARE),
            time_zone=_time_zone(env),
            fiscal_start=env.integer("SNOWFLAKE_FISCAL_YEAR_START", 1, 1, 12),
        )

    def may_ask(self, role: str, department: str | None) -> bool:
        """Nobody may until SNOWFLAKE_ALLOWED names their role or department."""
        return role in self.allowed or (department or "") in self.allowed

    def endpoint_of(self, department: str | None) -> SnowflakeEndpoint | None:
        """None where the department has no server, and there is none for all."""
        return self.connections.get(department or "", self.default)

    def today(self, moment: datetime) -> date:
        """The day of an aware time where the settings say that people work."""
        return moment.astimezone(self.time_zone).date()


def _default(env: Environment) -> SnowflakeEndpoint | None:
    address, command = env.full_address("SNOWFLAKE_MCP_URL"), _command(env)
    if address and command:
        raise SettingsError(
            "The settings SNOWFLAKE_MCP_URL and SNOWFLAKE_MCP_COMMAND name two servers: set one."
        )
    if not address:
        return SnowflakeEndpoint(command=command) if command else None
    return SnowflakeEndpoint(
        address=address, token=env.text("SNOWFLAKE_MCP_TOKEN"), oauth=_oauth(env)
    )


def _command(env: Environment) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(env.text("SNOWFLAKE_MCP_COMMAND")))
    except ValueError:
        raise SettingsError(
            "The setting SNOWFLAKE_MCP_COMMAND is no command line: a quotation mark is missing."
        ) from None


def _oauth(env: Environment) -> OAuthClient | None:
    names = ("SNOWFLAKE_OAUTH_TOKEN_URL", "SNOWFLAKE_OAUTH_CLIENT_ID")
    url, client_id = env.full_address(names[0]), env.text(names[1])
    secret = env.text("SNOWFLAKE_OAUTH_CLIENT_SECRET")
    if not (url or client_id or secret):
        return None
    if not (url and client_id and secret) or env.text("SNOWFLAKE_MCP_TOKEN"):
        raise SettingsError(
            "The settings SNOWFLAKE_OAUTH_TOKEN_URL, SNOWFLAKE_OAUTH_CLIENT_ID and "
            "SNOWFLAKE_OAUTH_CLIENT_SECRET belong together, without SNOWFLAKE_MCP_TOKEN."
        )
    scope = env.text("SNOWFLAKE_OAUTH_SCOPE")
    return OAuthClient(token_url=url, client_id=client_id, client_secret=secret, scope=scope)


def _connections(env: Environment, environment: Mapping[str, str]) -> dict[str, SnowflakeEndpoint]:
    """{department: {"address": …, "token": name of the setting that holds the token}}."""
    text = env.text("SNOWFLAKE_CONNECTIONS")
    if not text:
        return {}
    try:
        given = json.loads(text)
        entries = [(str(name), dict(entry)) for name, entry in given.items()]
    except (ValueError, TypeError, AttributeError):
        raise _bad_connections() from None
    return {department: _connection(entry, environment) for department, entry in entries}


def _connection(entry: Mapping[str, Any], environment: Mapping[str, str]) -> SnowflakeEndpoint:
    address, reference = entry.get("address"), entry.get("token", "")
    if set(entry) - _ENTRY_KEYS or not isinstance(address, str) or not isinstance(reference, str):
        raise _bad_connections()
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", address):
        raise _bad_connections()
    token = environment.get(reference, "").strip()
    if reference and not token:
        raise SettingsError(
            f"The setting {reference[:80]}, which SNOWFLAKE_CONNECTIONS names, is missing: put "
            "the token of that connection there."
        )
    return SnowflakeEndpoint(address=address.rstrip("/"), token=token)


def _bad_connections() -> SettingsError:
    return SettingsError(
        'The setting SNOWFLAKE_CONNECTIONS must be JSON such as {"Sales": {"address": '
        '"https://…", "token": "SNOWFLAKE_TOKEN_SALES"}}, with the token in a setting of its own.'
    )


def _read_list(env: Environment, name: str) -> list[str]:
    return [part.strip() for part in env.text(name).split(",") if part.strip()]


def _names(env: Environment, name: str, parts: int) -> frozenset[str]:
    return frozenset(_kept(name, text, parts) for text in _read_list(env, name))


def _kept(setting: str, text: str, parts: int) -> str:
    """A name as Snowflake keeps it: in capitals unless it stands between quotation marks."""
    found = _NAME.findall(text)
    if ".".join(found) != text or len(found) > parts:
        example = "SALES" if parts == 1 else "PUBLIC or SALES.PUBLIC"
        raise SettingsError(
            f"The setting {setting} must list names such as {example}, separated by commas."
        )
    return ".".join(one[1:-1] if one.startswith('"') else one.upper() for one in found)


def _time_zone(env: Environment) -> ZoneInfo:
    try:
        return ZoneInfo(env.text("SNOWFLAKE_TIME_ZONE", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            "The setting SNOWFLAKE_TIME_ZONE must name a time zone such as Europe/Berlin."
        ) from None
