"""Files on tickets: added, listed, downloaded, removed, by those who may and while it is allowed.

The blob comes first, then the ticket's row with the list of its files, guarded by the ticket's
ETag: a file that a ticket names is always there. What was stored and then not taken is removed at
once; what a crash left, the sweeper removes.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from shared.attachments.changes import adding, check_open, check_room, denying, removing, submitting
from shared.attachments.pending import PendingFiles
from shared.attachments.store import AttachmentStore, Examined, NewFile, examine
from shared.audit.chain import Actor
from shared.errors import Conflict, Invalid, NotFound
from shared.models import Attachment, Status, StoredTicket, Uploaded, User, now
from shared.tickets.intents import Intent, Intents
from shared.tickets.permissions import Permissions, Right
from shared.tickets.repository import Tickets

MAX_AT_ONCE = 20
# Whoever began to store a file has ended by then, one way or the other.
_STORING = timedelta(minutes=15)

Tell = Callable[[StoredTicket], Awaitable[bool]]
"""Tells the workflow of a ticket that waits about its files; whether that was possible."""


class Attachments:
    """`most` is how many bytes a file that is sent to the API may have."""

    def __init__(
        self,
        tickets: Tickets,
        intents: Intents,
        files: AttachmentStore,
        permissions: Permissions,
        most: int,
    ) -> None:
        self._tickets = tickets
        self._intents = intents
        self._files = files
        self._permissions = permissions
        self._most = most

    async def add(
        self, caller: User, ticket_id: str, files: Sequence[NewFile], actor: Actor, tell: Tell
    ) -> list[Uploaded]:
        """Add files, all or none of them; bytes that the ticket has already are not stored again.

        Raises NotFound, Forbidden, Conflict, Invalid, TooLarge, UnsupportedMediaType, Unavailable.
        """
        ticket = await self._tickets.read(ticket_id)
        await self._permissions.check(caller, ticket, Right.ATTACH)
        examined = await self.examine(files)
        if not examined:
            fault = {"loc": ["file"], "msg": "Field required", "type": "missing"}
            raise Invalid("There is no file in this request.", [fault])
        return await self.take(ticket, examined, actor, tell)

    async def examine(self, files: Sequence[NewFile]) -> list[Examined]:
        """Raises Invalid, TooLarge, UnsupportedMediaType."""
        if len(files) > MAX_AT_ONCE:
            raise Invalid(f"At most {MAX_AT_ONCE} files can be sent at once.")
        return await examine(files, self._most)

    async def take(
        self, ticket: StoredTicket, files: Sequence[Examined], actor: Actor, tell: Tell
    ) -> list[Uploaded]:
        """Add files that have been examined. Raises Conflict, NotFound, Unavailable."""
        known = {attachment.sha256 for attachment in ticket.attachments}
        batch = self.batch([file for file in files if file.attachment.sha256 not in known])
        if batch.attachments:
            # The decision is made again with the change; this one spares the blobs.
            check_open(ticket)
            check_room(ticket, len(batch.attachments))
            ticket = await self._add(ticket, batch, actor, tell)
        return [_answer(ticket, file.attachment) for file in files]

    async def _add(
        self, ticket: StoredTicket, batch: PendingFiles, actor: Actor, tell: Tell
    ) -> StoredTicket:
        """When the ticket refuses the files, their blobs go again; whatever else goes wrong, it may
        have taken them, and the sweeper looks."""
        intent = await batch.store(ticket)
        try:
            decide = adding(batch.attachments, actor)
            ticket = await self._tickets.change(ticket.id, decide, ticket)
        except (Conflict, NotFound):
            await batch.clear(ticket.id)
            await batch.forget(intent)
            raise
        # Somebody else may have added the same bytes meanwhile.
        await batch.clear(ticket.id, ticket.attachments)
        if not ticket.waits_for_files or await tell(ticket):
            await batch.forget(intent)
        return ticket

    def batch(self, files: Sequence[Examined]) -> PendingFiles:
        """Files to be stored together."""
        return PendingFiles(self._files, self._intents, files)

    async def listed(self, caller: User, ticket_id: str) -> list[Attachment]:
        """The files of a ticket: one storage call. Raises NotFound."""
        ticket = await self._tickets.read(ticket_id)
        await self._permissions.check(caller, ticket, Right.READ)
        return ticket.attachments

    async def find(
        self, caller: User, ticket_id: str, attachment_id: str, actor: Actor
    ) -> Attachment:
        """A file that the caller may read: one storage call. Raises NotFound, and leaves a trace of
        whom it was denied."""
        ticket = await self._tickets.read(ticket_id)
        try:
            await self._permissions.check(caller, ticket, Right.READ)
        except NotFound:
            await self._tickets.change(ticket_id, denying(attachment_id, actor), ticket)
            raise
        return _find(ticket, attachment_id)

    async def read(self, ticket_id: str, file: Attachment, part: range | None) -> bytes:
        """The bytes of a file that `find` found, or those at some places. Raises NotFound."""
        content = await self._files.read(ticket_id, file.id, part)
        if content is None:
            raise _no_such_file()
        return content

    async def link(self, ticket_id: str, file: Attachment, disposition: str) -> str:
        """An address in storage of a file that `find` found, good for 15 minutes."""
        return await self._files.link(ticket_id, file, disposition)

    async def remove(self, caller: User, ticket_id: str, attachment_id: str, actor: Actor) -> None:
        """Raises NotFound, Forbidden, and Conflict while the ticket runs."""
        ticket = await self._tickets.read(ticket_id)
        await self._permissions.check(caller, ticket, Right.ATTACH)
        _find(ticket, attachment_id)
        await self._tickets.change(ticket_id, removing(attachment_id, actor), ticket)
        await self._files.remove(ticket_id, [attachment_id])

    async def submit(self, caller: User, ticket_id: str, actor: Actor, tell: Tell) -> StoredTicket:
        """The ticket, which is begun now. Raises NotFound, Forbidden, Conflict."""
        ticket = await self._tickets.read(ticket_id)
        await self._permissions.check(caller, ticket, Right.SUBMIT)
        ticket = await self._tickets.change(ticket_id, submitting(actor), ticket)
        await tell(ticket)
        return ticket

    async def settle(self, intent: Intent, tell: Tell) -> None:
        """Finish what an adding of files left undone: tell the workflow, and in the end remove the
        blobs that no ticket names."""
        ticket = None
        with suppress(NotFound):
            ticket = await self._tickets.read(intent.ticket_id)
        if ticket and ticket.status is Status.PENDING and ticket.attachments:
            await tell(ticket)
        if now() - intent.created_at < _STORING:
            return
        kept = [attachment.id for attachment in ticket.attachments] if ticket else []
        await self._files.remove_others(intent.ticket_id, kept, _STORING)
        await self._intents.drop(intent)


def _answer(ticket: StoredTicket, sent: Attachment) -> Uploaded:
    kept = next(known for known in ticket.attachments if known.sha256 == sent.sha256)
    message = "File added."
    if kept.id != sent.id:
        message = f"The ticket has these bytes already, as {kept.filename}."
    return Uploaded(**kept.model_dump(), attachment_id=kept.id, message=message)


def _find(ticket: StoredTicket, attachment_id: str) -> Attachment:
    for attachment in ticket.attachments:
        if attachment.id == attachment_id:
            return attachment
    raise _no_such_file()


def _no_such_file() -> NotFound:
    return NotFound("There is no such file on this ticket.")
