"""How often a step was begun without an end: one that takes its process with it must not do so for
ever, with all that runs beside it.

The start of a step is kept before it runs, and taken back when it ends without having done its work
(it raised, it waits, it was cancelled). What is left are starts that nothing explains: a process
was lost by this step, by another beside it, or by a restart. After MAX_DEATHS of them the step runs
alone, in a process of its own, and only the deaths of such processes are held against it. A
graceful stop never is.
"""

import asyncio
import json
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from shared.clients.blobs import Container
from shared.errors import FailureKind, PermanentFailure, RetryLater, Unavailable
from shared.sandbox.runner import BusyError, Limits, run_in_child
from shared.tickets.attempts import Attempt
from shared.workflow.course import present_course
from shared.workflow.faults import RaisedAloneError
from shared.workflow.messages import AttemptRef, TaskActivity

MAX_DEATHS: Final = 2
MAX_DEATHS_ALONE: Final = 3
_MARGIN = 30
"""Seconds in which a start is counted before a step's time, and in which its process ends by itself
after it."""
_TURN_SECONDS = 20
"""How long a step waits for its turn to run alone before a durable wait takes its place."""
_STOPPED = (-signal.SIGTERM, -signal.SIGINT)
_DONE = ("round", "outcome", "done", "failure")
"""After these a step is not run again."""

Run = Callable[[AttemptRef], Awaitable[Any]]

log = logging.getLogger(__name__)


class EndsItsProcess(PermanentFailure):
    """Each process that ran the step alone was lost, whatever of the ticket did it."""

    kind = FailureKind.INTERNAL


class LoneAnswer(BaseModel):
    """What the process of a lone step answers: the step's result, or the class of what it raised,
    whose text may hold content."""

    result: Any = None
    raised: str | None = None


