"""Which step a run of an activity is at, since when, and what went wrong: lines of its attempt's
course, in which no time is missing between the steps of a chain."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.models import Outage, StepRun
from shared.models.clock import Clock
from shared.workflow.faults import name_fault
from shared.workflow.messages import ENDING, READING, AttemptRef, RoundFacts, TaskActivity

_PRESENT: ContextVar["Course"] = ContextVar("course")


class Course:
    """One run of an activity at the attempt `ref`, which a chain takes from step to step. What is
    `told_elsewhere` has its lines already: by the process that ran it alone."""

    def __init__(
        self,
        clock: Clock,
        ref: AttemptRef,
        activity: TaskActivity,
        *,
        facts: RoundFacts | None = None,
        index: int | None = None,
    ) -> None:
        self._clock = clock
        self._begun, self._ticks = clock.now(), clock.monotonic()
        called = ref.get("called_at")
        self._called = None if called is None else datetime.fromtimestamp(called, UTC)
        self.is_resumed = False
        self.told_elsewhere = False
        self._error: Exception | None = None
        self._outages: list[Outage] = []
        self.go_on(activity, facts, index)

    @property
    def title(self) -> str:
        """As people are told of it."""
        return f"The step {self._place['name']} ({self._place['stage']})"

    def go_on(
        self, activity: TaskActivity, facts: RoundFacts | None = None, index: int | None = None
    ) -> None:
        """The next step begins where the last one has ended."""
        self._place: dict[str, Any] = {
            "name": activity.value,
            "stage": facts["stage"] if facts else READING,
            "number": facts["number"] if facts else None,
            "index": index,
        }

    def note_outage(self, since: datetime, seconds: float) -> None:
        """The step has waited for storage."""
        self._outages.append(Outage(started_at=since, seconds=round(seconds, 3)))

    def note_error(self, error: Exception) -> None:
        """The step ends by this, whatever is made of it."""
        self._error = error

    def end(self, result: str, reason: str | None = None, service: str = "") -> StepRun:
        """The line of the present step, which ends now. Of what it ended by, the class is told."""
        ticks = self._clock.monotonic()
        run = StepRun(
            **self._place,
            called_at=self._called,
            started_at=self._begun,
            seconds=round(ticks - self._ticks, 3),
            result=result,
            reason=reason,
            service=service,
            fault=name_fault(self._error) if self._error else None,
            is_resumed=self.is_resumed,
            outages=self._outages,
        )
        self._outages = []
        self._begun += timedelta(seconds=ticks - self._ticks)
        self._ticks, self._called, self.is_resumed, self._error = ticks, None, False, None
        return run

    def end_storing(self, result: str) -> StepRun | None:
        """The line of what followed the last one, where storage was away meanwhile."""
        if not self._outages:
            return None
        self._place = {"name": "end", "stage": ENDING}
        return self.end(result)

    @contextmanager
    def present(self) -> Iterator[None]:
        """Within this, it is the `present_course`."""
        token = _PRESENT.set(self)
        try:
            yield
        finally:
            _PRESENT.reset(token)


def present_course() -> Course:
    """That of the run within which this is asked."""
    return _PRESENT.get()
