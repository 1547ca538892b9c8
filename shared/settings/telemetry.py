"""Where the app reports what it does: nowhere, unless one of these is set."""

from dataclasses import dataclass, field

from shared.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """`connection_string` is Application Insights', with `uses_identity` the app's identity signs
    what is sent there; `otlp_endpoint` any OpenTelemetry collector's; `file` a path for lines of
    JSON, or `console`. Of all traces `traces_per_second` new ones are kept, whole."""

    connection_string: str = field(default="", repr=False)
    uses_identity: bool = False
    otlp_endpoint: str = ""
    file: str = ""
    traces_per_second: float = 5.0
    service: str = "amida-tickets"

    @property
    def is_on(self) -> bool:
        return bool(self.connection_string or self.otlp_endpoint or self.file)


def read_telemetry(env: Environment) -> TelemetrySettings:
    return TelemetrySettings(
        connection_string=env.text("APPLICATIONINSIGHTS_CONNECTION_STRING"),
        uses_identity="Authorization=AAD" in env.text("APPLICATIONINSIGHTS_AUTHENTICATION_STRING"),
        otlp_endpoint=env.address("OTEL_EXPORTER_OTLP_ENDPOINT"),
        file=env.text("TELEMETRY_FILE"),
        traces_per_second=env.number("TELEMETRY_TRACES_PER_SECOND", 5, 0),
        # Azure names it, so that the host and the app are one role of the application map.
        service=env.text("WEBSITE_SITE_NAME") or "amida-tickets",
    )
