"""What a chain of audit events must be, told from its events alone."""

from collections.abc import Iterable

from shared.audit.chain import is_authentic
from shared.audit.keys import UNKEYED
from shared.models import AuditEvent


def first_invalid(events: Iterable[AuditEvent]) -> str | None:
    """The id of the first event that does not follow from those before, None for a whole chain."""
    previous = ""
    for event in events:
        if event.previous_hash != previous or not is_authentic(event, UNKEYED):
            return event.id
        previous = event.hash
    return None
