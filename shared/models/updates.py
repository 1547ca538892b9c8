"""What the app says while it happens: the messages about a ticket, and what a client needs to hear
them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.models.base import Instant, Model, Sparse
from shared.models.tickets import Notice, OpenInquiry, Priority, Progress, Source, Status

Message = dict[str, Any]
"""A realtime message as it is sent: plain JSON."""


class UpdatedFile(Model):
    """A file of a ticket, as far as a message tells it."""

    id: str
    filename: str
    file_size: int
    content_type: str


class UpdatedTicket(Sparse):
    """What of a ticket fits into a message; the rest is read with the ticket. `attachments` are all
    there are, and are there only when they have changed."""

    left_out = ("attachments",)

    title: str
    task_type: str
    priority: Priority
    status: Status
    source: Source
    attempt: int
    progress: Progress
    created_by: str
    assigned_to: str | None
    created_at: Instant
    updated_at: Instant
    completed_at: Instant | None
    question: OpenInquiry | None
    error_message: str | None
    tokens_used: int
    attachments: list[UpdatedFile] = Field(default=[])


class _Update(Model):
    """`seq` rises by one within a ticket, over all its attempts."""

    ticket_id: str
    timestamp: Instant
    seq: Annotated[int, Field(ge=1)]


class TicketUpdate(_Update):
    """Something of the ticket is different: its status, files, assignment, result …"""

    type: Literal[Notice.TICKET_UPDATE] = Notice.TICKET_UPDATE
    data: UpdatedTicket


class ProcessingStatus(_Update):
    """How far the work is; at most two a second for a ticket."""

    type: Literal[Notice.PROCESSING_STATUS] = Notice.PROCESSING_STATUS
    status: Status
    details: Progress


class ErrorNotification(_Update):
    """The ticket failed; `error` is a sentence for people."""

    type: Literal[Notice.ERROR_NOTIFICATION] = Notice.ERROR_NOTIFICATION
    error: str


Update = Annotated[TicketUpdate | ProcessingStatus | ErrorNotification, Field(discriminator="type")]


class UpdatesQuery(Model):
    """Messages with a `seq` above `after`."""

    after: Annotated[int, Field(ge=0, le=99_999_999)] = 0


class Negotiated(Model):
    """A WebSocket for the caller alone: connect to `url` with the subprotocol `protocol` (or
    `json.reliable.webpubsub.azure.v1`) before `expires_at`, and ask again for each new connection.
    `groups` are those that the server puts the connection into."""

    url: str
    protocol: Literal["json.webpubsub.azure.v1"] = "json.webpubsub.azure.v1"
    user_id: str
    groups: list[str]
    expires_at: Instant


class ClientMessage(Model):
    """What a client says through its connection."""

    type: str = ""
    ticket_id: Annotated[str, StringConstraints(max_length=100)] = ""


class ConnectionCounts(Model):
    """The realtime connections that are known now, and of how many users they are."""

    total_connections: int
    connected_users: int
