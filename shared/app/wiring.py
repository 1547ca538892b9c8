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
from shared.workflow.messages import StartInput, Waiting

if TYPE_CHECKING:
    from shared.accounts.administration import UserAdministration
    from shared.accounts.authentication import Authentication
    from shared.accounts.bootstrap_admin import BootstrapAdmin
    from shared.accounts.credentials import AccessTokens
    from shared.accounts.password_check import PasswordCheck
    from shared.accounts.repository import Users
    from shared.accounts.self_service import Accounts
    from shared.app.clients import Services
    from shared.app.health import Health
    from shared.attachments.direct_uploads import DirectUploads
    from shared.attachments.inbox import Inbox
    from shared.attachments.service import Attachments
    from shared.attachments.store import AttachmentStore
    from shared.audit.retention import Retention
    from shared.audit.trail import AuditTrail
    from shared.clients.entra import EntraTokens
    from shared.models import StoredTicket
    from shared.tasks.base import Tools
    from shared.tickets.idempotency import IdempotencyKeys
    from shared.tickets.intents import Intents
    from shared.tickets.listing.listing import TicketList
    from shared.tickets.opening import TicketOpening
    from shared.tickets.permissions import Permissions
    from shared.tickets.repository import Tickets
    from shared.tickets.results import TicketQueries
    from shared.tickets.service import TicketService
    from shared.workflow.activities import Activities
    from shared.workflow.answer_cache import Answers


@cache
def settings() -> Settings:
    """The settings of this process. Raises SettingsError."""
    # These libraries log every request, some with its headers.
    for name in ("azure", "httpx2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return read_settings(os.environ)


def order(ticket: "StoredTicket") -> StartInput:
    """What the workflow of a ticket is started with."""
    return StartInput(
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
    from shared.accounts.refresh_tokens import RefreshTokens
    from shared.accounts.self_service import Accounts, Policy

    known = settings()
    policy = Policy(known.registration_open, known.refresh_token_days, _first_admin())
    sessions = RefreshTokens(_services().table("users"))
    return Accounts(_users(), _passwords(), sessions, _access_tokens(), policy)


@cache
def callers() -> "Authentication":
    from shared.accounts.authentication import Authentication

    return Authentication(_users(), _access_tokens(), _entra())


@cache
def members() -> "UserAdministration":
    from shared.accounts.administration import UserAdministration
    from shared.storage.sharded_counters import Counters

    return UserAdministration(
        _users(), _passwords(), Counters(_services().table("tickets")), _first_admin()
    )


@cache
def permissions() -> "Permissions":
    from shared.tickets.permissions import Permissions

    return Permissions(_users())


@cache
def intake() -> "TicketOpening":
    from shared.tickets.opening import TicketOpening

    return TicketOpening(_tickets(), _intents(), keys(), _users(), settings().sweep_after)


@cache
def keys() -> "IdempotencyKeys":
    from shared.tickets.idempotency import IdempotencyKeys

    return IdempotencyKeys(_services().table("tickets"))


@cache
def changing() -> "TicketService":
    from shared.tickets.service import TicketService, Times

    known = settings()
    times = Times(known.sweep_after, known.sweep_after + known.step_seconds)
    container, landing = _services().container, _services().landing
    return TicketService(_tickets(), container, _users(), permissions(), landing, times)


@cache
def listing() -> "TicketList":
    from shared.tickets.listing.listing import TicketList

    return TicketList(_services().table("tickets"), _tickets(), reading(), permissions())


@cache
def attachments() -> "Attachments":
    from shared.attachments.service import Attachments

    most = settings().sizes.file
    return Attachments(_tickets(), _intents(), _files(), permissions(), most)


@cache
def uploads() -> "DirectUploads":
    from shared.attachments.direct_uploads import DirectUploads

    landing, most = _services().landing, settings().sizes.blob
    return DirectUploads(_tickets(), attachments(), permissions(), landing, most)


@cache
def arrivals() -> "Inbox":
    from shared.attachments.dropped_files import DroppedFiles
    from shared.attachments.inbox import Inbox

    landing, table = _services().landing, _services().table("tickets")
    drops = DroppedFiles(
        intake(),
        _users(),
        attachments(),
        landing,
        table,
        trail(),
        settings().sizes.blob,
    )
    return Inbox(landing, _services().poison, uploads(), drops, trail())


@cache
def trail() -> "AuditTrail":
    from shared.audit.trail import AuditTrail

    return AuditTrail(_tickets(), _services().table("tickets"), _services().table("users"))


@cache
def retention() -> "Retention":
    from shared.audit.retention import Retention

    days = settings().audit_retention_days
    return Retention(_services().table("tickets"), _services().table("users"), days)


@cache
def reading() -> "TicketQueries":
    from shared.tickets.results import TicketQueries

    return TicketQueries(_tickets(), _services().container, permissions())


@cache
def processing() -> "Activities":
    from shared.workflow.activities import Activities

    known, services = settings(), _services()
    times = {"step_seconds": known.step_seconds, "quiet_seconds": known.files_quiet}
    return Activities(_tickets(), services.container, services.model, answers(), _tools(), **times)


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
def _passwords() -> "PasswordCheck":
    from shared.accounts.password_check import PasswordCheck

    return PasswordCheck(_users(), _services().table("users"), _first_admin())


@cache
def _first_admin() -> "BootstrapAdmin":
    from shared.accounts.bootstrap_admin import BootstrapAdmin

    return BootstrapAdmin(settings().bootstrap_admin_email, settings().bootstrap_admin_password)


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
def _files() -> "AttachmentStore":
    from shared.attachments.store import AttachmentStore

    return AttachmentStore(_services().container)


@cache
def _tickets() -> "Tickets":
    from shared.tickets.notifications import Notifications
    from shared.tickets.repository import Tickets

    return Tickets(_services().table("tickets"), Notifications(_services().realtime).send)


@cache
def _services() -> "Services":
    from shared.app.clients import Services

    return Services(settings())
