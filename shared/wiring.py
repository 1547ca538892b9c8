"""Puts the app together: each part once per process, when it is first needed.

The only reader of the settings. Clients and models are imported here late, because importing
them costs more than everything else at a cold start.
"""

import logging
import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.settings import Settings, read_settings
from shared.steps import Order, Waiting

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.accounts import Accounts
    from shared.attachments import Attachments
    from shared.callers import Callers
    from shared.changing import Changing
    from shared.clients.blobs import Container
    from shared.clients.entra import EntraTokens
    from shared.clients.model import ModelClient
    from shared.clients.realtime import Realtime
    from shared.clients.tables import Table
    from shared.credentials import AccessTokens
    from shared.files import Files
    from shared.first_admin import FirstAdmin
    from shared.health import Health
    from shared.idempotency import Keys
    from shared.intake import Intake
    from shared.listing import Listing
    from shared.members import Members
    from shared.models import StoredTicket
    from shared.notices import Notices
    from shared.passwords import Passwords
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
        waiting=_waiting(ticket) if ticket.waits_for_files else None,
    )


def _waiting(ticket: "StoredTicket") -> Waiting:
    """What the workflow of a ticket that waits for its files must know."""
    from shared.models import rfc3339

    until = ticket.updated_at + timedelta(seconds=settings().wait_for_files)
    return Waiting(quiet=settings().files_quiet, until=rfc3339(until), stirring=True)


@cache
def accounts() -> "Accounts":
    from shared.accounts import Accounts, Policy
    from shared.sessions import Sessions

    known = settings()
    policy = Policy(known.registration_open, known.refresh_token_days, _first_admin())
    sessions = Sessions(_table("users"))
    return Accounts(_users(), _passwords(), sessions, _access_tokens(), policy)


@cache
def callers() -> "Callers":
    from shared.callers import Callers

    return Callers(_users(), _access_tokens(), _entra())


@cache
def members() -> "Members":
    from shared.counters import Counters
    from shared.members import Members

    return Members(_users(), _passwords(), Counters(_table("tickets")), _first_admin())


@cache
def permissions() -> "Permissions":
    from shared.permissions import Permissions

    return Permissions(_users())


@cache
def intake() -> "Intake":
    from shared.idempotency import Keys
    from shared.intake import Intake
    from shared.intents import Intents

    table, sweep_after = _table("tickets"), settings().sweep_after
    return Intake(_tickets(), Intents(table), Keys(table), _users(), sweep_after)


@cache
def keys() -> "Keys":
    from shared.idempotency import Keys

    return Keys(_table("tickets"))


@cache
def changing() -> "Changing":
    from shared.changing import Changing, Times

    known = settings()
    # A piece of work asks the model at most twice.
    times = Times(known.sweep_after, known.sweep_after + 2 * known.model_timeout)
    return Changing(_tickets(), _container(), _users(), permissions(), _notices(), times)


@cache
def listing() -> "Listing":
    from shared.listing import Listing

    return Listing(_table("tickets"), _tickets(), reading(), permissions())


@cache
def attachments() -> "Attachments":
    from shared.attachments import Attachments
    from shared.intents import Intents

    intents, most = Intents(_table("tickets")), settings().max_file_size
    return Attachments(_tickets(), intents, _files(), permissions(), most)


@cache
def reading() -> "Reading":
    from shared.reading import Reading

    return Reading(_tickets(), _container(), permissions())


@cache
def processing() -> "Processing":
    from shared.processing import Processing

    return Processing(_tickets(), _container(), _model(), _notices())


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

    return Users(_table("users"), settings().user_cache)


@cache
def _passwords() -> "Passwords":
    from shared.passwords import Passwords

    return Passwords(_users(), _table("users"), _first_admin())


@cache
def _first_admin() -> "FirstAdmin":
    from shared.first_admin import FirstAdmin

    return FirstAdmin(settings().bootstrap_admin_email, settings().bootstrap_admin_password)


@cache
def _access_tokens() -> "AccessTokens":
    from shared.credentials import AccessTokens

    return AccessTokens(settings().secret_key, settings().access_token_minutes)


@cache
def _entra() -> "EntraTokens | None":
    """None where the settings name no tenant."""
    from shared.clients.entra import EntraTokens

    known = settings()
    if not known.entra_tenant_id:
        return None
    return EntraTokens(known.entra_authority, known.entra_tenant_id, known.entra_audiences)


@cache
def _notices() -> "Notices":
    from shared.notices import Notices

    return Notices(_realtime())


@cache
def _files() -> "Files":
    from shared.files import Files

    return Files(_container())


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
