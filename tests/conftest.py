"""What every test can ask for: local hosts for an app folder."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.azurite import Azurite, Ports
from tests.support.hosts.process import StartHost, hosts
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.github import GitHubServer, github_server
from tests.support.servers.snowflake import LocalSnowflake, local_snowflake

_ON_THE_EXTENSION = re.compile(r"[\[-]real\b")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a module on one worker: they share their hosts."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    return LoadFileScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what passed tests recorded as their `summary` by `record_property`, and how long the
    tests on the Durable extension took."""
    passed = terminalreporter.getreports("passed")
    for report in passed:
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(text))
    stats = terminalreporter.stats
    seconds = [
        report.duration
        for report in (each for reports in stats.values() for each in reports)
        if isinstance(report, pytest.TestReport) and _ON_THE_EXTENSION.search(report.nodeid)
    ]
    terminalreporter.write_line(
        f"on the Durable extension: {sum(seconds):.0f} s of tests on all workers together"
    )


@pytest.fixture
def start_host(tmp_path: Path) -> Iterator[StartHost]:
    """Starts hosts that end with the test."""
    with hosts(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_module_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartHost]:
    """Starts hosts that end with the tests of the module."""
    with hosts(tmp_path_factory.mktemp("hosts")) as start:
        yield start


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of an Azurite of the module's own: what one app leaves behind, the
    sweeper of the next would bring in."""
    with Azurite(tmp_path_factory.mktemp("azurite"), Ports(0, 0, 0)) as azurite:
        yield azurite.connection_string


@pytest.fixture
def own_storage(tmp_path: Path) -> Iterator[str]:
    """The connection string of an Azurite of the test's own, for an app beside that of the module:
    the sweeper of either would bring in the tickets of the other."""
    with Azurite(tmp_path / "azurite", Ports(0, 0, 0)) as azurite:
        yield azurite.connection_string


@pytest.fixture(scope="module")
def github() -> Iterator[GitHubServer]:
    """A GitHub over HTTP, of the module."""
    with github_server() as server:
        yield server


@pytest.fixture(scope="module")
def snowflake() -> Iterator[LocalSnowflake]:
    """A Snowflake over HTTP, of the module."""
    with local_snowflake() as running:
        yield running


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The whole app, for the tests of a module."""
    with run_app(storage, tmp_path_factory.mktemp("running_app")) as running:
        yield running
