"""How a step is run: in bounded time, what people or time must settle turned into a result, and
with a line in the attempt's course."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from pydantic_core import PydanticSerializationError

from shared.errors import NotFound, PermanentFailure, RetryLater, Unavailable
from shared.models import StepRun
from shared.models.clock import Clock
from shared.storage.outages import StillAway, patient_for
from shared.telemetry.logs import hide_text
from shared.telemetry.spans import Service
from shared.text.strict_json import NoJsonError
from shared.tickets import workflow_changes
from shared.tickets.log_lines import WAITING
from shared.tickets.repository import Tickets
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.course import Course, present_course
from shared.workflow.faults import tell_reason, tell_seconds, tell_service
from shared.workflow.messages import (
    MAX_TRIES,
    AttemptRef,
    Failed,
    MustWait,
    Superseded,
    TaskActivity,
    fail_with,
)
from shared.workflow.step_starts import Run, Step, StepStarts

log = logging.getLogger(__name__)

P = ParamSpec("P")
A = TypeVar("A")

SUPERSEDED = Superseded(kind="stopped")
_FAULT = "failed because of an internal fault"
_RETRIED = f"{_FAULT} and is tried again, {MAX_TRIES} times at most in all."
_STOPPED = "was stopped with its process, and is begun again."
_LOST = "is begun again: nothing was heard of an earlier start."
_LOGGING_SECONDS = 20.0
_STOPPING_SECONDS = 5.0
_AWAY = "Storage is away."
_NO_JSON = (
    "What a step has made cannot be written as JSON, by a fault of its task type. Please report "
    "the id of this ticket."
)
BEGIN_SHARE = 0.1
"""Of a step's time: within it a step goes on to others, so that the model has time enough."""
_PATIENT = 0.9
"""Of a step's time: how much of it storage is insisted on for; what is left is for saying so."""


class _Runs(Protocol):
    @property
    def step_runs(self) -> "StepRuns": ...


S = TypeVar("S", bound=_Runs)
_Method = Callable[Concatenate[S, AttemptRef, P], Coroutine[Any, Any, A]]


def run_step(method: _Method[S, P, A]) -> _Method[S, P, A | MustWait | Failed | Superseded]:
    """Make a method a step, whose arguments after the attempt are the facts of a round, the number
    of a piece, and the piece."""

    @wraps(method)
    async def run(
        self: S, ref: AttemptRef, /, *args: P.args, **kwargs: P.kwargs
    ) -> A | MustWait | Failed | Superseded:
        facts, index = (*args, None, None)[:2]
        activity, runs = TaskActivity(method.__name__), self.step_runs
        course = Course(runs.clock, ref, activity, facts=facts, index=index)  # type: ignore[arg-type]
        step = Step(activity, (ref, *args))
        with course.present():
            try:
                result: Any = await runs.run(step, lambda ref: method(self, ref, *args, **kwargs))
            except Exception as error:
                await runs.tell_fault(ref, course, error)
                raise
            except asyncio.CancelledError:
                await runs.tell_stop(ref, course)
                raise
        await runs.tell_end(ref, course, result)
        return result  # type: ignore[no-any-return]

    return run


