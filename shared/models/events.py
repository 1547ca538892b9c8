"""Events of the audit trail."""

from enum import StrEnum
from typing import Any

from shared.models.base import Instant, Model, Moment


class AuditAction(StrEnum):
    TICKET_CREATED = "ticket_created"
    TICKET_UPDATED = "ticket_updated"
    TICKET_CANCELLED = "ticket_cancelled"
    TICKET_ASKED = "ticket_asked"
    TICKET_ANSWERED = "ticket_answered"
    TICKET_REPROCESSED = "ticket_reprocessed"
    TICKET_DELETED = "ticket_deleted"
    TICKET_STARTED = "ticket_started"
    TICKET_COMPLETED = "ticket_completed"
    TICKET_FAILED = "ticket_failed"
    TICKET_SUBMITTED = "ticket_submitted"
    QUERY_SENT = "query_sent"
    ATTACHMENT_ADDED = "attachment_added"
    ATTACHMENT_REMOVED = "attachment_removed"
    ATTACHMENT_DENIED = "attachment_denied"
    UPLOAD_REQUESTED = "upload_requested"
    BLOB_REJECTED = "blob_rejected"
    BLOB_IGNORED = "blob_ignored"
    USER_CREATED = "user_created"
    USER_UPDATED = "user_updated"
    USER_DELETED = "user_deleted"
    LOGIN_SUCCEEDED = "login_succeeded"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    REFRESH_REUSED = "refresh_reused"


class EntityType(StrEnum):
    USER = "user"
    TICKET = "ticket"
    ATTACHMENT = "attachment"
    BLOB = "blob"


class AuditEvent(Model):
    """One change: who, from where, before and after. `hash` covers all other fields."""

    id: str
    action: AuditAction
    entity_type: EntityType
    entity_id: str
    user_id: str | None = None
    timestamp: Instant
    description: str = ""
    old_values: dict[str, Any] = {}
    new_values: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    ip_address: str | None = None
    user_agent: str | None = None
    ticket_id: str | None = None
    previous_hash: str = ""
    hash: str = ""


class AuditQuery(Model):
    """Which events are searched for: `since` <= time < `until`. `cursor` is the `next_cursor` of an
    answer to the same filters."""

    entity_type: EntityType | None = None
    entity_id: str | None = None
    user_id: str | None = None
    action: AuditAction | None = None
    since: Moment | None = None
    until: Moment | None = None
    cursor: str | None = None


class AuditPage(Model):
    """Newest first. `next_cursor` is null when there is nothing older; a page before that may hold
    few events or none."""

    events: list[AuditEvent]
    next_cursor: str | None = None


class VerifyQuery(Model):
    ticket_id: str


class Verification(Model):
    """`first_invalid` is the id of the first of the ticket's `events` that was changed, put in, or
    is missing."""

    ticket_id: str
    valid: bool
    events: int
    first_invalid: str | None = None
