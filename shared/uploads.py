"""Files too large for the API: put into Blob storage by the client, and taken from there.

Whoever may add files to a ticket gets an address for one blob, `uploads/tickets/{ticket}/{name}`.
What arrives there is looked at like any other file and becomes an attachment; what cannot be taken
is set aside with the reason. Either way the arrived blob goes, so that an event that comes again
finds nothing to do.
"""

import io
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, BinaryIO

from shared.attachments import Attachments, Tell
from shared.audit import Actor, Draft
from shared.clients.landing import Landing, Version
from shared.documents.kinds import kind_of_name
from shared.documents.names import safe_name
from shared.errors import Conflict, Invalid, NotFound, Problem, TooLarge, WrongType
from shared.file_changes import check_open, check_room
from shared.files import NewFile, examine
from shared.locks import Locks
from shared.models import (
    AuditAction,
    DirectUpload,
    EntityType,
    StoredTicket,
    User,
    WantedUpload,
    now,
    rfc3339,
    validated,
)
from shared.permissions import Permissions, Right
from shared.tickets import Change, Decide, Tickets
from shared.trail import Trail

CONTAINER = "uploads"
_PREFIX = "tickets/"
_VALID = timedelta(minutes=15)


class Reason(StrEnum):
    """Why a blob was not taken."""

    UNKNOWN_TICKET = "unknown_ticket"
    NAME = "name"
    SIZE = "size"
    TYPE = "type"
    NOT_NOW = "not_now"


_REASONS: dict[type[Problem], Reason] = {
    NotFound: Reason.UNKNOWN_TICKET,
    Invalid: Reason.NAME,
    TooLarge: Reason.SIZE,
    WrongType: Reason.TYPE,
    Conflict: Reason.NOT_NOW,
}


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file that is too large for memory."""

    file: BinaryIO
    size: int

    def part(self, start: int, length: int) -> bytes:
        self.file.seek(start)
        return self.file.read(length)


class Uploads:
    """`most` is how many bytes a blob may have."""

    def __init__(
        self,
        tickets: Tickets,
        attachments: Attachments,
        permissions: Permissions,
        landing: Landing,
        trail: Trail,
        most: int,
    ) -> None:
        self._tickets = tickets
        self._attachments = attachments
        self._permissions = permissions
        self._landing = landing
        self._trail = trail
        self._most = most
        self._turns = Locks()

    async def offer(self, caller: User, ticket_id: str, body: Any, actor: Actor) -> DirectUpload:
        """How to send one file. Raises NotFound, Forbidden, Conflict, Invalid, TooLarge, and
        WrongType."""
        ticket = await self._tickets.read(ticket_id)
        await self._permissions.check(caller, ticket, Right.ATTACH)
        wanted = validated(WantedUpload, body)
        name = safe_name(wanted.filename)
        kind = kind_of_name(name)
        _check_size(wanted.size, self._most)
        check_open(ticket)
        check_room(ticket, 1)
        until = now() + _VALID
        path = f"{_PREFIX}{ticket_id}/{name}"
        url = await self._landing.upload_url(path, until)
        await self._tickets.change(ticket_id, _offered(path, wanted.size, actor), ticket)
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": kind}
        return DirectUpload(url=url, headers=headers, expires_at=until)

    async def take(self, path: str, tell: Tell) -> None:
        """Take what has arrived at this path of the container; what lies elsewhere is left alone.

        Raises Unavailable and WriteConflict, after which the event is to come again.
        """
        if not path.startswith(_PREFIX):
            return
        async with self._turns.of(path):
            version = await self._landing.version(path)
            if version is None:
                return
            try:
                await self._attach(path, version, tell)
            except tuple(_REASONS) as problem:
                await self._reject(path, version, problem)
            await self._landing.delete(path, version)

    async def _attach(self, path: str, version: Version, tell: Tell) -> None:
        ticket, name = await self._target(path)
        _check_size(version.size, self._most)
        kind_of_name(name)
        with tempfile.TemporaryFile() as file:
            await self._landing.fetch(path, version, file)
            new = NewFile(name, OnDisk(file, file.seek(0, io.SEEK_END)))
            await self._attachments.take(ticket, await examine([new], self._most), Actor(), tell)

    async def _target(self, path: str) -> tuple[StoredTicket, str]:
        """The ticket and the file name that a path says. Raises NotFound, Invalid."""
        ticket_id, _, name = path.removeprefix(_PREFIX).partition("/")
        return await self._tickets.read(ticket_id), safe_name(name)

    async def _reject(self, path: str, version: Version, problem: Problem) -> None:
        if await self._landing.is_set_aside(path, version):
            return
        reason = next(value for kind, value in _REASONS.items() if isinstance(problem, kind))
        facts = {"reason": reason.value, "detail": problem.detail, "rejected_at": rfc3339(now())}
        draft = Draft(
            AuditAction.BLOB_REJECTED,
            Actor(),
            f"Blob rejected: {reason.value}.",
            metadata={"reason": reason.value, "size": version.size},
            about=(EntityType.BLOB, f"{CONTAINER}/{path}"),
        )
        try:
            ticket_id = path.removeprefix(_PREFIX).partition("/")[0]
            await self._tickets.change(ticket_id, _noted(draft))
        except NotFound:
            await self._trail.note(draft)
        await self._landing.set_aside(path, version, facts)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(f"The file has {size} bytes; at most {most} are allowed.")


def _offered(path: str, size: int, actor: Actor) -> Decide:
    about = (EntityType.BLOB, f"{CONTAINER}/{path}")
    action, words = AuditAction.UPLOAD_REQUESTED, "Direct upload allowed for 15 minutes."
    return _noted(Draft(action, actor, words, metadata={"size": size}, about=about))


def _noted(draft: Draft) -> Decide:
    """Leave a trace in the ticket's trail; nothing else of it changes."""

    def decide(ticket: StoredTicket) -> Change | None:
        return Change({"updated_at": ticket.updated_at}, draft)

    return decide
