"""Files too large for the API: put into Blob storage by the client, and taken from there.

Whoever may add files to a ticket gets an address for one blob, `uploads/tickets/{ticket}/{name}`;
what arrives there becomes an attachment, and the blob goes.
"""

from datetime import datetime, timedelta

from shared.accounts.principal import Principal
from shared.attachments.changes import check_open, check_room
from shared.attachments.service import Attachments
from shared.attachments.staged_blob import blob_id, check_size, examine_blob
from shared.audit.chain import Actor, Draft
from shared.clients.upload_containers import UploadContainers, Version
from shared.documents.file_types import kind_of_name
from shared.documents.filenames import safe_name
from shared.models import (
    AuditAction,
    DirectUpload,
    EntityType,
    StoredTicket,
    WantedUpload,
)
from shared.models.clock import Clock
from shared.tickets.access import TicketAccess
from shared.tickets.permissions import Right
from shared.tickets.repository import Decide, Tickets, add_note
from shared.tickets.workflow_port import WorkflowClient

PREFIX = "tickets/"
_VALID = timedelta(minutes=15)


class DirectUploads:
    """`max_bytes` is how many bytes a blob may have."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        attachments: Attachments,
        containers: UploadContainers,
        max_bytes: int,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._attachments = attachments
        self._access = access
        self._containers = containers
        self._max_bytes = max_bytes
        self._clock = clock

    async def offer(
        self, principal: Principal, ticket_id: str, wanted: WantedUpload
    ) -> DirectUpload:
        """How to send one file. Raises NotFound, Forbidden, Conflict, Invalid, TooLarge, and
        UnsupportedMediaType."""
        ticket = await self._access.read(principal, ticket_id, Right.ATTACH)
        name = safe_name(wanted.filename)
        kind = kind_of_name(name)
        check_size(wanted.size, self._max_bytes)
        check_open(ticket)
        check_room(ticket, 1)
        moment = self._clock.now()
        until = moment + _VALID
        path = f"{PREFIX}{ticket_id}/{name}"
        url = await self._containers.upload_url(path, until)
        decide = _note_offer(path, wanted.size, principal.actor, moment)
        await self._tickets.change(ticket_id, decide, ticket)
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": kind}
        return DirectUpload(url=url, headers=headers, expires_at=until)

    async def attach(self, path: str, version: Version, workflow: WorkflowClient) -> None:
        """Add what has arrived to its ticket. Raises NotFound, Invalid for the name, TooLarge,
        UnsupportedMediaType, Conflict, WriteConflict, Unavailable."""
        ticket, name = await self._target(path)
        looking = examine_blob(
            self._containers,
            path,
            version,
            name,
            max_bytes=self._max_bytes,
            at=self._clock.now(),
        )
        async with looking as files:
            await self._attachments.take(ticket, files, Actor(), workflow)

    async def _target(self, path: str) -> tuple[StoredTicket, str]:
        """The ticket and the file name that a path says. Raises NotFound, Invalid."""
        ticket_id, _, name = path.removeprefix(PREFIX).partition("/")
        return await self._tickets.read(ticket_id), safe_name(name)


def _note_offer(path: str, size: int, actor: Actor, at: datetime) -> Decide:
    about = (EntityType.BLOB, blob_id(path))
    action, words = AuditAction.UPLOAD_REQUESTED, "Direct upload allowed for 15 minutes."
    return add_note(Draft(action, actor, words, metadata={"size": size}, about=about), at)
