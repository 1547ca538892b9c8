"""Verifies the trail of a ticket or of a user: the chain of its events, their copies by time, and
what the digests know of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from shared.audit.digests import Digest, Digests, Head, KnownHeads, has_sealed
from shared.audit.horizon import Horizons
from shared.audit.keys import AuditKeys, is_signed
from shared.audit.proof import MISSING, Evidence, FoundEvent, TrailFault, find_fault
from shared.audit.rows import key_in_time, read_event
from shared.clients.side_by_side import gather_within
from shared.clients.tables import Table
from shared.errors import BrokenDigests, NotFound
from shared.models import AuditAction, StoredTicket, Verification, VerifyQuery
from shared.storage.keys import USERS, is_user_id, prefix_range, split_ticket_id

_AT_ONCE = 16
_NUMBER = re.compile(r"[0-9]{6,9}")


class ReadTicket(Protocol):
    """Raises NotFound."""

    async def __call__(self, ticket_id: str, /) -> StoredTicket: ...


class ReadEnd(Protocol):
    """How many events the trail of a user has, and the hash of the last."""

    async def __call__(self, user_id: str, /) -> Head | None: ...


@dataclass(frozen=True, slots=True)
class _Trail:
    """Where the chain of a ticket or user lies."""

    chain: str
    table: Table
    partition: str
    name: str
    ticket_id: str | None


class TrailVerification:
    """Reads the tables `tickets` and `users`, and digests where events are signed."""

    def __init__(
        self,
        *,
        keys: AuditKeys,
        digests: Digests,
        horizons: Horizons,
        ticket_table: Table,
        user_table: Table,
        read_ticket: ReadTicket,
        read_end: ReadEnd,
    ) -> None:
        self._keys = keys
        self._digests = digests
        self._horizons = horizons
        self._ticket_table = ticket_table
        self._user_table = user_table
        self._read_ticket = read_ticket
        self._read_end = read_end

    async def verify(self, query: VerifyQuery) -> Verification:
        """Whether a trail is whole, from its beginning (or from where retention cut it off) to its
        end: a storage call for each event, and those of `Digests.find_heads`.

        Raises NotFound for what neither events nor digests know.
        """
        if query.ticket_id:
            trail = self._trail_of_ticket(query.ticket_id)
        else:
            trail = self._trail_of_user(query.user_id or "")
        try:
            newest, known = await self._read_digests(trail.chain)
        except BrokenDigests as broken:
            return self._answer(query, [], None, reason=str(broken))
        return await self._verify(query, trail, newest, known)

    async def _verify(
        self, query: VerifyQuery, trail: _Trail, newest: Digest | None, known: KnownHeads
    ) -> Verification:
        # In this order: what is written meanwhile makes events more than is known of them, and
        # what retention removes meanwhile lies before the horizon.
        is_there, end = await self._find_end(query)
        found = await self._find_events(trail)
        copy_fault = await self._find_copy_fault(trail, found)
        is_sealed = has_sealed(newest)
        horizon = await self._horizons.find(
            trail.table, trail.partition, trail.name, is_sealed=is_sealed
        )
        if not (found or is_there or known.heads or known.seals or horizon.events):
            raise NotFound("There is no trail of this.")
        found = [one for one in found if one.number > horizon.events]
        evidence = Evidence(
            keys=self._keys, horizon=horizon, known=known, end=end, is_sealed=is_sealed
        )
        faults = [
            fault
            for fault in (find_fault(found, evidence), copy_fault)
            if fault is not None and fault.number >= horizon.events
        ]
        if not faults and not is_there and found and not _is_over(query, found):
            faults = [TrailFault(found[-1].number + 1, MISSING)]
        fault = min(faults, key=lambda one: one.number, default=None)
        return self._answer(query, found, newest, fault=fault, chain=trail.chain)

    def _answer(
        self,
        query: VerifyQuery,
        found: Sequence[FoundEvent],
        newest: Digest | None,
        *,
        fault: TrailFault | None = None,
        chain: str = "",
        reason: str | None = None,
    ) -> Verification:
        is_old = any(one.event and not is_signed(one.event.hash) for one in found)
        return Verification(
            ticket_id=query.ticket_id,
            user_id=query.user_id,
            valid=fault is None and reason is None,
            events=len(found),
            first_invalid=f"{chain}.{fault.number:06d}" if fault else None,
            reason=fault.reason if fault else reason,
            sealed_until=newest.sealing.sealed_at if newest and is_old else None,
            keyed=self._keys.is_set,
        )

    def _trail_of_ticket(self, ticket_id: str) -> _Trail:
        owner, rest = split_ticket_id(ticket_id)
        return _Trail(ticket_id, self._ticket_table, owner, rest, ticket_id)

    def _trail_of_user(self, user_id: str) -> _Trail:
        if not is_user_id(user_id):
            raise NotFound("There is no trail of this.")
        return _Trail(user_id, self._user_table, USERS, user_id, None)

    async def _read_digests(self, chain: str) -> tuple[Digest | None, KnownHeads]:
        newest = await self._digests.newest() if self._keys.is_set else None
        return newest, await self._digests.find_heads(chain, newest) if newest else KnownHeads()

    async def _find_end(self, query: VerifyQuery) -> tuple[bool, Head | None]:
        """Whether there is a row of the ticket or user, and what it knows of the last event."""
        if query.ticket_id:
            try:
                ticket = await self._read_ticket(query.ticket_id)
            except NotFound:
                return False, None
            except ValidationError:  # A row that nobody can read says nothing; digests do.
                return True, None
            return True, (ticket.events, ticket.last_hash)
        end = await self._read_end(query.user_id or "")
        return end is not None, end

    async def _find_events(self, trail: _Trail) -> list[FoundEvent]:
        first = f"event_{trail.name}_"
        found: list[FoundEvent] = []
        async for row in trail.table.query(trail.partition, *prefix_range(first)):
            number = row.key.removeprefix(first)
            if _NUMBER.fullmatch(number):
                found.append(FoundEvent(int(number), read_event(row, trail.ticket_id)))
            else:  # Nothing of ours has such a key; it stands behind the one before.
                found.append(FoundEvent(found[-1].number + 1 if found else 1, None))
        return found

    async def _find_copy_fault(
        self, trail: _Trail, found: Sequence[FoundEvent]
    ) -> TrailFault | None:
        """The first event whose copy by time says something else, or is missing."""

        async def is_same(one: FoundEvent) -> bool:
            if one.event is None:
                return False
            copy = await trail.table.read(trail.partition, key_in_time(one.event))
            return copy is not None and read_event(copy, trail.ticket_id) == one.event

        same = await gather_within(_AT_ONCE, is_same, found)
        for one, fits in zip(found, same, strict=True):
            if not fits:
                return TrailFault(one.number, "The copy of this event by time was changed.")
        return None


def _is_over(query: VerifyQuery, found: Sequence[FoundEvent]) -> bool:
    """Whether nothing can follow although there is no row that knows the last event: a ticket that
    was deleted; what concerns nobody is a chain of one event."""
    last = found[-1].event
    if last is None or query.ticket_id:
        return last is not None and last.action is AuditAction.TICKET_DELETED
    return last.action is not AuditAction.USER_CREATED and found[-1].number == 1
