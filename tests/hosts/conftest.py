"""Journeys of a ticket on both hosts: the repository's own, and the extension that Azure runs."""

from collections.abc import Iterator

import pytest

from tests.support.hosts.process import HostKind
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.github import GitHubServer

# What an activity may leave after a deletion is looked for as long as a step may take.
SETTINGS = {
    "SWEEP_AFTER_SECONDS": "5",
    "STEP_SECONDS": "9",
    "MODEL_TIMEOUT_SECONDS": "4",
    "EXTRACT_SECONDS": "4",
    "MODEL_MAX_WAIT_SECONDS": "60",
}


@pytest.fixture(scope="module", params=HostKind)
def kind(request: pytest.FixtureRequest) -> HostKind:
    found: HostKind = request.param
    found.require()
    return found


@pytest.fixture(scope="module")
def running_app(
    kind: HostKind,
    github: GitHubServer,
    storage: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningApp]:
    with run_app(
        storage, tmp_path_factory.mktemp("running_app"), kind, **SETTINGS, **github.settings
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _honest_services(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did to the services is over with it."""
    yield
    if "running_app" in request.fixturenames:
        running_app: RunningApp = request.getfixturevalue("running_app")
        running_app.model.reset()
        running_app.storage.reset()
