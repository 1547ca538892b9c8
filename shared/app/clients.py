"""What the app speaks to, as its settings say: storage, the model, GitHub, realtime. Each client is
made once, when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.clients.blobs import Container
    from shared.clients.github.client import GitHubClient
    from shared.clients.llm.client import ModelClient
    from shared.clients.poison_queue import PoisonQueue
    from shared.clients.realtime import Realtime
    from shared.clients.tables import Table
    from shared.clients.upload_containers import UploadContainers

_MODEL_SCOPE = "https://cognitiveservices.azure.com/.default"


class Clients:
    """The clients of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> "Table":
        from shared.clients.tables import Table

        if name not in self._tables:
            self._tables[name] = Table(self._table_service, name)
        return self._tables[name]

    @cached_property
    def container(self) -> "Container":
        from shared.clients.blobs import Container

        return Container(self._blob_service, "amida-work")

    @cached_property
    def landing(self) -> "UploadContainers":
        from shared.clients.upload_containers import UploadContainers

        return UploadContainers(self._blob_service, "uploads", "rejected")

    @cached_property
    def poison(self) -> "PoisonQueue":
        from shared.clients.blobs import PATIENCE
        from shared.clients.poison_queue import PoisonQueue, queue

        storage = self._settings.storage
        place = (storage.connection_string, storage.queue_uri, self._storage_credential)
        return PoisonQueue(queue(*place, **PATIENCE))

    @cached_property
    def model(self) -> "ModelClient":
        from shared.clients.llm.client import ModelClient

        known = self._settings
        key: Any = known.model_api_key or "none"
        if known.model_uses_identity:
            from azure.identity.aio import get_bearer_token_provider

            key = get_bearer_token_provider(self._credential, _MODEL_SCOPE)
        return ModelClient(
            known.model_base_url,
            key,
            known.model_deployment,
            known.model_timeout,
            known.model_max_output_tokens,
        )

    @cached_property
    def github(self) -> "GitHubClient":
        from shared.clients.github.client import GitHubClient

        return GitHubClient(self._settings.github_api_url, self._settings.github_token)

    @cached_property
    def realtime(self) -> "Realtime":
        from shared.clients.realtime import Realtime

        known = self._settings
        connection, endpoint = known.webpubsub_connection_string, known.webpubsub_endpoint
        credential = self._credential if endpoint and not connection else None
        return Realtime(connection, endpoint, known.webpubsub_hub, credential)

    @cached_property
    def _table_service(self) -> Any:
        from shared.clients import tables

        storage = self._settings.storage
        credential = self._storage_credential
        return tables.service(storage.connection_string, storage.table_uri, credential)

    @cached_property
    def _blob_service(self) -> Any:
        from shared.clients import blobs

        storage = self._settings.storage
        credential = self._storage_credential
        return blobs.service(storage.connection_string, storage.blob_uri, credential)

    @property
    def _storage_credential(self) -> "AsyncTokenCredential | None":
        """None where a connection string says it all."""
        return None if self._settings.storage.connection_string else self._credential

    @cached_property
    def _credential(self) -> "AsyncTokenCredential":
        from azure.identity.aio import DefaultAzureCredential

        return DefaultAzureCredential()
