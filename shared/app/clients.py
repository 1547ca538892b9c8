"""What the app speaks to, as its settings say: storage, the model, GitHub, realtime. Each client is
made once, when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.clients.azure_transport import ConnectionPool
    from shared.clients.blobs import Container
    from shared.clients.github.client import GitHubClient
    from shared.clients.llm.client import ModelClient
    from shared.clients.poison_queue import PoisonQueue
    from shared.clients.realtime import Realtime
    from shared.clients.tables import Table
    from shared.clients.upload_containers import UploadContainers
    from shared.documents.extraction import Extractor
    from shared.models.clock import Clock

_MODEL_SCOPE = "https://cognitiveservices.azure.com/.default"


class Clients:
    """The clients of one process."""

    def __init__(self, settings: Settings, clock: "Clock") -> None:
        self._settings = settings
        self._clock = clock
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> "Table":
        from shared.clients.tables import Table

        if name not in self._tables:
            self._tables[name] = Table(self._table_service, name)
        return self._tables[name]

    async def close(self) -> None:
        """Let no connection to tables and blobs be left."""
        for name in ("_table_service", "_blob_service"):
            if name in self.__dict__:
                await self.__dict__[name].close()

    @cached_property
    def container(self) -> "Container":
        from shared.clients.blobs import Container

        return Container(self._blob_service, "amida-work")

    @cached_property
    def digests(self) -> "Container":
        from shared.clients.blobs import Container

        return Container(self._blob_service, self._settings.audit.digest_container)

    @cached_property
    def landing(self) -> "UploadContainers":
        from shared.clients.upload_containers import UploadContainers

        return UploadContainers(self._blob_service, "uploads", "rejected")

    @cached_property
    def poison(self) -> "PoisonQueue":
        from shared.clients.blobs import PATIENCE
        from shared.clients.poison_queue import PoisonQueue, queue

        return PoisonQueue(
            queue(self._settings.storage, self._storage_credential, self._connections, **PATIENCE)
        )

    @cached_property
    def model(self) -> "ModelClient":
        from shared.clients.llm.client import ModelClient

        settings = self._settings.model
        if not settings.uses_identity:
            return ModelClient(settings, self._clock)
        from azure.identity.aio import get_bearer_token_provider

        sign_in = get_bearer_token_provider(self._credential, _MODEL_SCOPE)
        return ModelClient(settings, self._clock, sign_in)

    @cached_property
    def github(self) -> "GitHubClient":
        from shared.clients.github.client import GitHubClient

        return GitHubClient(self._settings.github)

    @cached_property
    def extractor(self) -> "Extractor":
        """Reads files, in child processes."""
        from shared.documents.extraction import Extractor
        from shared.sandbox.runner import Limits

        known = self._settings.extraction
        return Extractor(Limits(known.seconds, known.megabytes))

    @cached_property
    def realtime(self) -> "Realtime":
        from shared.clients.realtime import Realtime

        settings = self._settings.realtime
        has_identity = settings.endpoint and not settings.connection_string
        return Realtime(settings, self._credential if has_identity else None, self._connections)

    @cached_property
    def _connections(self) -> "ConnectionPool":
        from shared.clients.azure_transport import ConnectionPool

        return ConnectionPool()

    @cached_property
    def _table_service(self) -> Any:
        from shared.clients import tables

        return tables.service(self._settings.storage, self._storage_credential, self._connections)

    @cached_property
    def _blob_service(self) -> Any:
        from shared.clients import blobs

        return blobs.service(self._settings.storage, self._storage_credential, self._connections)

    @property
    def _storage_credential(self) -> "AsyncTokenCredential | None":
        """None where a connection string says it all."""
        return None if self._settings.storage.connection_string else self._credential

    @cached_property
    def _credential(self) -> "AsyncTokenCredential":
        from azure.identity.aio import DefaultAzureCredential

        return DefaultAzureCredential()
