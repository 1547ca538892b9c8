"""Files that are added together: stored before the ticket names them, with a trace in the tables
while that is so, and removed when the ticket does not take them. A ticket that is opened with them
has one already: the intent to open it."""

from collections.abc import Iterable, Sequence

from shared.attachments.store import AttachmentStore, Examined
from shared.models import Attachment


class PendingFiles:
    """Of files with the same bytes the first one is taken."""

    def __init__(self, files: AttachmentStore, given: Sequence[Examined]) -> None:
        self._files = files
        self._new = list({file.attachment.sha256: file for file in reversed(given)}.values())[::-1]

    @property
    def attachments(self) -> list[Attachment]:
        return [file.attachment for file in self._new]

    @property
    def fingerprint(self) -> list[list[str]]:
        """What tells these files from others."""
        return [[file.filename, file.sha256] for file in self.attachments]

    async def store(self, ticket_id: str) -> None:
        """Store the blobs of a ticket that is about to name them."""
        for file in self._new:
            await self._files.store(ticket_id, file)

    async def clear(self, ticket_id: str, kept: Iterable[Attachment] = ()) -> None:
        """Remove the blobs that the ticket has not taken."""
        taken = {attachment.id for attachment in kept}
        ids = [attachment.id for attachment in self.attachments]
        await self._files.remove(ticket_id, [number for number in ids if number not in taken])
