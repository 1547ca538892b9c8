"""The resources of a deployment, evaluated by Microsoft's compiler."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.checks.bicep import NONE, find_bicep, main_snapshot

CANARY = "canary-of-a-secret"
PUBLIC = {"ADMIN_EMAIL": "admin@example.com", "GITHUB_TOKEN": CANARY}
PRIVATE = {
    "AZURE_ENV_NAME": "Production_West1",
    "ADMIN_EMAIL": "admin@example.com",
    "ALERT_EMAIL": "operators@example.com",
    "OPERATOR_PRINCIPAL_ID": "00000000-0000-0000-0000-0000000000aa",
    "ALLOWED_ORIGINS": "https://app.example.com, https://other.example.com",
    "ENTRA_TENANT_ID": "00000000-0000-0000-0000-0000000000bb",
    "ENTRA_AUDIENCE": "api://tickets",
    "APP_SETTINGS": '{"MAX_PARALLEL_WORK": "16"}',
    "REVIEW_REPOSITORIES": '{"Engineering": ["acme/*"]}',
    "WEBPUBSUB_EVENT_AUDIENCE": "api://events",
    "PRIVATE_NETWORK": "true",
    "DURABLE_BACKEND": "DurableTaskScheduler",
    "MODEL_FORMAT": "OpenAI",
    "MODEL_NAME": "gpt-5",
}


@dataclass(frozen=True)
class Deployment:
    """What a deployment makes, and what it says of it."""

    resources: list[dict[str, Any]]
    outputs: dict[str, Any]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.resources if one["type"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        [found] = self.all(kind)
        return found

    @property
    def settings(self) -> dict[str, str]:
        settings: dict[str, str] = self.one("Microsoft.Web/sites/config")["properties"]
        return settings


def evaluated(folder: Path, env: dict[str, str]) -> Deployment:
    need_compiler()
    taken = main_snapshot(folder, env)
    return Deployment(taken["predictedResources"], taken["outputs"])


def need_compiler() -> None:
    if find_bicep() is None:
        pytest.skip(NONE)


def texts(value: Any) -> Iterator[str]:
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
