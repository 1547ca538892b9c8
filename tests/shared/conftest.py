"""What tests of the product stand on: a real Azurite, and the parts of the app over it."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.azurite import Azurite, Ports
from shared.clients import blobs, tables
from shared.clients.blobs import Container
from shared.clients.model import ModelClient
from shared.clients.realtime import Realtime
from shared.clients.tables import Table
from shared.intake import Intake
from shared.intents import Intents
from shared.models import Role, StoredUser, now
from shared.notices import Notices
from shared.processing import Processing
from shared.tickets import Tickets
from shared.users import Users
from tests.model_server import ModelServer, model_server
from tests.proxy import StorageProxy, storage_proxy
from tests.shared.office import Office

SWEEP_AFTER = 1.0


@pytest.fixture(scope="session")
def any_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageProxy]:
    location: Path = tmp_path_factory.mktemp("azurite")
    with (
        Azurite(location, Ports(0, 0, 0)) as azurite,
        storage_proxy(azurite.connection_string) as proxy,
    ):
        yield proxy


@pytest.fixture
def storage(any_storage: StorageProxy) -> StorageProxy:
    """A real Azurite behind a proxy that counts calls and, on request, spoils them."""
    any_storage.reset()
    return any_storage


@pytest.fixture
async def table(storage: StorageProxy) -> AsyncIterator[Table]:
    """A table that does not exist yet."""
    async with tables.service(storage.connection_string, "", None) as service:
        yield Table(service, f"t{secrets.token_hex(8)}")


@pytest.fixture
async def container(storage: StorageProxy) -> AsyncIterator[Container]:
    """A container that does not exist yet."""
    async with blobs.service(storage.connection_string, "", None) as service:
        yield Container(service, f"c{secrets.token_hex(8)}")


@pytest.fixture(scope="session")
def any_model_server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def model(any_model_server: ModelServer) -> ModelServer:
    """A model over HTTP that answers as the stand-in until a test tells it otherwise."""
    any_model_server.reset()
    return any_model_server


def model_client(server: ModelServer, timeout: float = 20.0) -> ModelClient:
    return ModelClient(server.base_url, "key", "grok-3", timeout, 4096)


@dataclass
class House:
    """The app's parts over one table and one container."""

    table: Table
    container: Container
    model: ModelServer

    def __post_init__(self) -> None:
        self.tickets = Tickets(self.table)
        self.intents = Intents(self.table)
        self.intake = Intake(self.tickets, self.intents, SWEEP_AFTER)
        self.users = Users(self.table, remember=0)
        self.processing = self._processing(self.tickets)

    def worker(self) -> Processing:
        """The activities as another process would have them."""
        return self._processing(Tickets(self.table))

    def _processing(self, tickets: Tickets) -> Processing:
        notices = Notices(Realtime("", "", "tickets", None))
        client = model_client(self.model)
        return Processing(tickets, self.intents, self.container, client, notices)


@pytest.fixture
def house(table: Table, container: Container, model: ModelServer) -> House:
    return House(table, container, model)


@pytest.fixture
def office(table: Table) -> Office:
    return Office(table)


@pytest.fixture
def owner() -> StoredUser:
    """A user; nothing of it is stored."""
    return user()


def user(role: Role = Role.USER) -> StoredUser:
    number = secrets.token_hex(8)
    return StoredUser(
        id=number,
        email=f"{number}@example.com",
        username=f"u{number}",
        role=role,
        created_at=now(),
        updated_at=now(),
        password_hash="none",
    )
