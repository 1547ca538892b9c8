"""The service that messages to users go through."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.errors import SettingsError
from shared.settings.accounts import EntraSettings, read_authority
from shared.settings.environment import Environment, split_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSettings:
    """A connection string, or an address and the app's identity; with neither nothing is sent."""

    connection_string: str = field(default="", repr=False)
    endpoint: str = ""
    hub: str = "tickets"
    events: EntraSettings | None = None
    """Whose token the event handler sends, where there is no connection string with a key."""

    @property
    def is_on(self) -> bool:
        return bool(self.connection_string or self.endpoint)

    @property
    def websocket_origin(self) -> str:
        """Where clients connect, "" where there is no service."""
        named = split_connection(self.connection_string)
        address = urlsplit(named.get("endpoint", self.endpoint))
        port = f":{named['port']}" if "port" in named and not address.port else ""
        host, scheme = f"{address.netloc}{port}", "ws" if address.scheme == "http" else "wss"
        return f"{scheme}://{host}" if host else ""


def read_realtime(env: Environment) -> RealtimeSettings:
    return RealtimeSettings(
        events=_events(env),
        connection_string=_connection(env),
        endpoint=env.address("WEBPUBSUB_ENDPOINT"),
        hub=env.text("WEBPUBSUB_HUB", "tickets"),
    )


def _connection(env: Environment) -> str:
    name = "WEBPUBSUB_CONNECTION_STRING"
    text = env.text(name)
    known = split_connection(text)
    is_address = re.fullmatch(r"https?://[^\s/]+/?", known.get("endpoint", ""))
    if text and not (is_address and known.get("accesskey")):
        raise SettingsError(
            f"The setting {name} must be Endpoint=https://…;AccessKey=…;Version=1.0; of a Web "
            "PubSub service."
        )
    return text


def _events(env: Environment) -> EntraSettings | None:
    """Another audience than that of people, who could make up events otherwise."""
    name, tenant = "WEBPUBSUB_EVENT_AUDIENCE", env.text("ENTRA_TENANT_ID")
    audience = env.text(name)
    if not audience:
        return None
    if not tenant:
        raise SettingsError(f"The setting {name} needs ENTRA_TENANT_ID beside it.")
    if audience in env.list("ENTRA_AUDIENCE"):
        raise SettingsError(f"The setting {name} must not be one of ENTRA_AUDIENCE.")
    return EntraSettings(authority=read_authority(env), tenant_id=tenant, audiences=(audience,))
