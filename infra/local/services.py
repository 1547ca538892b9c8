"""Which services of the running app are real, and which are stand-ins: those that no setting names.

How a setting is read is the app's own affair (`shared.settings`), wherever it runs: what is given
goes to it as it is, and where a stand-in is, is one more setting.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.local.azurite import Ports, connection_string
from infra.local.github import API, SAMPLE
from infra.local.serving import HOST
from infra.local.snowflake import DATABASE, FINANCE_TOKEN, PATH, SALES_TOKEN, SEMANTIC_LAYER
from infra.local.state import Secrets
from infra.local.webpubsub import connection_string as realtime_connection
from shared.clients.mcp.settings import SnowflakeSettings
from shared.errors import SettingsError
from shared.settings import Settings, read_settings
from shared.settings.environment import strip_secrets
from shared.settings.storage import is_emulator

ADMIN_EMAIL = "admin@example.com"
PORTS = 8
"""A copy of the app has as many, one after the other: its own is the first."""


class Service(StrEnum):
    """What the app speaks to, as people are told."""

    MODEL = "model"
    STORAGE = "storage"
    REALTIME = "realtime"
    GITHUB = "GitHub"
    SNOWFLAKE = "Snowflake"


OFFSETS = {
    Service.MODEL: 1,
    Service.REALTIME: 2,
    Service.STORAGE: 3,
    Service.GITHUB: 6,
    Service.SNOWFLAKE: 7,
}
"""How far from the app's port those of its stand-ins are; storage has three."""

_NAMED_BY = {
    Service.MODEL: ("MODEL_BASE_URL", "AZURE_OPENAI_ENDPOINT"),
    Service.STORAGE: (
        "STORAGE_CONNECTION",
        "STORAGE_CONNECTION__accountName",
        "STORAGE_CONNECTION__blobServiceUri",
        "STORAGE_CONNECTION__queueServiceUri",
        "STORAGE_CONNECTION__tableServiceUri",
    ),
    Service.REALTIME: ("WEBPUBSUB_CONNECTION_STRING", "WEBPUBSUB_ENDPOINT"),
    Service.GITHUB: ("GITHUB_API_URL",),
    Service.SNOWFLAKE: ("SNOWFLAKE_MCP_URL", "SNOWFLAKE_MCP_COMMAND", "SNOWFLAKE_CONNECTIONS"),
}
"""Any of its settings makes a service a real one."""


@dataclass(frozen=True)
class Plan:
    """All settings of the app, and the services for which stand-ins are to be started."""

    port: int
    own: Secrets
    values: dict[str, str]
    stand_ins: frozenset[Service]
    settings: Settings

    def port_of(self, service: Service) -> int:
        """The first port of the service's stand-in."""
        return self.port + OFFSETS[service]

    def find_address(self, service: Service) -> str:
        """Where the app finds it, without secrets."""
        if service is Service.SNOWFLAKE:
            return self._find_snowflake()
        return self.settings.list_addresses()[service]

    def describe(self) -> list[str]:
        """A line for each service: whether it is real, and where it is."""
        return [f"{service:<10} {self._describe(service)}" for service in Service]

    def _describe(self, service: Service) -> str:
        address = self.find_address(service)
        if service in self.stand_ins:
            return f"stand-in  {address}  ({_NAMED_BY[service][0]} names a real one)"
        return f"real      {address}"

    def _find_snowflake(self) -> str:
        try:
            known = SnowflakeSettings.from_environment(self.values)
        except SettingsError as error:
            return f"is not asked: {error}"
        first = known.default or next(iter(known.connections.values()))
        return strip_secrets(first.address) or f"the program {first.command[0]}"


def plan_services(
    port: int, defaults: Mapping[str, str], own: Secrets, given: Mapping[str, str]
) -> Plan:
    """What is `given` goes before the state's `own` secrets and the stand-ins, and these before the
    `defaults`; what is given empty counts as not given.

    Raises SettingsError for the first setting that is missing or bad.
    """
    stand_ins = frozenset(service for service in Service if _is_stand_in(service, given))
    made = _make_secrets(own, given)
    for service in stand_ins:
        made |= _make_settings(service, port + OFFSETS[service], own)
    values = {**_drop_empty(defaults), **made, **_drop_empty(given)}
    values.setdefault("AzureWebJobsStorage", values.get("STORAGE_CONNECTION", ""))
    return Plan(port, own, values, stand_ins, read_settings(values))


def _is_stand_in(service: Service, given: Mapping[str, str]) -> bool:
    """The emulator of storage is one by another name."""
    first = given.get(_NAMED_BY[service][0], "").strip()
    named = any(given.get(name, "").strip() for name in _NAMED_BY[service])
    return is_emulator(first) or not named


def _drop_empty(values: Mapping[str, str]) -> dict[str, str]:
    """Those that say something: where the emulator is, says what was started in its place."""
    return {
        name: value for name, value in values.items() if value.strip() and not is_emulator(value)
    }


def _make_secrets(own: Secrets, given: Mapping[str, str]) -> dict[str, str]:
    made = {"SECRET_KEY": own.secret_key, "AUDIT_KEY": own.audit_key}
    admin = ("BOOTSTRAP_ADMIN_EMAIL", "BOOTSTRAP_ADMIN_PASSWORD")
    if not any(given.get(name, "").strip() for name in admin):
        made |= dict(zip(admin, (ADMIN_EMAIL, own.admin_password), strict=True))
    return made


def _make_settings(service: Service, port: int, own: Secrets) -> dict[str, str]:
    """Those that lead the app to the stand-in at `port`."""
    origin = f"http://{HOST}:{port}"
    match service:
        case Service.MODEL:
            return {"MODEL_BASE_URL": f"{origin}/v1"}
        case Service.STORAGE:
            storage = connection_string(Ports(port, port + 1, port + 2))
            return {"STORAGE_CONNECTION": storage, "AzureWebJobsStorage": storage}
        case Service.REALTIME:
            return {"WEBPUBSUB_CONNECTION_STRING": realtime_connection(port, own.webpubsub_key)}
        case Service.GITHUB:
            return {
                "GITHUB_API_URL": f"{origin}{API}",
                # It takes any token for posting, but wants one, as GitHub does.
                "GITHUB_TOKEN": "local",
                "REVIEW_POSTING_REPOSITORIES": _give_everybody([SAMPLE]),
            }
        case Service.SNOWFLAKE:
            return _make_snowflake(f"{origin}{PATH}")


def _give_everybody(repositories: list[str]) -> str:
    return json.dumps(dict.fromkeys(("user", "manager", "admin"), repositories))


def _make_snowflake(address: str) -> dict[str, str]:
    """Everybody may ask; the department Finance with a role of its own."""
    finance = {"address": address, "token": "SNOWFLAKE_TOKEN_FINANCE"}
    return {
        "SNOWFLAKE_MCP_URL": address,
        "SNOWFLAKE_MCP_TOKEN": SALES_TOKEN,
        "SNOWFLAKE_CONNECTIONS": json.dumps({"Finance": finance}),
        "SNOWFLAKE_TOKEN_FINANCE": FINANCE_TOKEN,
        "SNOWFLAKE_ALLOWED": "user,manager,admin",
        "SNOWFLAKE_DATABASES": DATABASE,
        "SNOWFLAKE_MODEL": str(SEMANTIC_LAYER),
    }
