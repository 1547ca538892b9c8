"""The service that messages to users go through."""

from dataclasses import dataclass, field

from shared.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSettings:
    """A connection string, or an address and the app's identity; with neither nothing is sent."""

    connection_string: str = field(default="", repr=False)
    endpoint: str = ""
    hub: str = "tickets"


def read_realtime(env: Environment) -> RealtimeSettings:
    return RealtimeSettings(
        connection_string=env.text("WEBPUBSUB_CONNECTION_STRING"),
        endpoint=env.address("WEBPUBSUB_ENDPOINT"),
        hub=env.text("WEBPUBSUB_HUB", "tickets"),
    )
