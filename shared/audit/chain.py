"""The audit trail of a ticket, and of a user for what concerns no ticket: a chain in which each
event carries the hash of the one before.

A hash is made with a key that storage does not know, so that changing, deleting or inserting an
event breaks the chain from there on; the row of the ticket or user knows the number and the hash of
the last event, so that a missing tail shows as well, and the digests know it for good.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any

from shared.audit.keys import UNKEYED, AuditKeys, SignedKind
from shared.models import AuditAction, AuditEvent, EntityType, StoredTicket, StoredUser
from shared.text.strict_json import canonical


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and from where; nobody (`user_id` None) is the app itself."""

    user_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What happened, before it has its place in a chain. `about` is the entity, where that is
    something of the ticket rather than the ticket itself."""

    action: AuditAction
    actor: Actor
    description: str
    _: KW_ONLY
    old_values: dict[str, Any] = field(default_factory=dict)
    new_values: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    about: tuple[EntityType, str] | None = None


Note = Callable[[str, str], None]
"""Takes the id and the hash of an event that has been written."""


def note_nothing(event_id: str, event_hash: str) -> None:
    """For who writes events where no digests are made."""


class AuditChains:
    """Makes the next event of a chain; whoever has written it says so by `note`, which costs no
    storage call."""

    def __init__(self, keys: AuditKeys = UNKEYED, note: Note = note_nothing) -> None:
        self.keys = keys
        self.note = note

    def note_written(self, events: Iterable[AuditEvent]) -> None:
        for event in events:
            self.note(event.id, event.hash)

    def chain_events(
        self, ticket: StoredTicket, drafts: Iterable[Draft], moment: datetime
    ) -> list[AuditEvent]:
        """The events that follow the last one of `ticket`, each after the one before."""
        events: list[AuditEvent] = []
        for number, draft in enumerate(drafts, ticket.events + 1):
            entity_type, entity_id = draft.about or (EntityType.TICKET, ticket.id)
            event = self._event(
                draft,
                id=f"{ticket.id}.{number:06d}",
                entity_type=entity_type,
                entity_id=entity_id,
                timestamp=moment,
                ticket_id=ticket.id,
                previous_hash=events[-1].hash if events else ticket.last_hash,
            )
            events.append(event)
        return events

    def next_user_event(self, user: StoredUser, draft: Draft, moment: datetime) -> AuditEvent:
        """The event that follows the last one of `user`."""
        return self._event(
            draft,
            id=f"{user.id}.{user.events + 1:06d}",
            entity_type=EntityType.USER,
            entity_id=user.id,
            timestamp=moment,
            previous_hash=user.last_hash,
        )

    def nobodys_event(self, draft: Draft, moment: datetime) -> AuditEvent:
        """An event that concerns no ticket or user whom we know: a chain of its own."""
        number = secrets.token_hex(8)
        entity_type, entity_id = draft.about or (EntityType.USER, number)
        return self._event(
            draft,
            id=f"{number}.000001",
            entity_type=entity_type,
            entity_id=entity_id,
            timestamp=moment,
        )

    def _event(self, draft: Draft, **place: Any) -> AuditEvent:
        """`draft` at its place in a chain."""
        event = AuditEvent(
            action=draft.action,
            user_id=draft.actor.user_id,
            description=draft.description,
            old_values=draft.old_values,
            new_values=draft.new_values,
            metadata=draft.metadata,
            ip_address=draft.actor.ip_address,
            user_agent=draft.actor.user_agent,
            **place,
        )
        signature = self.keys.sign(SignedKind.EVENT, _content(event))
        return event.model_copy(update={"hash": signature})


def is_authentic(event: AuditEvent, keys: AuditKeys) -> bool:
    """Whether the hash of `event` covers what it says."""
    return keys.check(SignedKind.EVENT, _content(event), event.hash)


def _content(event: AuditEvent) -> bytes:
    return canonical(event.model_dump(mode="json", exclude={"hash"}))
