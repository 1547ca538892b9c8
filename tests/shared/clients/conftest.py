"""What tests of clients stand on, beside what all tests of the product have."""

from collections.abc import Iterator

import pytest

from tests.github_server import GitHubServer, github_server


@pytest.fixture(scope="session")
def any_github_server() -> Iterator[GitHubServer]:
    with github_server() as server:
        yield server


@pytest.fixture
def github(any_github_server: GitHubServer) -> GitHubServer:
    """A GitHub over HTTP that answers as the stand-in until a test tells it otherwise."""
    any_github_server.reset()
    return any_github_server
