"""Hosts of both kinds for the tests of orchestrations, and one with instances in all states."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.process import APPS, HostKind, StartHost, hosts


@pytest.fixture(
    scope="module", params=[HostKind.LOCAL, pytest.param(HostKind.REAL, marks=pytest.mark.long)]
)
def host_kind(request: pytest.FixtureRequest) -> HostKind:
    """The kind of host: each test that starts one by the fixtures below runs on both, on the real
    one by `make real`."""
    kind: HostKind = request.param
    kind.require()
    return kind


@pytest.fixture(scope="module")
def kind_storage(host_kind: HostKind, request: pytest.FixtureRequest) -> str | None:
    """The storage of a real host; the local one needs none."""
    return request.getfixturevalue("storage") if host_kind is HostKind.REAL else None


@pytest.fixture
def start_either(
    host_kind: HostKind, kind_storage: str | None, tmp_path: Path
) -> Iterator[StartHost]:
    """Starts hosts of the kind that end with the test."""
    with hosts(tmp_path, host_kind, kind_storage) as start:
        yield start


@pytest.fixture(scope="module")
def start_module_either(
    host_kind: HostKind, kind_storage: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartHost]:
    """Starts hosts of the kind that end with the tests of the module."""
    with hosts(tmp_path_factory.mktemp("hosts"), host_kind, kind_storage) as start:
        yield start


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost) -> Durable:
    return Durable(start_module_either(APPS / "lifecycle"))


@pytest.fixture(scope="module")
def hub(durable: Durable) -> str:
    """The task hub of the host, which a real one has for itself."""
    return durable.host.hub if durable.host.kind is HostKind.REAL else "TestHubName"


@pytest.fixture(scope="module")
def finished(durable: Durable) -> str:
    instance = durable.start("one_step", {"a": 1})
    durable.wait(instance)
    return instance
