"""The things this app is about, pure: users, tickets, and what clients may send about them.

Everything that clients see is here, so that the API description can be made from these models.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
)

from shared.errors import Invalid


def rfc3339(moment: datetime) -> str:
    """UTC with microseconds and `Z`: always the same width, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> datetime:
    return datetime.now(UTC)


Instant = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


class Role(StrEnum):
    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Source(StrEnum):
    API = "api"
    BLOB = "blob"


class Model(BaseModel):
    """Unknown fields of a payload are ignored, never applied; errors never show what was sent."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], value: Any, at: tuple[str, ...] = ()) -> M:
    """`value` as `model`; `at` is where in the payload it stood.

    Raises Invalid with one {loc, msg, type} per fault.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [
            {"loc": [*at, *fault["loc"]], "msg": fault["msg"], "type": fault["type"]}
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    first = faults[0]
    place = ".".join(str(part) for part in first["loc"])
    raise Invalid(f"{place or 'The body'}: {first['msg']}.", faults)


# --- users


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s.\x00-\x1f\x7f]+", text):
        raise ValueError("must be an email address")
    return text


def _username(text: str) -> str:
    if text.lower() in {"tickets", "rejected"}:
        raise ValueError("this name is reserved")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=1024)]
Username = Annotated[
    str,
    StringConstraints(min_length=3, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_username),
]


class Registration(Model):
    email: Email
    username: Username
    password: Password
    full_name: Line | None = None
    department: Line | None = None
    job_title: Line | None = None


class Login(Model):
    """`username` may be the username or the email, in any case."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Annotated[str, StringConstraints(max_length=1024)]


class Tokens(Model):
    """`expires_in` is in seconds and concerns the access token."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int
    refresh_token: str


class User(Model):
    id: str
    email: str
    username: str
    full_name: str | None = None
    department: str | None = None
    job_title: str | None = None
    is_active: bool = True
    is_verified: bool = False
    role: Role = Role.USER
    created_at: Instant
    updated_at: Instant
    last_login: Instant | None = None


class StoredUser(User):
    """A user with what stays inside: `tokens_from` (Unix time) ends every older token."""

    password_hash: str = Field(exclude=True, repr=False)
    tokens_from: float = Field(default=0.0, exclude=True)


# --- tickets


class NewTicket(Model):
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    description: Annotated[str, StringConstraints(max_length=16_000)] = ""
    task_type: str
    priority: Priority = Priority.MEDIUM
    task_data: dict[str, Any] = {}


class Progress(Model):
    """How far the present attempt is; `percent` never goes back."""

    stage: str = "waiting"
    done: int = 0
    total: int = 0
    percent: int = 0


class Usage(Model):
    """What the model was asked for one attempt of a ticket, failed and repaired calls included."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Attachment(Model):
    id: str
    filename: str
    file_size: int
    content_type: str
    uploaded_at: Instant


class Ticket(Model):
    id: str
    title: str
    description: str
    task_type: str
    priority: Priority
    status: Status = Status.PENDING
    task_data: dict[str, Any]
    created_by: str
    assigned_to: str | None = None
    created_at: Instant
    updated_at: Instant
    completed_at: Instant | None = None
    result_data: dict[str, Any] = {}
    processing_logs: str = ""
    error_message: str | None = None
    ai_model_used: str | None = None
    processing_time_seconds: float | None = None
    tokens_used: int = 0
    attachments: list[Attachment] = []
    attempt: int = 1
    progress: Progress = Progress()
    source: Source = Source.API


class StoredTicket(Ticket):
    """A ticket with what stays inside."""

    etag: str = Field(default="", exclude=True)
    started_at: datetime | None = Field(default=None, exclude=True)
    # The attempt whose result is shown, 0 while there is none.
    result_attempt: int = Field(default=0, exclude=True)
    # The number of the last realtime message, and of the last audit event with its hash.
    seq: int = Field(default=0, exclude=True)
    events: int = Field(default=0, exclude=True)
    last_hash: str = Field(default="", exclude=True)


# --- audit


class AuditAction(StrEnum):
    TICKET_CREATED = "ticket_created"
    TICKET_STARTED = "ticket_started"
    TICKET_COMPLETED = "ticket_completed"
    TICKET_FAILED = "ticket_failed"


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
