"""Whether a chain of audit events holds: each event is signed and names the one before, none is
missing, and all are those that the digests know. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shared.audit.chain import is_authentic
from shared.audit.digests import Head, KnownHeads
from shared.audit.horizon import Checkpoint
from shared.audit.keys import AuditKeys, is_signed
from shared.models import AuditEvent

MISSING = "This event is missing."
_ANOTHER = "Another event is known by this number."


@dataclass(frozen=True, slots=True)
class TrailFault:
    """The first event of a chain that does not hold, by its number, and what is wrong with it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event as it lies in its chain; None where its row cannot be read as one."""

    number: int
    event: AuditEvent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a chain is held against. `end` is what the row of the ticket or user says of the last
    event; `is_sealed` whether all that was written without a key is known to the digests."""

    keys: AuditKeys
    horizon: Checkpoint
    known: KnownHeads
    end: Head | None
    is_sealed: bool


def find_fault(found: Sequence[FoundEvent], evidence: Evidence) -> TrailFault | None:
    """The first fault of the chain that these are the events of, in order."""
    known = _known_hashes(evidence)
    begin, previous = evidence.horizon.events, evidence.horizon.hash
    if known.pop(begin, {previous}) != {previous}:
        return TrailFault(begin, _ANOTHER)
    for number, one in enumerate(found, begin + 1):
        reason = _judge(one, previous, evidence)
        previous = one.event.hash if one.event else ""
        if reason is None and known.pop(number, {previous}) != {previous}:
            reason = _ANOTHER
        if reason:
            return TrailFault(one.number, reason)
    return TrailFault(begin + len(found) + 1, MISSING) if known else None


def _judge(one: FoundEvent, previous: str, evidence: Evidence) -> str | None:
    """What is wrong with an event by itself and behind the one before."""
    event = one.event
    if event is None:
        return "This event cannot be read any more."
    if event.previous_hash != previous:
        return "This event does not follow from the one before."
    if not is_authentic(event, evidence.keys):
        return "This event was changed, or is signed with a key that is not known here."
    sealed = max((number for number, _ in evidence.known.seals), default=0)
    if evidence.is_sealed and not is_signed(event.hash) and one.number > sealed:
        return "This event is not signed."
    return None


def _known_hashes(evidence: Evidence) -> dict[int, set[str]]:
    """By its number, the hash that an event is known to have: by digests, and by the row of its
    ticket or user."""
    known: dict[int, set[str]] = defaultdict(set)
    end = [evidence.end] if evidence.end and evidence.end[0] else []
    for number, event_hash in [*evidence.known.heads, *evidence.known.seals, *end]:
        if number >= evidence.horizon.events:
            known[number].add(event_hash)
    return known
