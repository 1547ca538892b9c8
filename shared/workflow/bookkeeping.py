"""Calls of the model on their way into the ledgers of their attempts: each is booked, whatever
becomes of storage meanwhile.

A call that storage does not take while the step has time stays here, and goes with the answer of
the step into the history of the workflow, which hands it to the step that follows: on whatever host
that runs, it books the call before it does anything else. A ledger counts a call once, however
often it was booked.
"""

from collections.abc import Sequence
from typing import Any

from shared.clients.blobs import Container
from shared.errors import NotFound
from shared.models import Call
from shared.models.clock import Clock
from shared.storage.outages import insist
from shared.tickets.attempts import Attempt
from shared.workflow.messages import AttemptRef


class Bookkeeping:
    """The calls of all attempts that this process works on, as far as they are not booked yet."""

    def __init__(self, container: Container, clock: Clock) -> None:
        self._container = container
        self._clock = clock
        self._open: dict[tuple[str, int], dict[str, Call]] = {}

    async def book(self, ref: AttemptRef, call: Call) -> None:
        """Raises NotFound once the ticket has been deleted with all its blobs, and StillAway."""
        self._open.setdefault(_key(ref), {})[call.id] = call
        await insist(lambda: self._write(ref), self._clock)

    async def book_left(self, ref: AttemptRef) -> None:
        """Book what a step before has left; without such a thing this costs nothing. Raises
        NotFound, Unavailable."""
        for left in ref.get("unbooked", []):
            call = Call.model_validate(left)
            self._open.setdefault(_key(ref), {})[call.id] = call
        await self._write(ref)

    def left(self, ref: AttemptRef) -> list[dict[str, Any]]:
        """What is not booked yet, for the history."""
        calls = self._open.get(_key(ref), {}).values()
        return [call.model_dump(mode="json", exclude_defaults=True) for call in calls]

    async def _write(self, ref: AttemptRef) -> None:
        calls = [*self._open.get(_key(ref), {}).values()]
        if not calls:
            return
        try:
            await Attempt(self._container, *_key(ref)).record(*calls)
        except NotFound:
            self._forget(ref, calls)
            raise
        self._forget(ref, calls)

    def _forget(self, ref: AttemptRef, calls: Sequence[Call]) -> None:
        open_calls = self._open.get(_key(ref), {})
        for call in calls:
            open_calls.pop(call.id, None)
        if not open_calls:
            self._open.pop(_key(ref), None)


def _key(ref: AttemptRef) -> tuple[str, int]:
    return ref["ticket_id"], ref["attempt"]