class _Tally(BaseModel):
    """Starts without an end that is known, and processes that were lost with this step alone."""

    unended: int = 1
    died_alone: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the platform calls it: an activity and its arguments, the attempt first."""

    activity: TaskActivity
    arguments: Sequence[Any]

    @property
    def ref(self) -> AttemptRef:
        ref: AttemptRef = self.arguments[0]
        return ref

    @property
    def name(self) -> str:
        """Tells it from all other steps of the attempt."""
        facts, index = (*self.arguments[1:3], None, None)[:2]
        number = facts["number"] if facts else None
        parts = (self.activity.value, number, index)
        return "-".join(str(part) for part in parts if part is not None)


class StepStarts:
    """Counts the starts of steps. One that must run alone runs for at most `step_seconds` in a
    process of `module` under this `environment`, which is asked as `sandbox.child` tells and gives
    a LoneAnswer."""

    def __init__(
        self,
        *,
        container: Container,
        module: str,
        environment: Mapping[str, str],
        step_seconds: float,
    ) -> None:
        self._container = container
        self._module = module
        self._environment = environment
        self._limits = Limits(seconds=step_seconds + _MARGIN, patience=_TURN_SECONDS)

    async def run_first(self, step: Step, run: Run) -> Any:
        """What `run` answers, for the step that begins an attempt: that is kept in the ticket
        itself. Raises what it raises. Where it ends without having done its work, that is kept,
        too: the next start is told from one after a death by it."""
        try:
            result = await run(step.ref)
        except BaseException:
            await self._explain_first(step)
            raise
        if result["kind"] in ("wait", "asks"):
            await self._explain_first(step)
        return result

    async def run(self, step: Step, run: Run, *, earlier: int = 0) -> Any:
        """What `run` answers, given the attempt; `earlier` starts of the step are known from
        elsewhere. Raises what it raises, RetryLater when a process was lost, EndsItsProcess when
        too many were, and Unavailable."""
        try:
            async with asyncio.timeout(_MARGIN):
                kept = await self._count(step, _Tally(unended=1 + earlier))
        except TimeoutError:
            raise Unavailable("Storage is slow.") from None
        if kept.tally.unended > MAX_DEATHS:
            return await self._run_alone(kept, step)
        ref = _again(step.ref) if kept.tally.unended > 1 or earlier else step.ref
        if kept.tally.unended > 1:
            ref["lost"] = True
        return await self._run_beside(kept, run, ref)

    def _blob_of(self, step: Step) -> str:
        attempt = Attempt(self._container, step.ref["ticket_id"], step.ref["attempt"])
        return attempt.start_of(step.name)

    async def _explain_first(self, step: Step) -> None:
        with suppress(Unavailable):  # then it runs alone sooner, which is safe
            await self._container.create_json(self._blob_of(step), _Tally(unended=0).model_dump())

    async def _count(self, step: Step, tally: "_Tally") -> "_Kept":
        """Keep that the step is begun, with `tally` where nothing is known of it. More than one too
        many are not counted."""
        blob = self._blob_of(step)
        stays = tally.unended > 1
        if etag := await self._container.create_json(blob, tally.model_dump()):
            return _Kept(blob, tally, etag, stays=stays)
        found = await self._container.read_tagged(blob)
        if found is None:
            raise RetryLater("The same step has just ended elsewhere.")
        kept = _Kept(blob, _Tally.model_validate(found[0]), found[1], stays=stays)
        if kept.tally.unended <= MAX_DEATHS:
            kept.tally.unended += 1
            await self._write(kept)
        return kept

    async def _run_beside(self, kept: "_Kept", run: Run, ref: AttemptRef) -> Any:
        """Run the step with all others."""
        try:
            result = await run(ref)
        except BaseException:  # a cancelled step has not died either
            await self._take_back(kept)
            raise
        if result["kind"] == "stopped":  # nobody else tidies up once the ticket is deleted
            await self._container.delete(kept.blob)
        elif result["kind"] not in _DONE:
            await self._take_back(kept)
        return result

    async def _take_back(self, kept: "_Kept") -> None:
        kept.tally.unended -= 1
        with suppress(Unavailable):  # then it runs alone sooner, which is safe
            if kept.tally.unended or kept.stays:
                await self._write(kept)
            else:
                await self._container.delete(kept.blob)

    async def _run_alone(self, kept: "_Kept", step: Step) -> Any:
        ref, *others = step.arguments
        lone = _again(ref) | {"alone": True, "unbooked": []}  # which has been done
        asked = json.dumps([lone, *others]).encode()
        try:
            returned, output = await run_in_child(
                self._module, step.activity, "", asked, self._limits, self._environment
            )
        except BusyError:
            raise RetryLater(
                "Steps that must run alone wait for each other.", service="turn"
            ) from None
        except (TimeoutError, ValueError):  # it hangs, or answers without end
            returned, output = -signal.SIGKILL, b""
        if returned:
            raise await self._count_death(kept, step, returned)
        answer = LoneAnswer.model_validate_json(output)
        present_course().told_elsewhere = True
        if answer.raised:
            raise RaisedAloneError(answer.raised)
        return answer.result

    async def _count_death(self, kept: "_Kept", step: Step, returned: int) -> Exception:
        """What to raise for a process that was lost."""
        log.warning(
            "%s of ticket %s ended its process with %d", step.name, step.ref["ticket_id"], returned
        )
        if returned not in _STOPPED:
            kept.tally.died_alone += 1
            await self._write(kept)
        if kept.tally.died_alone >= MAX_DEATHS_ALONE:
            return EndsItsProcess(
                "This ticket ended the process that worked on it, again and again, also when "
                "nothing else ran there."
            )
        return RetryLater("A step ended its process, and is tried again alone.")

    async def _write(self, kept: "_Kept") -> None:
        """Of two that count at once, one is enough."""
        written = await self._container.replace_json(kept.blob, kept.tally.model_dump(), kept.etag)
        kept.etag = written or kept.etag


def _again(ref: AttemptRef) -> AttemptRef:
    return ref | {"again": True}


@dataclass(slots=True)
class _Kept:
    """A tally as it is stored. One that `stays` is never deleted: without it, a start that is known
    from elsewhere would go unexplained."""

    blob: str
    tally: _Tally
    etag: str
    stays: bool = False
