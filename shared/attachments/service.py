"""Files on tickets: added, listed, downloaded, removed, by those who may and while it is allowed.

The blob comes first, then the ticket's row with the list of its files, guarded by the ticket's
ETag: a file that a ticket names is always there. What was stored and then not taken is removed at
once; what a crash left, the sweeper removes.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from shared.accounts.principal import Principal
from shared.attachments.changes import (
    add_files,
    check_open,
    check_room,
    deny_download,
    remove_file,
    submit_ticket,
)
from shared.attachments.pending import PendingFiles
from shared.attachments.store import AttachmentStore, Examined, NewFile, examine
from shared.audit.chain import Actor
from shared.errors import Conflict, Invalid, NotFound
from shared.models import Attachment, Status, StoredTicket, Uploaded
from shared.models.clock import Clock
from shared.quotas.service import Quotas
from shared.tickets.access import TicketAccess
from shared.tickets.intents import Intent, Intents
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.permissions import Right
from shared.tickets.repository import Tickets
from shared.tickets.workflow_port import WorkflowClient

MAX_AT_ONCE = 20
# Whoever began to store a file has ended by then, one way or the other.
_STORING = timedelta(minutes=15)


class Attachments:
    """`max_bytes` is how many bytes a file that is sent to the API may have."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        access: TicketAccess,
        intents: Intents,
        store: AttachmentStore,
        large_inputs: LargeInputs,
        quotas: Quotas,
        max_bytes: int,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._access = access
        self._intents = intents
        self._store = store
        self._large_inputs = large_inputs
        self._quotas = quotas
        self._max_bytes = max_bytes
        self._clock = clock

    async def add(
        self,
        principal: Principal,
        ticket_id: str,
        files: Sequence[NewFile],
        workflow: WorkflowClient,
    ) -> list[Uploaded]:
        """Add files, all or none of them; bytes that the ticket has already are not stored again.

        Raises NotFound, Forbidden, Conflict, Invalid, TooLarge, UnsupportedMediaType,
        QuotaExceeded, Unavailable.
        """
        ticket = await self._access.read(principal, ticket_id, Right.ATTACH)
        examined = await self.examine(files)
        if not examined:
            fault = {"loc": ["file"], "msg": "Field required", "type": "missing"}
            raise Invalid("There is no file in this request.", [fault])
        return await self.take(ticket, examined, principal.actor, workflow)

    async def examine(self, files: Sequence[NewFile]) -> list[Examined]:
        """Raises Invalid, TooLarge, UnsupportedMediaType."""
        if len(files) > MAX_AT_ONCE:
            raise Invalid(f"At most {MAX_AT_ONCE} files can be sent at once.")
        return await examine(files, self._max_bytes, self._clock.now())

    async def take(
        self,
        ticket: StoredTicket,
        files: Sequence[Examined],
        actor: Actor,
        workflow: WorkflowClient,
    ) -> list[Uploaded]:
        """Add files that have been examined. Raises Conflict, NotFound, QuotaExceeded,
        Unavailable."""
        known = {attachment.sha256 for attachment in ticket.attachments}
        batch = self.batch([file for file in files if file.attachment.sha256 not in known])
        if batch.attachments:
            # The decision is made again with the change; this one spares the blobs.
            check_open(ticket)
            check_room(ticket, len(batch.attachments))
            ticket = await self._add(ticket, batch, actor, workflow)
        return [_answer(ticket, file.attachment) for file in files]

    async def _add(
        self, ticket: StoredTicket, batch: PendingFiles, actor: Actor, workflow: WorkflowClient
    ) -> StoredTicket:
        """When the ticket refuses the files, their blobs go again; whatever else goes wrong, it may
        have taken them, and the sweeper looks."""
        sizes = {file.id: file.file_size for file in batch.attachments}
        are_counted = await self._quotas.count_files(ticket, sizes)
        intent = await self._intents.announce_files(ticket, self._clock.now())
        await batch.store(ticket.id)
        try:
            decide = add_files(batch.attachments, actor, self._clock.now(), are_counted=are_counted)
            ticket = await self._tickets.change(ticket.id, decide, ticket)
        except (Conflict, NotFound):
            await self._uncount(ticket, batch, are_counted=are_counted)
            await batch.clear(ticket.id)
            await self._intents.drop(intent)
            raise
        # Somebody else may have added the same bytes meanwhile.
        await self._uncount(ticket, batch, are_counted=are_counted, kept=ticket.attachments)
        await batch.clear(ticket.id, ticket.attachments)
        if not ticket.waits_for_files or await workflow.signal(ticket):
            await self._intents.drop(intent)
        return ticket

    async def _uncount(
        self,
        ticket: StoredTicket,
        batch: PendingFiles,
        *,
        are_counted: bool,
        kept: Sequence[Attachment] = (),
    ) -> None:
        """Files that were counted and that the ticket has not taken count no more."""
        gone = {file.id for file in batch.attachments} - {file.id for file in kept}
        if are_counted and gone:
            await self._quotas.drop_files(ticket.id, gone)

    async def clear_unopened(self, ticket_id: str) -> None:
        """Remove what was stored for a ticket whose opening died before there was a ticket. Doing
        it again does no harm. Raises Unavailable."""
        await self._remove_others(ticket_id, (), self._clock.now())

    def batch(self, files: Sequence[Examined]) -> PendingFiles:
        """Files to be stored together."""
        return PendingFiles(self._store, files)

    async def list_files(self, principal: Principal, ticket_id: str) -> list[Attachment]:
        """The files of a ticket: one storage call. Raises NotFound."""
        return (await self._access.read(principal, ticket_id, Right.READ)).attachments

    async def find(self, principal: Principal, ticket_id: str, attachment_id: str) -> Attachment:
        """A file that the caller may read: one storage call. Raises NotFound, and leaves a trace of
        whom it was denied."""
        try:
            ticket = await self._access.read(principal, ticket_id, Right.READ)
        except NotFound:
            with suppress(NotFound):
                decide = deny_download(attachment_id, principal.actor, self._clock.now())
                await self._tickets.change(ticket_id, decide)
            raise
        return _find(ticket, attachment_id)

    async def read(self, ticket_id: str, file: Attachment, part: range | None) -> bytes:
        """The bytes of a file that `find` found, or those at some places. Raises NotFound."""
        content = await self._store.read(ticket_id, file.id, part)
        if content is None:
            raise _no_such_file()
        return content

    async def link(self, ticket_id: str, file: Attachment, disposition: str) -> str:
        """An address in storage of a file that `find` found, good for 15 minutes."""
        return await self._store.link(ticket_id, file, disposition, self._clock.now())

    async def remove(self, principal: Principal, ticket_id: str, attachment_id: str) -> None:
        """Raises NotFound, Forbidden, and Conflict while the ticket runs."""
        ticket = await self._access.read(principal, ticket_id, Right.ATTACH)
        _find(ticket, attachment_id)
        decide = remove_file(attachment_id, principal.actor, self._clock.now())
        await self._tickets.change(ticket_id, decide, ticket)
        if ticket.are_files_counted:
            await self._quotas.drop_files(ticket_id, {attachment_id})
        await self._store.remove(ticket_id, [attachment_id])

    async def submit(
        self, principal: Principal, ticket_id: str, workflow: WorkflowClient
    ) -> StoredTicket:
        """The ticket, which is begun now. Raises NotFound, Forbidden, Conflict."""
        ticket = await self._access.read(principal, ticket_id, Right.SUBMIT)
        ticket = await self._tickets.change(
            ticket_id, submit_ticket(principal.actor, self._clock.now()), ticket
        )
        await workflow.signal(ticket, is_submitted=True)
        return ticket

    async def settle(self, intent: Intent, workflow: WorkflowClient) -> None:
        """Finish what an adding of files or large inputs left undone: tell the workflow, and in the
        end remove the blobs that no ticket names."""
        ticket = None
        with suppress(NotFound):
            ticket = await self._tickets.read(intent.ticket_id)
        if ticket and ticket.status is Status.PENDING and ticket.attachments:
            await workflow.signal(ticket)
        before = self._clock.now() - _STORING
        if intent.created_at > before:
            return
        kept = ticket.stored_sizes.keys() if ticket else ()
        await self._remove_others(intent.ticket_id, kept, before)
        await self._intents.drop(intent)

    async def _remove_others(self, ticket_id: str, kept: Collection[str], before: datetime) -> None:
        """Remove the blobs that are not to be `kept` and that were stored `before` then."""
        if await self._quotas.limits_anything():
            await self._quotas.keep_files(ticket_id, kept)
        for store in (self._store, self._large_inputs):
            await store.remove_others(ticket_id, kept, before)


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
