"""Events of the audit trail."""

from enum import StrEnum
from typing import Any

from pydantic import model_validator

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
    RESET_ISSUED = "password_reset_issued"
    RESET_REDEEMED = "password_reset"
    REFRESH_REUSED = "refresh_reused"
    SETTINGS_CHANGED = "settings_changed"


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


class CheckedEvent(AuditEvent):
    """`verified` is whether the event is as the app wrote it; null where only `/audit/verify` can
    tell, as it was written without a key."""

    verified: bool | None = None


class AuditPage(Model):
    """Newest first. `next_cursor` is null when there is nothing older; a page before that may hold
    few events or none."""

    events: list[CheckedEvent]
    next_cursor: str | None = None


class VerifyQuery(Model):
    """Whose trail: that of a ticket, or of a user for what concerns no ticket."""

    ticket_id: str | None = None
    user_id: str | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "VerifyQuery":
        if bool(self.ticket_id) == bool(self.user_id):
            raise ValueError("give either ticket_id or user_id")
        return self


class Verification(Model):
    """`first_invalid` is the id of the first of the trail's `events` that was changed, put in, or
    is missing, and `reason` what is wrong. Events that were written without a key hold as they were
    found at `sealed_until`. `keyed` is whether events are signed with a key at all."""

    ticket_id: str | None = None
    user_id: str | None = None
    valid: bool
    events: int
    first_invalid: str | None = None
    reason: str | None = None
    sealed_until: Instant | None = None
    keyed: bool
