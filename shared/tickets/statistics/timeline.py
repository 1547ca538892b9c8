"""The course of an attempt, told from what it has left: pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from shared.models import Call, EntryKind, StepRun, StoredTicket, Timeline, TimelineEntry

_WAITS = {"wait": "later", "asks": "an answer", "error": "another try"}
"""What is waited for behind a step with this result."""


def tell_course(ticket: StoredTicket, steps: Sequence[StepRun], calls: Iterable[Call]) -> Timeline:
    """Steps and calls as they were, and the waits between them."""
    steps = sorted(steps, key=lambda step: step.started_at)
    entries = [*_show_opening(ticket), *map(_step, steps), *_waits(ticket, steps), *_calls(calls)]
    return Timeline(
        ticket_id=ticket.id,
        attempt=ticket.attempt,
        entries=sorted(entries, key=lambda entry: entry.started_at),
    )


def _show_opening(ticket: StoredTicket) -> Iterator[TimelineEntry]:
    """From opening to beginning, files that were waited for included; of a later attempt nobody
    knows when it was asked for."""
    if ticket.attempt == 1:
        yield _wait("the beginning", ticket.created_at, ticket.started_at or ticket.completed_at)


def _step(step: StepRun) -> TimelineEntry:
    return TimelineEntry(
        kind=EntryKind.STEP,
        name=f"{step.name}: {step.stage}",
        index=step.index,
        started_at=step.started_at,
        seconds=step.seconds,
        detail=step.reason,
    )


def _waits(ticket: StoredTicket, steps: Sequence[StepRun]) -> Iterator[TimelineEntry]:
    """A wait lasts until the same step begins again."""
    for place, step in enumerate(steps):
        if step.result not in _WAITS:
            continue
        later = (one.started_at for one in steps[place + 1 :] if _is_same(one, step))
        begun = step.started_at + timedelta(seconds=step.seconds)
        end = next(later, ticket.completed_at)
        yield _wait(_WAITS[step.result], begun, end, step.index, step.reason)


def _is_same(one: StepRun, other: StepRun) -> bool:
    return (one.name, one.number, one.index) == (other.name, other.number, other.index)


def _wait(
    name: str,
    start: datetime,
    end: datetime | None,
    index: int | None = None,
    reason: str | None = None,
) -> TimelineEntry:
    seconds = None if end is None else max(round((end - start).total_seconds(), 3), 0.0)
    return TimelineEntry(
        kind=EntryKind.WAIT,
        name=f"wait for {name}",
        index=index,
        started_at=start,
        seconds=seconds,
        detail=reason,
    )


def _calls(calls: Iterable[Call]) -> Iterator[TimelineEntry]:
    """Those of attempts from before calls knew their time are left out."""
    for call in calls:
        if call.started_at is not None:
            yield TimelineEntry(
                kind=EntryKind.CALL,
                name=call.model or "no answer",
                started_at=call.started_at,
                seconds=call.seconds,
                prompt_tokens=call.prompt_tokens,
                completion_tokens=call.completion_tokens,
                cached_tokens=call.cached,
                reused=call.reused,
            )
