"""The things this app is about, pure: users, tickets, audit events, and what clients may send.

Everything that clients see is here, so that the API description can be made from these models.
They are imported from here, each module once something of it is asked for; `base.Model` is what
they all are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.models.about import (
        Alive,
        Check,
        Fault,
        InvalidDetails,
        ProblemDetails,
        QuotaLeft,
        Readiness,
        TaskType,
        TooManyDetails,
    )
    from shared.models.base import Instant, Model, Sparse, Words, rfc3339, validate_model
    from shared.models.calls import Answer, Call, Question, Record, message
    from shared.models.diffs import FileStatus, Side
    from shared.models.events import (
        AuditAction,
        AuditEvent,
        AuditPage,
        AuditQuery,
        CheckedEvent,
        EntityType,
        Verification,
        VerifyQuery,
    )
    from shared.models.quotas import (
        Amounts,
        AmountsByScope,
        AppSettings,
        AppSettingsChanges,
        LimitsByScope,
        QuotaKind,
        QuotaLimits,
        QuotaUsage,
        Resets,
    )
    from shared.models.statistics import (
        EndedCounts,
        EndedOfType,
        EndedOfUser,
        RunningTicket,
        Statistics,
        StatisticsQuery,
    )
    from shared.models.texts import AttachmentText, TextPlace, TextQuery, UnreadPlace
    from shared.models.tickets import (
        Attachment,
        DirectUpload,
        Inquiry,
        InquiryKind,
        LargeInput,
        NewTicket,
        Notice,
        OpenInquiry,
        Priority,
        Progress,
        Reprocessing,
        ResultQuery,
        Source,
        Status,
        StoredTicket,
        Ticket,
        TicketAnswer,
        TicketChanges,
        TicketPage,
        TicketsQuery,
        Title,
        Uploaded,
        Usage,
        WantedUpload,
    )
    from shared.models.timeline import (
        EntryKind,
        Outage,
        StepRun,
        Timeline,
        TimelineEntry,
        TimeShare,
        WaitReason,
    )
    from shared.models.updates import (
        ClientMessage,
        ConnectionCounts,
        ErrorNotification,
        Message,
        Negotiated,
        ProcessingStatus,
        TicketUpdate,
        Update,
        UpdatedTicket,
        UpdatesQuery,
    )
    from shared.models.users import (
        Email,
        Line,
        Login,
        NewPassword,
        NewUser,
        OwnChanges,
        Password,
        PasswordReset,
        Refresh,
        Registration,
        Role,
        StoredUser,
        Tokens,
        User,
        UserChanges,
        Username,
        UsersQuery,
    )

__all__ = [
    "Alive",
    "Amounts",
    "AmountsByScope",
    "Answer",
    "AppSettings",
    "AppSettingsChanges",
    "Attachment",
    "AttachmentText",
    "AuditAction",
    "AuditEvent",
    "AuditPage",
    "AuditQuery",
    "Call",
    "Check",
    "CheckedEvent",
    "ClientMessage",
    "ConnectionCounts",
    "DirectUpload",
    "Email",
    "EndedCounts",
    "EndedOfType",
    "EndedOfUser",
    "EntityType",
    "EntryKind",
    "ErrorNotification",
    "Fault",
    "FileStatus",
    "Inquiry",
    "InquiryKind",
    "Instant",
    "InvalidDetails",
    "LargeInput",
    "LimitsByScope",
    "Line",
    "Login",
    "Message",
    "Model",
    "Negotiated",
    "NewPassword",
    "NewTicket",
    "NewUser",
    "Notice",
    "OpenInquiry",
    "Outage",
    "OwnChanges",
    "Password",
    "PasswordReset",
    "Priority",
    "ProblemDetails",
    "ProcessingStatus",
    "Progress",
    "Question",
    "QuotaKind",
    "QuotaLeft",
    "QuotaLimits",
    "QuotaUsage",
    "Readiness",
    "Record",
    "Refresh",
    "Registration",
    "Reprocessing",
    "Resets",
    "ResultQuery",
    "Role",
    "RunningTicket",
    "Side",
    "Source",
    "Sparse",
    "Statistics",
    "StatisticsQuery",
    "Status",
    "StepRun",
    "StoredTicket",
    "StoredUser",
    "TaskType",
    "TextPlace",
    "TextQuery",
    "Ticket",
    "TicketAnswer",
    "TicketChanges",
    "TicketPage",
    "TicketUpdate",
    "TicketsQuery",
    "TimeShare",
    "Timeline",
    "TimelineEntry",
    "Title",
    "Tokens",
    "TooManyDetails",
    "UnreadPlace",
    "Update",
    "UpdatedTicket",
    "UpdatesQuery",
    "Uploaded",
    "Usage",
    "User",
    "UserChanges",
    "Username",
    "UsersQuery",
    "Verification",
    "VerifyQuery",
    "WaitReason",
    "WantedUpload",
    "Words",
    "message",
    "rfc3339",
    "validate_model",
]

_MODULES = (
    *("diffs", "base", "texts", "calls", "quotas", "about", "events", "tickets", "timeline"),
    *("statistics", "updates", "users"),
)

if not TYPE_CHECKING:  # The checker is to know what there is, and what not.

    def __getattr__(name: str) -> Any:
        """What is imported from here, out of the first module that has it. All of them take a fifth
        of a second, and a process that judges one suggestion needs the first alone."""
        if name in __all__:
            for module in _MODULES:
                found = getattr(import_module(f"{__name__}.{module}"), name, None)
                if found is not None:
                    globals()[name] = found
                    return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
