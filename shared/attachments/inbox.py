"""Blobs that clients put into Blob storage by themselves: what arrives is looked at like any other
file and taken, and what cannot be taken is set aside with the reason.

`tickets/{ticket}/{name}` becomes an attachment of that ticket, and goes. `{username}/…/{name}`
becomes a ticket of that user and stays where it is, so that whoever keeps folders in step need not
send it again; it goes with the ticket.
"""

import logging
from datetime import timedelta
from enum import StrEnum

from shared.attachments.direct_uploads import PREFIX, DirectUploads
from shared.attachments.dropped_files import BadMetadata, DroppedFiles, UnknownUser
from shared.attachments.staged_blob import CONTAINER, NotABlockBlob, blob_id
from shared.audit.chain import Actor, Draft
from shared.audit.trail import AuditTrail
from shared.clients.poison_queue import PoisonBlob, PoisonQueue
from shared.clients.upload_containers import UploadContainers, Version
from shared.errors import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    WriteConflict,
)
from shared.models import AuditAction, EntityType, rfc3339
from shared.models.clock import Clock
from shared.storage.locks import Locks
from shared.telemetry.class_names import name_class
from shared.telemetry.logs import hide_text
from shared.telemetry.metrics import record
from shared.telemetry.names import Attribute, Metric
from shared.tickets.workflow_port import WorkflowClient

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a blob was not taken."""

    UNKNOWN_USER = "unknown_user"
    UNKNOWN_TICKET = "unknown_ticket"
    METADATA = "metadata"
    NAME = "name"
    SIZE = "size"
    TYPE = "type"
    BLOB_TYPE = "blob_type"
    NOT_NOW = "not_now"
    QUOTA = "quota"
    FAILED = "failed"


_FAILED = "This file could not be taken because of an internal fault; please report it."
# The first that fits counts.
_REASONS: dict[type[Problem], Reason] = {
    UnknownUser: Reason.UNKNOWN_USER,
    NotFound: Reason.UNKNOWN_TICKET,
    BadMetadata: Reason.METADATA,
    Invalid: Reason.NAME,
    TooLarge: Reason.SIZE,
    NotABlockBlob: Reason.BLOB_TYPE,
    UnsupportedMediaType: Reason.TYPE,
    Conflict: Reason.NOT_NOW,
    QuotaExceeded: Reason.QUOTA,
}


_NOT_KEPT = {Reason.SIZE, Reason.BLOB_TYPE}
"""Reasons for which nobody keeps a blob: who may upload could fill the account with them."""


class Inbox:
    """Takes each version of a blob once, however often and late its event comes. What was rejected
    is kept for `rejected_days`, 0 for ever."""

    def __init__(
        self,
        *,
        containers: UploadContainers,
        poison: PoisonQueue,
        uploads: DirectUploads,
        drops: DroppedFiles,
        trail: AuditTrail,
        rejected_days: int,
        clock: Clock,
    ) -> None:
        self._rejected_days = rejected_days
        self._containers = containers
        self._poison = poison
        self._uploads = uploads
        self._drops = drops
        self._trail = trail
        self._clock = clock
        self._turns = Locks()

    async def take(self, path: str, workflow: WorkflowClient) -> None:
        """Take what has arrived at this path of the container, in its present version.

        Raises Unavailable and WriteConflict, after which the event is to come again.
        """
        async with self._turns.of(path):
            version = await self._containers.version(path)
            if version is None:
                return
            try:
                if path.startswith(PREFIX):
                    await self._uploads.attach(path, version, workflow)
                    await self._containers.delete(path, version.etag)
                elif ticket := await self._drops.open(path, version):
                    await workflow.start(ticket)
            except tuple(_REASONS) as problem:
                fits = (value for kind, value in _REASONS.items() if isinstance(problem, kind))
                await self._reject(path, version, next(fits), problem.detail)

    async def expire(self) -> int:
        """Delete what was rejected long ago; how many blobs those were. Raises Unavailable."""
        if not self._rejected_days:
            return 0
        days = timedelta(days=self._rejected_days)
        return await self._containers.expire(self._clock.now() - days)

    async def settle_poison(self, workflow: WorkflowClient) -> None:
        """Try once more to take the blobs that the platform has given up, and set those aside that
        fail for no reason that time would mend. The queue is one for the whole storage account:
        what is not of our container is left to whose it is. Raises Unavailable."""
        for blob in await self._poison.receive():
            if blob.container != CONTAINER:
                continue
            try:
                await self._take_or_reject(blob, workflow)
            except (Unavailable, WriteConflict):
                log.warning("A blob that could not be taken is tried again later")
                continue
            except Exception as error:
                _log_fault("A blob that could not be taken cannot be set aside either: %s", error)
            await self._poison.delete(blob.message)

    async def _take_or_reject(self, blob: PoisonBlob, workflow: WorkflowClient) -> None:
        try:
            await self.take(blob.path, workflow)
        except (Unavailable, WriteConflict):
            raise
        except Exception as error:
            _log_fault("A blob that could not be taken in several tries is set aside: %s", error)
            if version := await self._containers.version(blob.path):
                await self._reject(blob.path, version, Reason.FAILED, _FAILED)

    async def _reject(self, path: str, version: Version, reason: Reason, detail: str) -> None:
        """Set a blob aside, then delete it where it arrived."""
        if not await self._containers.is_set_aside(path, version):
            await self._set_aside(path, version, reason, detail)
        await self._containers.delete(path, version.etag)

    async def _set_aside(self, path: str, version: Version, reason: Reason, detail: str) -> None:
        facts = {
            "reason": reason.value,
            "detail": detail,
            "rejected_at": rfc3339(self._clock.now()),
        }
        draft = Draft(
            AuditAction.BLOB_REJECTED,
            Actor(),
            f"Blob rejected: {reason.value}.",
            metadata={"reason": reason.value, "size": version.size},
            about=(EntityType.BLOB, blob_id(path)),
        )
        await self._trail.note(draft, path.removeprefix(PREFIX).partition("/")[0])
        if reason in _NOT_KEPT:
            await self._containers.leave_reason(path, version, facts)
        else:
            await self._containers.set_aside(path, version, facts)
        record(Metric.REJECTED_BLOBS, 1, {Attribute.REASON: reason.value})


def _log_fault(text: str, error: Exception) -> None:
    log.error(text, name_class(type(error)), exc_info=hide_text(error))