class StepRuns:
    """Runs steps for at most `step_seconds`: those that take longer go on as another one, before
    the platform ends the process with all that runs in it."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        books: Bookkeeping,
        starts: StepStarts,
        step_seconds: float,
        clock: Clock,
    ) -> None:
        self.clock = clock
        self._tickets = tickets
        self._books = books
        self._starts = starts
        self.step_seconds = step_seconds

    async def run(self, step: Step, run: Run) -> Any:
        """Run a step once, after what a step before has left to be booked; one that has lost its
        process before runs in a way that loses no more."""

        async def run_settled(ref: AttemptRef) -> Any:
            if ref.get("lost"):
                await self._tell_loss(ref)
            return await self._settle(ref, self._run_in_time(ref, run))

        async def run_counted() -> Any:
            await self._books.book_left(step.ref)
            await self._tell_storage_wait(step.ref)
            if step.activity is not TaskActivity.PLAN:
                return await self._starts.run(step, run_settled)
            ticket = await self._tickets.read(step.ref["ticket_id"])
            if workflow_changes.runs(ticket, step.ref["attempt"]):
                return await self._starts.run(step, run_settled, earlier=1)
            return await self._starts.run_first(
                step, lambda ref: run_settled(ref | {"seen": ticket})
            )

        if step.ref.get("alone"):  # which whoever began it tells
            present_course().is_resumed = True
            return await run_settled(step.ref)
        return await self._settle(step.ref, run_counted())

    async def _run_in_time(self, ref: AttemptRef, run: Run) -> Any:
        try:
            async with asyncio.timeout(self.step_seconds) as limit:
                told = partial(self._tell_outage, ref, present_course())
                with patient_for(self.step_seconds * _PATIENT, self.clock, told):
                    return await run(ref)
        except TimeoutError:
            if not limit.expired():
                raise
            raise RetryLater("This takes long; what is done by now stays done.") from None

    async def _settle(
        self, ref: AttemptRef, doing: Awaitable[A]
    ) -> A | MustWait | Failed | Superseded:
        """Turn what people or time must settle into a result; let the rest be retried."""
        try:
            return await doing
        except NotFound:
            if await self._is_wanted(ref):  # Something else is missing: a fault of ours.
                raise
            return SUPERSEDED
        except PermanentFailure as error:
            cause = error.__cause__
            present_course().note_error(cause if isinstance(cause, Exception) else error)
            return fail_with(tell_reason(error), error.kind)
        except (PydanticSerializationError, NoJsonError) as error:
            # It is made by the same code the next time.
            present_course().note_error(error)
            log.error(
                "A step of ticket %s made no JSON", ref["ticket_id"], exc_info=hide_text(error)
            )
            return fail_with(_NO_JSON)
        except (RetryLater, Unavailable) as error:
            return await self.put_off(ref, error)

    async def _is_wanted(self, ref: AttemptRef) -> bool:
        try:
            ticket = await self._tickets.read(ref["ticket_id"])
        except NotFound:
            return False
        return workflow_changes.runs(ticket, ref["attempt"])

    async def put_off(self, ref: AttemptRef, error: RetryLater | Unavailable) -> MustWait:
        """The result of a step that must wait, of which people are told."""
        present_course().note_error(error)
        if isinstance(error, Unavailable):
            later = RetryLater(_AWAY, service=Service.STORAGE)
            return self._put_off(ref, later, error.seconds if isinstance(error, StillAway) else 0.0)
        await self.log(ref, f"{WAITING} {tell_reason(error)}")
        return self._put_off(ref, error)

    def _put_off(self, ref: AttemptRef, later: RetryLater, insisted: float = 0.0) -> MustWait:
        wait = MustWait(
            kind="wait",
            seconds=tell_seconds(later),
            reason=tell_reason(later),
            service=tell_service(later),
        )
        if insisted:
            wait["insisted"] = round(insisted, 3)
        if left := self._books.left(ref):
            wait["unbooked"] = left
        return wait

    async def _tell_loss(self, ref: AttemptRef) -> None:
        course = present_course()
        course.is_resumed = True
        await self.log(ref, f"{course.title} {_LOST}")

    async def _tell_outage(
        self, ref: AttemptRef, course: Course, since: datetime, seconds: float
    ) -> None:
        course.note_outage(since, seconds)
        await self._log_outage(ref, seconds)

    async def _tell_storage_wait(self, ref: AttemptRef) -> None:
        """An outage between two steps is told once it is over."""
        waited = ref.get("waited")
        if waited and waited["service"] == Service.STORAGE:
            await self._log_outage(ref, waited["seconds"])

    async def _log_outage(self, ref: AttemptRef, seconds: float) -> None:
        await self.log(ref, f"Storage was away: waited for it for {seconds:.0f} s.")

    async def tell_fault(self, ref: AttemptRef, course: Course, error: Exception) -> None:
        """Tell that a step ended by something that is tried again; whoever runs the app is told of
        what kind it was."""
        if not course.told_elsewhere:
            course.note_error(error)
            await self._record(ref, course.end("error", f"{course.title} {_FAULT}."))
            await self.log(ref, f"{course.title} {_RETRIED}")

    async def tell_stop(self, ref: AttemptRef, course: Course) -> None:
        """Tell that the process of a step ends, in the short time that is left to it."""
        text = f"{course.title} {_STOPPED}"
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOPPING_SECONDS):
                await self._record(ref, course.end("interrupted", text))
                await self.log(ref, text)

    async def tell_end(self, ref: AttemptRef, course: Course, result: Any) -> None:
        """Tell how a step ended. What went well has been told step by step, where a chain was made
        of it."""
        kind, service = result["kind"], result.get("service", "")
        if kind in ("round", "done"):
            if storing := course.end_storing(kind):
                await self._record(ref, storing)
        elif kind != "no_files" and not course.told_elsewhere:
            # A ticket that waits for its files has no log yet.
            await self._record(ref, course.end(kind, result.get("reason"), service))

    async def log(self, ref: AttemptRef, text: str) -> None:
        """For the people who wait for the ticket, if that can be had soon."""
        with suppress(NotFound, Unavailable, TimeoutError):
            async with asyncio.timeout(_LOGGING_SECONDS):
                decide = workflow_changes.log(ref["attempt"], text, self.clock.now())
                await self._tickets.change(ref["ticket_id"], decide)

    async def _record(self, ref: AttemptRef, step: StepRun) -> None:
        """Keep a line of the attempt's course: several are written at once, a second later, or with
        one after which the attempt waits or ends. What dies in between is missed by people alone.
        """
        # What is wrong with the first step may be so before there is a log.
        is_first = step.name == TaskActivity.PLAN and step.fault is not None
        self._books.note(ref, step, is_new=is_first)
        if step.result == "outcome":
            self._books.write_later(ref)
            return
        with suppress(NotFound, Unavailable, TimeoutError):
            async with asyncio.timeout(_LOGGING_SECONDS):
                await self._books.write(ref)
