"""The things this app is about, pure: users, tickets, audit events, and what clients may send.

Everything that clients see is here, so that the API description can be made from these models.
"""

from shared.models.base import Instant, Model, now, rfc3339, validated
from shared.models.calls import Answer, Call, Question, Record, message
from shared.models.events import AuditAction, AuditEvent, EntityType
from shared.models.tickets import (
    Attachment,
    NewTicket,
    Notice,
    Priority,
    Progress,
    Source,
    Status,
    StoredTicket,
    Ticket,
    Usage,
)
from shared.models.users import (
    Email,
    Line,
    Login,
    Password,
    Registration,
    Role,
    StoredUser,
    Tokens,
    User,
    Username,
)

__all__ = [
    "Answer",
    "Attachment",
    "AuditAction",
    "AuditEvent",
    "Call",
    "Email",
    "EntityType",
    "Instant",
    "Line",
    "Login",
    "Model",
    "NewTicket",
    "Notice",
    "Password",
    "Priority",
    "Progress",
    "Question",
    "Record",
    "Registration",
    "Role",
    "Source",
    "Status",
    "StoredTicket",
    "StoredUser",
    "Ticket",
    "Tokens",
    "Usage",
    "User",
    "Username",
    "message",
    "now",
    "rfc3339",
    "validated",
]
