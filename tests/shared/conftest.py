"""What tests of the product stand on: a real Azurite, and the parts of the app over it."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.azurite import Azurite, Ports
from shared.accounts.repository import Users
from shared.app import toolbox
from shared.clients import blobs, tables
from shared.clients.blobs import Container
from shared.clients.github.client import GitHubClient
from shared.clients.llm.client import ModelClient
from shared.clients.tables import Table
from shared.clients.upload_containers import UploadContainers
from shared.documents.extraction import Limits
from shared.models import Role, StoredUser, now
from shared.settings.github import GitHubSettings
from shared.settings.model import ModelSettings
from shared.settings.storage import StorageSettings
from shared.tasks.base import Tools
from shared.tickets.idempotency import IdempotencyKeys
from shared.tickets.intents import Intent, Intents
from shared.tickets.listing.listing import TicketList
from shared.tickets.opening import TicketOpening
from shared.tickets.permissions import Permissions
from shared.tickets.repository import Tickets
from shared.tickets.results import TicketQueries
from shared.tickets.service import TicketService, Times
from shared.workflow.activities import Activities
from shared.workflow.answer_cache import Answers
from tests.github_server import GitHubServer, github_server
from tests.model_server import ModelServer, model_server
from tests.proxy import StorageProxy, storage_proxy
from tests.shared.office import Office

SWEEP_AFTER = 2.5
LINGER = 2.0


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


@pytest.fixture
async def landing(storage: StorageProxy) -> AsyncIterator[UploadContainers]:
    """Where blobs arrive and are set aside, in containers that do not exist yet."""
    async with blobs.service(reached_by(storage)) as service:
        yield UploadContainers(service, f"u{secrets.token_hex(8)}", f"r{secrets.token_hex(8)}")


@pytest.fixture(scope="session")
def any_model_server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def model(any_model_server: ModelServer) -> ModelServer:
    """A model over HTTP that answers as the stand-in until a test tells it otherwise."""
    any_model_server.reset()
    return any_model_server


@pytest.fixture(scope="session")
def any_github_server() -> Iterator[GitHubServer]:
    with github_server() as server:
        yield server


@pytest.fixture
def github(any_github_server: GitHubServer) -> GitHubServer:
    """A GitHub over HTTP that answers as the stand-in until a test tells it otherwise."""
    any_github_server.reset()
    return any_github_server


def model_settings(base_url: str, timeout: float) -> ModelSettings:
    return ModelSettings(
        base_url=base_url,
        api_key="key",
        uses_identity=False,
        deployment="grok-3",
        timeout=timeout,
        max_output_tokens=4096,
        first_wait=1,
        max_wait=1,
    )


def model_client(server: ModelServer, timeout: float = 20.0) -> ModelClient:
    return ModelClient(model_settings(server.base_url, timeout))


def tools(
    chunk_tokens: int = 6_000,
    github: GitHubClient | None = None,
    batch_tokens: int = 12_000,
) -> Tools:
    """What tasks work with: real readers, and GitHub wherever a test has it, else nowhere."""
    nowhere = GitHubClient(GitHubSettings(api_url="http://127.0.0.1:9/api/v3"))
    return toolbox.tools(github or nowhere, Limits(), chunk_tokens, batch_tokens, "key")


@dataclass
class House:
    """The app's parts over one table and one container."""

    table: Table
    container: Container
    landing: UploadContainers
    model: ModelServer
    tools: Tools = field(default_factory=tools)

    def __post_init__(self) -> None:
        self.tickets = Tickets(self.table)
        self.intents = Intents(self.table)
        self.keys = IdempotencyKeys(self.table)
        self.users = Users(self.table, remember=0)
        self.intake = self._intake(self.tickets)
        self.permissions = Permissions(self.users)
        self.reading = TicketQueries(self.tickets, self.container, self.permissions)
        self.listing = TicketList(self.table, self.tickets, self.reading, self.permissions)
        self.changing = self._changing(self.tickets, LINGER)
        self.processing = self._processing(self.tickets)

    def worker(self, step_seconds: float = 60) -> Activities:
        """The activities as another process would have them."""
        return self._processing(Tickets(self.table), step_seconds)

    def another_intake(self) -> TicketOpening:
        """The intake as another process would have it."""
        return self._intake(Tickets(self.table))

    def another_changing(self, linger: float = LINGER) -> TicketService:
        """The changes as another process would make them."""
        return self._changing(Tickets(self.table), linger)

    async def complete_deletion(self, intent: Intent) -> None:
        """As the sweeper does once nothing is left of the workflows."""
        await self.changing.complete_deletion(intent, is_erased=True)

    def _intake(self, tickets: Tickets) -> TicketOpening:
        return TicketOpening(tickets, self.intents, self.keys, self.users, SWEEP_AFTER)

    def _changing(self, tickets: Tickets, linger: float) -> TicketService:
        times = Times(SWEEP_AFTER, linger)
        return TicketService(
            tickets, self.container, self.users, self.permissions, self.landing, times
        )

    def _processing(self, tickets: Tickets, step_seconds: float = 60) -> Activities:
        client = model_client(self.model)
        answers = Answers(self.container, client, days=30)
        return Activities(
            tickets,
            self.container,
            client,
            answers,
            self.tools,
            self.intents,
            step_seconds=step_seconds,
            quiet_seconds=0,
        )


@pytest.fixture
def house(
    table: Table, container: Container, landing: UploadContainers, model: ModelServer
) -> House:
    return House(table, container, landing, model)


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
