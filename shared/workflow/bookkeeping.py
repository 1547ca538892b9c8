"""Calls of the model on their way into the ledgers of their attempts: each is booked, whatever
becomes of storage meanwhile.

A call that storage does not take while the step has time stays here, and goes with the answer of
the step into the history of the workflow, which hands it to the step that follows: on whatever host
that runs, it books the call before it does anything else. A ledger counts a call once, however
often it was booked.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from shared.clients.blobs import Container
from shared.errors import NotFound, Unavailable
from shared.models import Call, StepRun
from shared.models.clock import Clock
from shared.storage.locks import Locks
from shared.storage.outages import insist
from shared.tickets.attempts import Attempt
from shared.workflow.messages import AttemptRef

_GATHERING_SECONDS = 1.0
_WRITING_SECONDS = 20.0


@dataclass(slots=True)
class _Page:
    """What of one attempt is to be written. `calls` are those that are not booked yet; `all_calls`
    those that were ever opened here. A page that `gathers` is written a little later, with the
    lines of its steps; there is no log before the first writing of one that `is_new`."""

    gathers: bool = False
    is_new: bool = False
    is_due: bool = False
    calls: dict[str, Call] = field(default_factory=dict)
    all_calls: list[Call] = field(default_factory=list)
    steps: list[StepRun] = field(default_factory=list)


class Bookkeeping:
    """The calls of all attempts that this process works on, as far as they are not booked yet."""

    def __init__(self, container: Container, clock: Clock) -> None:
        self._container = container
        self._clock = clock
        self._pages: dict[tuple[str, int], _Page] = {}
        self._turns = Locks()
        self._writing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def gather_lines(self, ref: AttemptRef, *, is_new: bool) -> AsyncIterator[None]:
        """Within this, what is booked is written a second later, or with the lines of the steps
        that were noted, and at the end at the latest; `is_new` if the attempt may have no log yet.
        Raises what `book` does."""
        page = self._pages.setdefault(_key(ref), _Page())
        page.gathers, page.is_new = True, is_new
        try:
            yield
        except NotFound:  # The ticket was deleted, with all its blobs: none is made again.
            page.is_new = False
            raise
        finally:
            page.gathers = False
            if page.calls:
                await insist(lambda: self.write(ref), self._clock)
            elif page.steps:
                self.write_later(ref)

    async def book(self, ref: AttemptRef, call: Call) -> None:
        """Raises NotFound once the ticket has been deleted with all its blobs, and StillAway."""
        page = self._open(ref, call)
        if page.gathers and not call.answer:
            self.write_later(ref)
        else:  # the answer is remembered next, which the ledger must name before
            await insist(lambda: self.write(ref), self._clock)

    def note(self, ref: AttemptRef, step: StepRun, *, is_new: bool = False) -> None:
        """Keep a line of the course, for the next writing; `is_new` if the attempt may have no log
        yet."""
        page = self._pages.setdefault(_key(ref), _Page())
        page.steps.append(step)
        page.is_new = page.is_new or is_new

    async def settle(self, ref: AttemptRef, *, whole: bool = False) -> None:
        """Write what is not booked yet, the `whole` page if nothing comes after it; make the log if
        there is none. Raises as `book` does."""
        page = self._pages.get(_key(ref))
        if page and (page.calls or whole):
            await insist(lambda: self.write(ref), self._clock)
        elif page and page.is_new:
            await insist(Attempt(self._container, *_key(ref)).open, self._clock)
            page.is_new = False

    def calls_of(self, ref: AttemptRef) -> list[Call]:
        """All calls of the attempt that went through this process while its page was open."""
        page = self._pages.get(_key(ref))
        return [] if page is None else page.all_calls

    async def book_left(self, ref: AttemptRef) -> None:
        """Book what a step before has left; without such a thing this costs nothing. Raises
        NotFound, Unavailable."""
        for left in ref.get("unbooked", []):
            self._open(ref, Call.model_validate(left))
        page = self._pages.get(_key(ref))
        if page and page.calls:
            await self.write(ref)

    def left(self, ref: AttemptRef) -> list[dict[str, Any]]:
        """What is not booked yet, for the history."""
        page = self._pages.get(_key(ref))
        calls = page.calls.values() if page else ()
        return [call.model_dump(mode="json", exclude_defaults=True) for call in calls]

    def _open(self, ref: AttemptRef, call: Call) -> _Page:
        page = self._pages.setdefault(_key(ref), _Page())
        page.calls[call.id] = call
        page.all_calls.append(call)
        return page

    def write_later(self, ref: AttemptRef) -> None:
        """Write what there is in a second, with what comes until then."""
        page = self._pages.setdefault(_key(ref), _Page())
        if page.is_due:
            return
        page.is_due = True

        async def write() -> None:
            await asyncio.sleep(_GATHERING_SECONDS)
            page.is_due = False
            with suppress(Unavailable, NotFound, TimeoutError):
                async with asyncio.timeout(_WRITING_SECONDS):
                    await self.write(ref)

        task = asyncio.create_task(write())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def write(self, ref: AttemptRef) -> None:
        """Write all that there is in one storage call, one more for the first of a new log. Raises
        NotFound once the ticket has been deleted with all its blobs, and Unavailable."""
        key = _key(ref)
        async with self._turns.of(f"{key}"):
            page = self._pages.get(key)
            if page is None:
                return
            calls, steps = [*page.calls.values()], [*page.steps]
            try:
                if calls or steps:
                    attempt = Attempt(self._container, *key)
                    if page.is_new:
                        await attempt.open()
                        page.is_new = False
                    await attempt.record(*calls, steps=steps)
            except NotFound:
                self._forget(key, page, calls, steps)
                raise
            self._forget(key, page, calls, steps)

    def _forget(
        self, key: tuple[str, int], page: _Page, calls: Sequence[Call], steps: Sequence[StepRun]
    ) -> None:
        for call in calls:
            page.calls.pop(call.id, None)
        del page.steps[: len(steps)]
        if not (page.calls or page.steps or page.gathers):
            self._pages.pop(key, None)


def _key(ref: AttemptRef) -> tuple[str, int]:
    return ref["ticket_id"], ref["attempt"]
