"""Puts the app together: each part once per process, when it is first needed.

The only reader of the settings. Clients and models are imported here late, because importing
them costs more than everything else at a cold start.
"""

import logging
import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from shared.settings import Settings, read_settings
from shared.workflow.messages import Order, Waiting

if TYPE_CHECKING:
    from shared.accounts.administration import Members
    from shared.accounts.authentication import Callers
    from shared.accounts.bootstrap_admin import FirstAdmin
    from shared.accounts.credentials import AccessTokens
    from shared.accounts.password_check import Passwords
    from shared.accounts.repository import Users
    from shared.accounts.self_service import Accounts
    from shared.app.clients import Services
    from shared.app.health import Health
    from shared.attachments.direct_uploads import Uploads
    from shared.attachments.inbox import Arrivals
    from shared.attachments.service import Attachments
    from shared.attachments.store import Files
    from shared.audit.retention import Retention
    from shared.audit.trail import Trail
    from shared.clients.entra import EntraTokens
    from shared.models import StoredTicket
    from shared.tasks.base import Tools
    from shared.tickets.idempotency import Keys
    from shared.tickets.intents import Intents
    from shared.tickets.listing.listing import Listing
    from shared.tickets.opening import Intake
    from shared.tickets.permissions import Permissions
    from shared.tickets.repository import Tickets
    from shared.tickets.results import Reading
    from shared.tickets.service import Changing
    from shared.workflow.activities import Processing
    from shared.workflow.answer_cache import Answers


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
    from shared.accounts.refresh_tokens import Sessions
    from shared.accounts.self_service import Accounts, Policy

    known = settings()
    policy = Policy(known.registration_open, known.refresh_token_days, _first_admin())
    sessions = Sessions(_services().table("users"))
    return Accounts(_users(), _passwords(), sessions, _access_tokens(), policy)


@cache
def callers() -> "Callers":
    from shared.accounts.authentication import Callers

    return Callers(_users(), _access_tokens(), _entra())


@cache
def members() -> "Members":
    from shared.accounts.administration import Members
    from shared.storage.sharded_counters import Counters

    return Members(_users(), _passwords(), Counters(_services().table("tickets")), _first_admin())


@cache
def permissions() -> "Permissions":
    from shared.tickets.permissions import Permissions

    return Permissions(_users())


@cache
def intake() -> "Intake":
    from shared.tickets.opening import Intake

    return Intake(_tickets(), _intents(), keys(), _users(), settings().sweep_after)


@cache
def keys() -> "Keys":
    from shared.tickets.idempotency import Keys

    return Keys(_services().table("tickets"))


@cache
def changing() -> "Changing":
    from shared.tickets.service import Changing, Times

    known = settings()
    times = Times(known.sweep_after, known.sweep_after + known.step_seconds)
    container, landing = _services().container, _services().landing
    return Changing(_tickets(), container, _users(), permissions(), landing, times)


@cache
def listing() -> "Listing":
    from shared.tickets.listing.listing import Listing

    return Listing(_services().table("tickets"), _tickets(), reading(), permissions())


@cache
def attachments() -> "Attachments":
    from shared.attachments.service import Attachments

    most = settings().sizes.file
    return Attachments(_tickets(), _intents(), _files(), permissions(), most)


@cache
def uploads() -> "Uploads":
    from shared.attachments.direct_uploads import Uploads

    landing, most = _services().landing, settings().sizes.blob
    return Uploads(_tickets(), attachments(), permissions(), landing, most)


@cache
def arrivals() -> "Arrivals":
    from shared.attachments.dropped_files import Drops
    from shared.attachments.inbox import Arrivals

    landing, table = _services().landing, _services().table("tickets")
    drops = Drops(
        intake(),
        _users(),
        attachments(),
        landing,
        table,
        trail(),
        settings().sizes.blob,
    )
    return Arrivals(landing, _services().poison, uploads(), drops, trail())


@cache
def trail() -> "Trail":
    from shared.audit.trail import Trail

    return Trail(_tickets(), _services().table("tickets"), _services().table("users"))


@cache
def retention() -> "Retention":
    from shared.audit.retention import Retention

    days = settings().audit_retention_days
    return Retention(_services().table("tickets"), _services().table("users"), days)


@cache
def reading() -> "Reading":
    from shared.tickets.results import Reading

    return Reading(_tickets(), _services().container, permissions())


@cache
def processing() -> "Processing":
    from shared.workflow.activities import Processing

    known, services = settings(), _services()
    times = {"step_seconds": known.step_seconds, "quiet_seconds": known.files_quiet}
    return Processing(_tickets(), services.container, services.model, answers(), _tools(), **times)


@cache
def answers() -> "Answers":
    from shared.workflow.answer_cache import Answers

    return Answers(_services().container, _services().model, settings().answer_cache_days)


@cache
def _tools() -> "Tools":
    from shared.app.toolbox import tools
    from shared.documents.extraction import Limits

    known, github = settings(), _services().github
    limits = Limits(known.extract_seconds, known.extract_megabytes)
    return tools(github, limits, known.chunk_tokens, known.batch_tokens, known.secret_key)


@cache
def health() -> "Health":
    from shared.app.health import Health

    return Health(_services().table("tickets"), _services().model, _services().realtime)


@cache
def _users() -> "Users":
    from shared.accounts.repository import Users

    return Users(_services().table("users"), settings().user_cache)


@cache
def _passwords() -> "Passwords":
    from shared.accounts.password_check import Passwords

    return Passwords(_users(), _services().table("users"), _first_admin())


@cache
def _first_admin() -> "FirstAdmin":
    from shared.accounts.bootstrap_admin import FirstAdmin

    return FirstAdmin(settings().bootstrap_admin_email, settings().bootstrap_admin_password)


@cache
def _access_tokens() -> "AccessTokens":
    from shared.accounts.credentials import AccessTokens

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
def _intents() -> "Intents":
    from shared.tickets.intents import Intents

    return Intents(_services().table("tickets"))


@cache
def _files() -> "Files":
    from shared.attachments.store import Files

    return Files(_services().container)


@cache
def _tickets() -> "Tickets":
    from shared.tickets.notifications import Notices
    from shared.tickets.repository import Tickets

    return Tickets(_services().table("tickets"), Notices(_services().realtime).send)


@cache
def _services() -> "Services":
    from shared.app.clients import Services

    return Services(settings())
