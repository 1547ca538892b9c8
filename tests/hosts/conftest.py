"""Journeys of a ticket on both hosts: the repository's own, and the extension that Azure runs."""

from collections.abc import Iterator

import pytest

from tests.github_server import TOKEN, GitHubServer, github_server
from tests.host_process import HostKind
from tests.world import World, worlds

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
def github() -> Iterator[GitHubServer]:
    with github_server() as server:
        yield server


@pytest.fixture(scope="module")
def world(
    kind: HostKind,
    github: GitHubServer,
    storage: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    where = {"GITHUB_API_URL": f"{github.origin}/api/v3", "GITHUB_TOKEN": TOKEN}
    with worlds(storage, tmp_path_factory.mktemp("world"), kind, **SETTINGS, **where) as running:
        yield running


@pytest.fixture(autouse=True)
def _honest_services(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did to the services is over with it."""
    yield
    if "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        world.model.reset()
        world.storage.reset()
