"""How far an attempt is, written into its ticket: soon, with all that is done until then, and by
nobody whom the next piece of work waits for."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from shared.clients.blobs import Container
from shared.errors import NotFound, Unavailable
from shared.models import Progress, StoredTicket
from shared.models.clock import Clock
from shared.storage.locks import Locks
from shared.text.first_sentence import make_line
from shared.tickets.attempts import Attempt
from shared.tickets.repository import Tickets
from shared.tickets.workflow_changes import advance
from shared.workflow.messages import AttemptRef, RoundFacts, find_percent

_PLAN_ENDS_AT = 5
"""The percentage at which the first round begins."""
_GATHERING_SECONDS = 0.05
_MAX_NAME = 200
_WRITING_SECONDS = 20.0
_SHOWN_AFTER = 3.0
"""Seconds after which a piece of work takes long enough for people to be told what is done."""


@dataclass(frozen=True, slots=True)
class _Done:
    """A piece of work that was done last, and what it is called, if anything."""

    attempt: int
    facts: RoundFacts
    piece: str


@dataclass(slots=True)
class LastSeen:
    """A ticket as it was last read or written."""

    ticket: StoredTicket
    is_written: bool = False


class ProgressWriter:
    """Shows what is done of a plan and of a round; neither ever goes back."""

    def __init__(self, tickets: Tickets, container: Container, clock: Clock) -> None:
        self._tickets = tickets
        self._container = container
        self._clock = clock
        self._turns = Locks()
        self._done: dict[str, _Done] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def show_plan(self, ref: AttemptRef, stage: str, done: int, total: int) -> None:
        """Raises NotFound, Unavailable."""
        percent = _PLAN_ENDS_AT * done // total
        reached = Progress(stage=stage, done=done, total=total, percent=percent)
        decide = advance(ref["attempt"], reached, self._clock.now())
        await self._tickets.change(ref["ticket_id"], decide)

    @asynccontextmanager
    async def show_stage(
        self, ref: AttemptRef, facts: RoundFacts, ticket: StoredTicket
    ) -> AsyncIterator[LastSeen]:
        """While this takes long, and beside it, show which round is under way. The ticket as it is
        then, once that is settled: its next change needs no reading."""
        seen = LastSeen(ticket)
        task = self._begin(self._show_later(ref, facts, seen))
        try:
            yield seen
        finally:
            if not seen.is_written:
                task.cancel()

    async def _show_later(self, ref: AttemptRef, facts: RoundFacts, seen: LastSeen) -> None:
        await self._clock.sleep(_SHOWN_AFTER)
        seen.is_written = True
        begun = Progress(
            stage=facts["stage"], done=0, total=facts["total"], percent=facts["starts_at"]
        )
        decide, ticket_id = advance(ref["attempt"], begun, self._clock.now()), ref["ticket_id"]
        with suppress(NotFound, Unavailable, TimeoutError):
            async with asyncio.timeout(_WRITING_SECONDS), self._turns.of(ticket_id):
                changed = await self._tickets.change(ticket_id, decide, seen.ticket)
                if not changed.shortened:  # One that was read anew may not have its inputs whole.
                    seen.ticket = changed

    def note_piece(self, ref: AttemptRef, facts: RoundFacts, piece: str) -> None:
        """A piece of a round is done: show in a moment how many are. What cannot be written then is
        shown with the next."""
        is_due = ref["ticket_id"] in self._done
        name = make_line(piece, _MAX_NAME)
        self._done[ref["ticket_id"]] = _Done(ref["attempt"], facts, name)
        if not is_due:
            self._begin(self._write_soon(ref["ticket_id"]))

    def _begin(self, writing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return task

    async def settle(self, ticket_id: str) -> StoredTicket | None:
        """Show now what was noted, and let end what is being written, before somebody else changes
        the ticket: the ticket as it is then, where this had to write it."""
        with suppress(NotFound, Unavailable, TimeoutError):
            async with asyncio.timeout(_WRITING_SECONDS), self._turns.of(ticket_id):
                if done := self._done.pop(ticket_id, None):
                    return await self._write(ticket_id, done)
        return None

    async def _write_soon(self, ticket_id: str) -> None:
        await asyncio.sleep(_GATHERING_SECONDS)
        await self.settle(ticket_id)

    async def _write(self, ticket_id: str, last: _Done) -> StoredTicket:
        facts = last.facts
        # Counting what is stored, rather than adding one, stays right when this runs twice.
        attempt = Attempt(self._container, ticket_id, last.attempt)
        done = await attempt.count_outcomes(facts["number"])
        newer = self._done.get(ticket_id)
        if newer and (newer.attempt, newer.facts) == (last.attempt, facts):  # It may be counted.
            last = newer
        percent = find_percent(facts, done)
        stage = f"{facts['stage']}: {last.piece}" if last.piece else facts["stage"]
        reached = Progress(stage=stage, done=done, total=facts["total"], percent=percent)
        decide = advance(last.attempt, reached, self._clock.now())
        return await self._tickets.change(ticket_id, decide)
