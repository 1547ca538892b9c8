"""Journeys of a ticket on both hosts: the repository's own, and the extension that Azure runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from infra.local.azurite import Azurite, Ports
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


@pytest.fixture(params=HostKind)
def kind(request: pytest.FixtureRequest) -> HostKind:
    found: HostKind = request.param
    found.require()
    return found


@pytest.fixture(scope="module")
def running_apps(
    github: GitHubServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[HostKind], RunningApp]]:
    """One app of each kind, started when it is first asked for, on a storage of its own: tests may
    come in any order, and neither app sees what the other has under way."""
    with ExitStack() as stack:

        @cache
        def start(kind: HostKind) -> RunningApp:
            storage = Azurite(tmp_path_factory.mktemp("azurite"), Ports(0, 0, 0))
            folder = tmp_path_factory.mktemp("running_app")
            connection = stack.enter_context(storage).connection_string
            app = run_app(connection, folder, kind, **SETTINGS, **github.settings)
            return stack.enter_context(app)

        yield start


@pytest.fixture
def running_app(
    kind: HostKind, running_apps: Callable[[HostKind], RunningApp]
) -> Iterator[RunningApp]:
    """Whatever a test did to the services is over with it."""
    running = running_apps(kind)
    yield running
    running.model.reset()
    running.storage.reset()
