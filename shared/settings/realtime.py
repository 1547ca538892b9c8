"""The service that messages to users go through."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSettings:
    """A connection string, or an address and the app's identity; with neither nothing is sent."""

    connection_string: str = field(default="", repr=False)
    endpoint: str = ""
    hub: str = "tickets"

    @property
    def websocket_origin(self) -> str:
        """Where clients connect, "" where there is no service."""
        parts = [part.partition("=") for part in self.connection_string.split(";")]
        named = {name.strip().lower(): value for name, _, value in parts}
        address = urlsplit(named.get("endpoint", self.endpoint))
        port = f":{named['port']}" if "port" in named and not address.port else ""
        host, scheme = f"{address.netloc}{port}", "ws" if address.scheme == "http" else "wss"
        return f"{scheme}://{host}" if host else ""


def read_realtime(env: Environment) -> RealtimeSettings:
    return RealtimeSettings(
        connection_string=env.text("WEBPUBSUB_CONNECTION_STRING"),
        endpoint=env.address("WEBPUBSUB_ENDPOINT"),
        hub=env.text("WEBPUBSUB_HUB", "tickets"),
    )
