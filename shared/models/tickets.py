"""Tickets, and what clients may send about them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.errors import FailureKind
from shared.models.base import WHOLE, Changes, Instant, Model, Moment, Words, rfc3339


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


Title = Annotated[Words, StringConstraints(max_length=255), Field(examples=["Release notes"])]
Description = Annotated[str, Field(json_schema_extra={"maxLength": 1024 * 1024})]
"""Its limit is one of bytes, which whoever stores it looks at."""


class NewTicket(Model):
    title: Title
    description: Description = ""
    task_type: str
    priority: Priority = Priority.MEDIUM
    task_data: dict[str, Any] = {}
    assigned_to: str | None = None
    max_tokens: Annotated[int, Field(ge=1, le=10**15, strict=True), WHOLE] | None = None


class Progress(Model):
    """How far the present attempt is; `percent` never goes back."""

    stage: str = "waiting"
    done: int = 0
    total: int = 0
    percent: int = 0


class Usage(Model):
    """What the model was asked for one attempt of a ticket, failed and repaired calls included;
    `cached` are the prompt tokens that the model's server had cached, `reused` the answers of
    earlier calls that were not asked for again."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: int = 0
    reused: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Attachment(Model):
    """A file of a ticket. `file_size` is in bytes, `sha256` of them in hex."""

    id: str
    filename: str
    file_size: int
    content_type: str
    sha256: str
    uploaded_at: Instant


class Uploaded(Attachment):
    """What adding a file answers: `attachment_id` is its `id` under the name clients know."""

    attachment_id: str
    message: str


class WantedUpload(Model):
    """A file that a client wants to put into Blob storage by itself. `size` is in bytes;
    `content_type` is taken for a hint: what counts is the name."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    content_type: Annotated[str, StringConstraints(max_length=255)] = ""
    size: Annotated[int, Field(ge=1, strict=True)]


class DirectUpload(Model):
    """A request that puts one blob into storage until `expires_at`: send the file as its body."""

    url: str
    method: str = "PUT"
    headers: dict[str, str]
    expires_at: Instant


class InquiryKind(StrEnum):
    """What is wanted of people: an outline as they would have it, or which reading they meant."""

    OUTLINE = "outline"
    CLARIFY = "clarify"


class Inquiry(Model):
    """What a ticket asks the people it is for, before its work goes on."""

    kind: InquiryKind
    text: str
    options: list[str] | None = None
    outline: Any = None


class OpenInquiry(Inquiry):
    """Without an answer by `expires_at` the ticket is cancelled."""

    expires_at: Instant


class Reprocessing(Model):
    """What is to be other in the new attempt: nothing without `task_data`."""

    task_data: dict[str, Any] | None = None


class TicketAnswer(Model):
    """The reply to a ticket that asks: a text, or an object as its question has one."""

    answer: Annotated[str, StringConstraints(max_length=16_000)] | dict[str, Any]


class LargeInput(Model):
    """An input of a ticket that lies in a blob; `size` is in bytes of JSON, `sha256` of them."""

    id: str
    size: int
    sha256: str


class Ticket(Model):
    """`shortened` names the fields that are too long for a list and not whole in it: `description`
    is then its beginning, `task_data` and `result_data` are empty."""

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
    max_tokens: int | None = None
    attachments: list[Attachment] = []
    attempt: int = 1
    progress: Progress = Progress()
    question: OpenInquiry | None = None
    source: Source = Source.API
    shortened: list[str] = []


class TicketChanges(Changes):
    """What is not given stays as it is. `task_data` can be changed until processing begins;
    `assigned_to` null takes the assignment back; the only status to ask for is `cancelled`."""

    title: Title = ""
    description: Description = ""
    priority: Priority = Priority.MEDIUM
    task_data: dict[str, Any] = {}
    assigned_to: str | None = None
    status: Literal[Status.CANCELLED] = Status.CANCELLED


class TicketsQuery(Model):
    """Which tickets are listed, and which part of them. `cursor` is the `next_cursor` of an answer
    to the same filters; it goes before `page`."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20
    status: Status | None = None
    task_type: str | None = None
    priority: Priority | None = None
    created_by: str | None = None
    assigned_to: str | None = None
    q: Annotated[str, StringConstraints(max_length=255)] | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    cursor: str | None = None


class TicketPage(Model):
    """Newest first. `next_cursor` is null on the last page."""

    tickets: list[Ticket]
    total: int
    page: int
    per_page: int
    pages: int
    next_cursor: str | None = None


class ResultQuery(Model):
    """`partial` asks for what is finished so far, also of a ticket that will never have more."""

    format: str = "json"
    partial: bool = False


class Notice(StrEnum):
    """The kinds of realtime messages about a ticket."""

    TICKET_UPDATE = "ticket_update"
    PROCESSING_STATUS = "processing_status"
    ERROR_NOTIFICATION = "error_notification"


class StoredTicket(Ticket):
    """A ticket with what stays inside."""

    etag: str = Field(default="", exclude=True)
    # When this attempt was asked for, unless the ticket was opened with it, and when it began.
    queued_at: datetime | None = Field(default=None, exclude=True)
    started_at: datetime | None = Field(default=None, exclude=True)
    # Opened without the files that its type needs: it waits for them while it is pending.
    waits_for_files: bool = Field(default=False, exclude=True)
    # The attempt whose result is shown, 0 while there is none.
    result_attempt: int = Field(default=0, exclude=True)
    # Why it failed, for counting.
    failure_kind: FailureKind = Field(default=FailureKind.INTERNAL, exclude=True)
    # That result, compressed, when it is small; else it is read from its blob.
    result: str = Field(default="", exclude=True)
    # The blob that it was opened for, in the version that was taken.
    blob_path: str = Field(default="", exclude=True)
    blob_etag: str = Field(default="", exclude=True)
    # Its inputs that are too long for the row, by field; `shortened` says whether they are here.
    large_inputs: dict[str, LargeInput] = Field(default={}, exclude=True)
    # How often the ticket was assigned.
    assignment: int = Field(default=0, exclude=True)
    # When progress was last told by a realtime message.
    progress_told_at: datetime | None = Field(default=None, exclude=True)
    # The inquiry that was asked last, as steps know it, and when; the answers of this attempt.
    inquiry: str = Field(default="", exclude=True)
    asked_at: datetime | None = Field(default=None, exclude=True)
    answers: dict[str, Any] = Field(default={}, exclude=True)
    # Whether this attempt, and its files, count for quotas.
    is_counted: bool = Field(default=False, exclude=True)
    are_files_counted: bool = Field(default=False, exclude=True)
    # How long this attempt has waited for people, in seconds.
    waited_seconds: float = Field(default=0.0, exclude=True)
    # The number of the last realtime message, and of the last audit event with its hash.
    seq: int = Field(default=0, exclude=True)
    events: int = Field(default=0, exclude=True)
    last_hash: str = Field(default="", exclude=True)

    @property
    def sort_key(self) -> str:
        """The half of its id by which the tickets of its owner are sorted, newest first."""
        return self.id.rpartition("-")[2]

    @property
    def stored_sizes(self) -> dict[str, int]:
        """What is stored for whom it belongs to, in bytes by id: files, and large inputs."""
        files = {file.id: file.file_size for file in self.attachments}
        return files | {one.id: one.size for one in self.large_inputs.values()}

    @property
    def has_ended(self) -> bool:
        return self.status not in (Status.PENDING, Status.PROCESSING)

    @property
    def version(self) -> str:
        """Another one after each change; known before the ticket is stored."""
        return f"{self.id} {rfc3339(self.updated_at)} {self.seq} {self.events}"
