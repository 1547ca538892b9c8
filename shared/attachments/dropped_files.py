"""Files that users drop into Blob storage: each becomes a `doc_analysis` ticket of its user, once.

That a path was taken is a row in the user's partition, written in the transaction that stores the
ticket: of any number of events at once one opens it. Another version under the same path opens
none; that is told in the ticket's trail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shared.accounts.repository import Users
from shared.attachments.service import Attachments
from shared.attachments.staged_blob import blob_id, examine_blob
from shared.audit.chain import Actor, Draft
from shared.audit.trail import AuditTrail
from shared.clients.tables import Row, Table, Verb, Write
from shared.clients.upload_containers import UploadContainers, Version
from shared.documents.filenames import safe_name
from shared.errors import Invalid, NotFound
from shared.models import (
    AuditAction,
    EntityType,
    Model,
    NewTicket,
    Priority,
    Source,
    StoredTicket,
    StoredUser,
    Title,
    validate_model,
)
from shared.models.clock import Clock
from shared.models.names import fold_name
from shared.tickets.opening import TicketOpening

_TASK_TYPE = "doc_analysis"


class UnknownUser(NotFound):
    """The path names nobody who may open tickets."""


class BadMetadata(Invalid):
    """The blob's metadata do not make a ticket."""


class Metadata(Model):
    """What a blob's metadata may say of the ticket; storage gives their names in any case."""

    title: Title | None = None
    priority: Priority = Priority.MEDIUM
    analysis_type: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """A version of a blob that opens a ticket."""

    user_id: str
    path: str
    etag: str

    @property
    def origin(self) -> dict[str, Any]:
        return {"source": Source.BLOB, "blob_path": self.path, "blob_etag": self.etag}

    def note(self, ticket: StoredTicket) -> Write:
        """The write that remembers that the path was taken, for good."""
        facts = {"ticket_id": ticket.id, "path": self.path, "etag": self.etag}
        row = {"PartitionKey": self.user_id, "RowKey": row_key(self.path), **facts}
        return Write(Verb.INSERT, row)

    def reminders(self, ticket: StoredTicket) -> list[Write]:
        return []


class DroppedFiles:
    """`max_bytes` is how many bytes a blob may have."""

    def __init__(
        self,
        *,
        opening: TicketOpening,
        users: Users,
        attachments: Attachments,
        containers: UploadContainers,
        table: Table,
        trail: AuditTrail,
        max_bytes: int,
        clock: Clock,
    ) -> None:
        self._opening = opening
        self._users = users
        self._attachments = attachments
        self._containers = containers
        self._table = table
        self._trail = trail
        self._max_bytes = max_bytes
        self._clock = clock

    async def open(self, path: str, version: Version) -> StoredTicket | None:
        """The ticket that the blob opens, None when its path has been taken before.

        Raises UnknownUser, BadMetadata, Invalid for the name, TooLarge, UnsupportedMediaType,
        WriteConflict.
        """
        user = await self._owner(path)
        known = await self._table.read(user.id, row_key(path))
        if known is not None:
            await self._ignore(path, version, known)
            return None
        name = safe_name(path.rpartition("/")[2])
        new = _ticket(name, version.metadata)
        looking = examine_blob(
            self._containers,
            path,
            version,
            name,
            max_bytes=self._max_bytes,
            at=self._clock.now(),
        )
        async with looking as files:
            batch = self._attachments.batch(files)
            drop = DroppedFile(user.id, path, version.etag)
            return await self._opening.open_dropped(user, new, batch, drop)

    async def _owner(self, path: str) -> StoredUser:
        name, _, rest = path.partition("/")
        known = await self._users.by_name(name) if rest else None
        user = known.user if known else None
        # An email address is a name, too, but not of a folder.
        if user is None or not user.is_active or fold_name(user.username) != fold_name(name):
            raise UnknownUser(
                "A blob must be at uploads/{username}/{filename}, with the name of a user."
            )
        return user

    async def _ignore(self, path: str, version: Version, known: Row) -> None:
        """Tell once that there is another version, which opens no ticket."""
        if known.values["etag"] == version.etag:
            return
        draft = Draft(
            AuditAction.BLOB_IGNORED,
            Actor(),
            "A blob that had been taken was overwritten; this opens no other ticket.",
            metadata={"size": version.size},
            about=(EntityType.BLOB, blob_id(path)),
        )
        await self._trail.note(draft, known.values["ticket_id"])
        row = {**known.values, "etag": version.etag}
        await self._table.write([Write(Verb.MERGE, row, known.etag)])


def row_key(path: str) -> str:
    return f"drop_{sha256(path.encode()).hexdigest()}"


def _ticket(name: str, metadata: Mapping[str, str]) -> NewTicket:
    """Raises BadMetadata."""
    given = {key.lower(): value for key, value in metadata.items() if value.strip()}
    try:
        said = validate_model(Metadata, given)
        wanted: dict[str, Any] = said.model_dump(
            include={"analysis_type", "instructions"}, exclude_none=True
        )
        new = {"title": said.title or name, "task_type": _TASK_TYPE, "task_data": wanted}
        return validate_model(NewTicket, {**new, "priority": said.priority})
    except Invalid as error:
        raise BadMetadata(f"The blob's metadata: {error.detail}", error.errors) from None
