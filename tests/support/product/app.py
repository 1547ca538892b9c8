"""The product as functions have it, over storage of a test's own and services under its control."""

import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

from shared.app import App
from shared.app.clients import Clients
from shared.clients import blobs, tables
from shared.clients.blobs import Container
from shared.clients.llm.client import ModelClient
from shared.clients.tables import Table
from shared.clients.upload_containers import UploadContainers
from shared.models import Role, StoredUser
from shared.models.clock import Clock
from shared.settings import Settings, read_settings
from shared.tickets.intents import Intents
from tests.support.product.clock import MovedClock, now
from tests.support.servers.model import ModelServer

SECRET = "k" * 32
PASSWORD = "a good password"
BOSS = "boss@example.com"
SWEEP_AFTER = 2.5
LINGER = SWEEP_AFTER + 60
SETTINGS = {
    "SECRET_KEY": SECRET,
    "BOOTSTRAP_ADMIN_EMAIL": BOSS,
    "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    "USER_CACHE_SECONDS": "0",
    "STEP_SECONDS": "60",
    "MODEL_TIMEOUT_SECONDS": "20",
    "MODEL_MAX_OUTPUT_TOKENS": "4096",
    "EXTRACT_SECONDS": "20",
    "GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
    "SWEEP_SCHEDULE": "0 * * * * *",
    "SWEEP_AFTER_SECONDS": str(SWEEP_AFTER),
    "FILES_QUIET_SECONDS": "0.01",
    "REGISTRATIONS_PER_ADDRESS": "0",
}

SHORT_STEPS = {
    "STEP_SECONDS": "1",
    "MODEL_TIMEOUT_SECONDS": "0.4",
    "EXTRACT_SECONDS": "0.4",
    "SWEEP_AFTER_SECONDS": "1",
}
"""Settings of an app whose activities take a second at most."""


class ClientsUnderTest(Clients):
    """Tables and containers of a test's own, which end with `own`, in a storage of many tests."""

    def __init__(self, settings: Settings, clock: Clock, own: str) -> None:
        super().__init__(settings, clock)
        self._own = own

    def table(self, name: str) -> Table:
        return super().table(f"{name}{self._own}")

    @cached_property
    def container(self) -> Container:
        return Container(self._blob_service, f"amida-work{self._own}")

    @cached_property
    def digests(self) -> Container:
        return Container(self._blob_service, f"audit-digests{self._own}")

    @cached_property
    def landing(self) -> UploadContainers:
        return UploadContainers(self._blob_service, f"uploads{self._own}", f"rejected{self._own}")


class TryingOnce(ClientsUnderTest):
    """Storage is asked once where the SDKs would ask again after a while, by no clock of ours."""

    _ONCE: ClassVar[dict[str, int]] = {"retry_total": 0, "retry_connect": 0, "retry_read": 0}

    @cached_property
    def _table_service(self) -> Any:
        return tables.service(self._settings.storage, None, None, **self._ONCE)

    @cached_property
    def _blob_service(self) -> Any:
        return blobs.service(self._settings.storage, None, None, **self._ONCE)


class AppUnderTest(App):
    """One process of the product; `another` is one more over the same storage."""

    def __init__(self, settings: Mapping[str, str], model: ModelServer, own: str) -> None:
        super().__init__(read_settings(settings))
        self.model = model
        self._own = own
        self._processes = [self]

    @cached_property
    def clients(self) -> ClientsUnderTest:
        return ClientsUnderTest(self.settings, self.clock, self._own)

    @cached_property
    def clock(self) -> MovedClock:
        return MovedClock()

    @property
    def table(self) -> Table:
        """Where tickets are."""
        return self.clients.table("tickets")

    @property
    def container(self) -> Container:
        return self.clients.container

    @property
    def intents(self) -> Intents:
        return self._intents

    def another(self, **settings: str) -> "AppUnderTest":
        """The app as another process has it, with other settings or not; it ends with this one."""
        made = AppUnderTest({**self.settings.environment, **settings}, self.model, self._own)
        made.clock, made._processes = self.clock, self._processes
        self._processes.append(made)
        return made

    def try_once(self) -> None:
        """Ask storage once for each call, from the first on."""
        self.clients = TryingOnce(self.settings, self.clock, self._own)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let no connection of any of the processes be left."""
        for one in self._processes:
            await one.clients.close()


def make_app(storage: str, model: ModelServer, own: str | None = None) -> AppUnderTest:
    """A product over the storage of this connection string, in which it has tables and containers
    whose names end with `own`: without it, such as are not there yet."""
    services = {"STORAGE_CONNECTION": storage, "MODEL_BASE_URL": model.base_url}
    return AppUnderTest(SETTINGS | services, model, secrets.token_hex(8) if own is None else own)


def model_client(server: ModelServer, timeout: float = 20.0) -> ModelClient:
    values = SETTINGS | {
        "STORAGE_CONNECTION": "UseDevelopmentStorage=true",
        "MODEL_BASE_URL": server.base_url,
        "MODEL_TIMEOUT_SECONDS": str(timeout),
    }
    return ModelClient(read_settings(values).model, Clock())


def user(role: Role = Role.USER) -> StoredUser:
    """A user of whom nothing is stored."""
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
