"""Puts the app together: each part once per process, when it is first needed.

The only reader of the settings. Clients and models are imported here late, because importing
them costs more than everything else at a cold start.
"""

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.settings import Settings, read_settings
from shared.steps import Order

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.accounts import Accounts
    from shared.clients.blobs import Container
    from shared.clients.model import ModelClient
    from shared.clients.realtime import Realtime
    from shared.clients.tables import Table
    from shared.health import Health
    from shared.intake import Intake
    from shared.models import StoredTicket
    from shared.permissions import Permissions
    from shared.processing import Processing
    from shared.reading import Reading
    from shared.tickets import Tickets
    from shared.users import Users

_MODEL_SCOPE = "https://cognitiveservices.azure.com/.default"


@cache
def settings() -> Settings:
    """The settings of this process. Raises SettingsError."""
    # These libraries log every request, some with its headers.
    for name in ("azure", "httpx2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return read_settings(os.environ)


def order(ticket: "StoredTicket") -> Order:
    """What the workflow of a ticket is started with."""
    return Order(
        ticket_id=ticket.id,
        attempt=ticket.attempt,
        task_type=ticket.task_type,
        parallel=settings().max_parallel_work,
        first_wait=settings().model_retry,
        most_wait=settings().model_max_wait,
    )


@cache
def accounts() -> "Accounts":
    from shared.accounts import Accounts, Policy
    from shared.credentials import AccessTokens

    known = settings()
    policy = Policy(
        registration_open=known.registration_open,
        refresh_token_days=known.refresh_token_days,
        admin_email=known.bootstrap_admin_email,
        admin_password=known.bootstrap_admin_password,
    )
    tokens = AccessTokens(known.secret_key, known.access_token_minutes)
    return Accounts(_users(), tokens, policy)


@cache
def permissions() -> "Permissions":
    from shared.permissions import Permissions

    return Permissions(_users())


@cache
def intake() -> "Intake":
    from shared.intake import Intake
    from shared.intents import Intents

    return Intake(_tickets(), Intents(_table("tickets")), settings().sweep_after)


@cache
def reading() -> "Reading":
    from shared.reading import Reading

    return Reading(_tickets(), _container(), permissions())


@cache
def processing() -> "Processing":
    from shared.intents import Intents
    from shared.notices import Notices
    from shared.processing import Processing

    intents, notices = Intents(_table("tickets")), Notices(_realtime())
    return Processing(_tickets(), intents, _container(), _model(), notices)


@cache
def health() -> "Health":
    from shared.health import Health

    return Health(_table("tickets"), _model(), _realtime())


@cache
def _credential() -> "AsyncTokenCredential":
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential()


@cache
def _users() -> "Users":
    from shared.users import Users

    return Users(_table("users"))


@cache
def _tickets() -> "Tickets":
    from shared.tickets import Tickets

    return Tickets(_table("tickets"))


@cache
def _table_service() -> Any:
    from shared.clients import tables

    storage = settings().storage
    credential = None if storage.connection_string else _credential()
    return tables.service(storage.connection_string, storage.table_uri, credential)


@cache
def _table(name: str) -> "Table":
    from shared.clients.tables import Table

    return Table(_table_service(), name)


@cache
def _container() -> "Container":
    from shared.clients import blobs

    storage = settings().storage
    credential = None if storage.connection_string else _credential()
    service = blobs.service(storage.connection_string, storage.blob_uri, credential)
    return blobs.Container(service, "amida-work")


@cache
def _model() -> "ModelClient":
    from shared.clients.model import ModelClient

    known = settings()
    key: Any = known.model_api_key or "none"
    if known.model_uses_identity:
        from azure.identity.aio import get_bearer_token_provider

        key = get_bearer_token_provider(_credential(), _MODEL_SCOPE)
    return ModelClient(
        known.model_base_url,
        key,
        known.model_deployment,
        known.model_timeout,
        known.model_max_output_tokens,
    )


@cache
def _realtime() -> "Realtime":
    from shared.clients.realtime import Realtime

    known = settings()
    connection, endpoint = known.webpubsub_connection_string, known.webpubsub_endpoint
    credential = _credential() if endpoint and not connection else None
    return Realtime(connection, endpoint, known.webpubsub_hub, credential)
