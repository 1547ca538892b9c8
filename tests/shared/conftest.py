"""What tests of the product stand on: a real Azurite, and the parts of the app over it."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from infra.local.azurite import Azurite, Ports
from shared.clients import blobs, tables
from shared.clients.blobs import Container
from shared.clients.tables import Table
from shared.models import StoredUser
from shared.settings.storage import StorageSettings
from tests.support.product.accounts import AccountsUnderTest
from tests.support.product.app import AppUnderTest, make_app, user
from tests.support.servers.github import GitHubServer, github_server
from tests.support.servers.model import ModelServer, model_server
from tests.support.servers.storage_proxy import StorageProxy, storage_proxy
from tests.support.tasks.example_modules import ExampleModule, example_modules


@pytest.fixture(scope="session")
def shared_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageProxy]:
    location: Path = tmp_path_factory.mktemp("azurite")
    with (
        Azurite(location, Ports(0, 0, 0)) as azurite,
        storage_proxy(azurite.connection_string) as proxy,
    ):
        yield proxy


@pytest.fixture
def storage(shared_storage: StorageProxy) -> StorageProxy:
    """A real Azurite behind a proxy that counts calls and, on request, spoils them."""
    shared_storage.reset()
    return shared_storage


def reached_by(storage: StorageProxy) -> StorageSettings:
    return StorageSettings(connection_string=storage.connection_string)


@pytest.fixture
async def table(storage: StorageProxy) -> AsyncIterator[Table]:
    """A table that does not exist yet."""
    async with tables.service(reached_by(storage)) as service:
        yield Table(service, f"t{secrets.token_hex(8)}")


@pytest.fixture
async def container(storage: StorageProxy) -> AsyncIterator[Container]:
    """A container that does not exist yet."""
    async with blobs.service(reached_by(storage)) as service:
        yield Container(service, f"c{secrets.token_hex(8)}")


@pytest.fixture(scope="session")
def shared_model_server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def model(shared_model_server: ModelServer) -> ModelServer:
    """A model over HTTP that answers as the stand-in until a test tells it otherwise."""
    shared_model_server.reset()
    return shared_model_server


@pytest.fixture(scope="session")
def shared_github_server() -> Iterator[GitHubServer]:
    with github_server() as server:
        yield server


@pytest.fixture
def github(shared_github_server: GitHubServer) -> GitHubServer:
    """A GitHub over HTTP that answers as the stand-in until a test tells it otherwise."""
    shared_github_server.reset()
    return shared_github_server


@pytest.fixture
async def app(storage: StorageProxy, model: ModelServer) -> AsyncIterator[AppUnderTest]:
    """The product over tables and containers that do not exist yet."""
    async with make_app(storage.connection_string, model) as made:
        yield made


@pytest.fixture
def example_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExampleModule:
    """Makes the module that a page shows a task type."""
    return example_modules(tmp_path, monkeypatch)


@pytest.fixture
def accounts(app: AppUnderTest) -> AccountsUnderTest:
    return AccountsUnderTest(app)


@pytest.fixture
def owner() -> StoredUser:
    """A user; nothing of it is stored."""
    return user()
