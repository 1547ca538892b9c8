"""Inputs that are stored before a ticket names them, with a trace in the tables while that is so.

The trace is that of files: what is no longer named by its ticket the same sweep removes. A ticket
that is opened with such inputs has one already: the intent to open it.
"""

import asyncio
from collections.abc import Collection
from dataclasses import replace

from shared.models import StoredTicket
from shared.models.clock import Clock
from shared.quotas.service import Quotas
from shared.tickets.intents import Intents
from shared.tickets.large_inputs.measuring import MeasuredInputs
from shared.tickets.large_inputs.store import LargeInputs
from shared.tickets.repository import Decide, Tickets
from shared.tickets.transaction import TicketChange


class PendingInputs:
    """Large inputs that a ticket is about to name."""

    def __init__(self, inputs: MeasuredInputs, store: LargeInputs) -> None:
        self._store = store
        self._inputs = inputs

    async def store(self, ticket_id: str) -> None:
        """Store the blobs of a ticket that is about to name them."""
        values = self._inputs.values
        await asyncio.gather(
            *(
                self._store.write(ticket_id, one, values[name])
                for name, one in self._inputs.large.items()
            )
        )

    async def clear(self, ticket_id: str) -> None:
        """The ticket that they were stored for was not opened."""
        await self._store.remove(ticket_id, [one.id for one in self._inputs.large.values()])


class InputSaving:
    """Costs nothing beside the ticket's own change where no input is large."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        store: LargeInputs,
        intents: Intents,
        quotas: Quotas,
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._store = store
        self._intents = intents
        self._quotas = quotas
        self._clock = clock

    def prepare(self, inputs: MeasuredInputs) -> PendingInputs:
        return PendingInputs(inputs, self._store)

    async def change(
        self, ticket: StoredTicket, decide: Decide, inputs: MeasuredInputs
    ) -> StoredTicket:
        """Apply what `decide` makes of the ticket, which may set `inputs`. Where they or those that
        they replace are large, the trace, the blobs and an old blob cost a storage call each. When
        it fails, what is stored and no ticket names is left to the sweeper, as only it can know.

        Raises QuotaExceeded, and what `decide` and `Tickets.change` do.
        """
        replaced = inputs.values.keys() & ticket.large_inputs.keys()
        if not (inputs.large or replaced) or decide(ticket) is None:
            return await self._tickets.change(ticket.id, decide, ticket)
        sizes = {one.id: one.size for one in inputs.large.values()}
        is_counted = bool(sizes) and await self._quotas.count_files(ticket, sizes)
        pending = self.prepare(inputs)
        intent = await self._intents.announce_files(ticket, self._clock.now())
        await pending.store(ticket.id)
        known = set(sizes)

        def note(seen: StoredTicket) -> TicketChange | None:
            known.update(one.id for one in seen.large_inputs.values())
            change = decide(seen)
            if change is None or not is_counted:
                return change
            return replace(change, values={**change.values, "are_files_counted": True})

        changed = await self._tickets.change(ticket.id, note, ticket)
        await self._remove(changed, known - changed.stored_sizes.keys())
        await self._intents.drop(intent)
        return changed

    async def _remove(self, ticket: StoredTicket, gone: Collection[str]) -> None:
        if ticket.are_files_counted and gone:
            await self._quotas.drop_files(ticket.id, gone)
        await self._store.remove(ticket.id, gone)
