"""The app's settings: read once, checked at start, handed on by section.

Plain dataclasses on purpose: this runs while the app is imported, and pydantic would cost a third
of a cold start there. `read_settings` is the door.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.accounts import AccountSettings, read_accounts
from shared.settings.audit import AuditSettings, read_audit
from shared.settings.environment import Environment, strip_secrets
from shared.settings.files import (
    ExtractionSettings,
    FileSettings,
    Sizes,
    read_extraction,
    read_files,
    read_sizes,
)
from shared.settings.github import GitHubSettings, read_github
from shared.settings.model import ModelSettings, PriceSettings, read_model, read_prices
from shared.settings.realtime import RealtimeSettings, read_realtime
from shared.settings.storage import StorageSettings, read_storage
from shared.settings.telemetry import TelemetrySettings, read_telemetry
from shared.settings.workflow import (
    TaskSettings,
    WorkflowSettings,
    read_tasks,
    read_workflow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds, sizes bytes. `local.settings.sample.json` lists every setting;
    `environment` is all that was given, for what a task type reads of its own."""

    accounts: AccountSettings
    storage: StorageSettings
    model: ModelSettings
    prices: PriceSettings
    github: GitHubSettings
    realtime: RealtimeSettings
    workflow: WorkflowSettings
    tasks: TaskSettings
    files: FileSettings
    sizes: Sizes
    extraction: ExtractionSettings
    audit: AuditSettings
    telemetry: TelemetrySettings
    environment: Mapping[str, str] = field(repr=False, compare=False)

    def list_addresses(self) -> dict[str, str]:
        """Where the services are that the app speaks to, by their names; without secrets."""
        found = {
            "model": self.model.base_url,
            "storage": self.storage.address,
            "realtime": self.realtime.websocket_origin,
            "GitHub": self.github.api_url,
        }
        return {name: strip_secrets(address) for name, address in found.items()}


def read_settings(values: Mapping[str, str]) -> Settings:
    """Read every setting from `values`, usually `os.environ`.

    Raises SettingsError for the first one that is missing or bad.
    """
    env = Environment(values)
    _check_origins(env)
    workflow = read_workflow(env)
    return Settings(
        accounts=read_accounts(env),
        storage=read_storage(env),
        model=read_model(env, workflow.step_seconds),
        prices=read_prices(env),
        github=read_github(env),
        realtime=read_realtime(env),
        workflow=workflow,
        tasks=read_tasks(env),
        files=read_files(env),
        sizes=read_sizes(env),
        extraction=read_extraction(env, workflow.step_seconds),
        audit=read_audit(env),
        telemetry=read_telemetry(env),
        environment=dict(values),
    )


def _check_origins(env: Environment) -> None:
    """The platform answers browsers itself, and is given the origins when the app is deployed."""
    for origin in map(str.strip, env.text("ALLOWED_ORIGINS").split(",")):
        if origin and not re.fullmatch(r"https?://[^\s/*]+", origin):
            raise SettingsError(
                "The setting ALLOWED_ORIGINS must list origins such as https://app.example.com, "
                "separated by commas, without paths or wildcards."
            )
