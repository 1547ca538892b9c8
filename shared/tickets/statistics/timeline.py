"""The course of an attempt, told from what it has left, without a time that nothing explains:
pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.models import (
    Call,
    EntryKind,
    Status,
    StepRun,
    StoredTicket,
    Timeline,
    TimelineEntry,
    WaitReason,
)
from shared.tickets.statistics.time_shares import end_of, find_gaps, share_time

_NAMES = {
    WaitReason.FILES: "files",
    WaitReason.BEGINNING: "the beginning",
    WaitReason.SERVICE: "a service",
    WaitReason.STORAGE: "storage",
    WaitReason.LATER: "later",
    WaitReason.ANSWER: "an answer",
    WaitReason.RETRY: "another try",
    WaitReason.RESTART: "another start",
    WaitReason.QUEUE: "its turn",
    WaitReason.PLATFORM: "the workflow",
}
_WAITED_FOR = {
    "asks": WaitReason.ANSWER,
    "error": WaitReason.RETRY,
    "interrupted": WaitReason.RESTART,
}
_RESTARTED = "Nothing was heard of an earlier start: its process was lost, or what it answered."
_SHORTEST = 0.1
"""Seconds: a shorter wait between two steps is not listed by itself, though it counts."""


def tell_course(
    ticket: StoredTicket,
    steps: Sequence[StepRun],
    calls: Iterable[Call],
    *,
    has_faults: bool = False,
) -> Timeline:
    """Steps and calls as they were, and the waits between them; with the classes of faults if it
    `has_faults`."""
    runs = _number(sorted(steps, key=lambda step: step.started_at))
    entries = [*_show_opening(ticket), *_show_waits(ticket, runs), *_show_calls(calls)]
    entries += [_show_run(run, has_fault=has_faults) for run in runs]
    start = _begin_of(ticket, entries)
    end = ticket.completed_at or max([start, *map(end_of, entries)])
    entries += _explain_gaps(ticket, entries, start, end)
    return Timeline(
        ticket_id=ticket.id,
        attempt=ticket.attempt,
        entries=sorted([*entries, *_show_present(ticket, entries, end)], key=_begin),
        seconds=round(max((end - start).total_seconds(), 0.0), 3),
        shares=share_time(entries, start, end),
    )


def recall_attempt(ticket: StoredTicket, steps: Sequence[StepRun]) -> StoredTicket:
    """The ticket as it was when the attempt of its result ended; of one that others have followed,
    as far as `steps` know."""
    if ticket.result_attempt == ticket.attempt or not steps:
        return ticket
    known = {
        "attempt": ticket.result_attempt,
        "status": Status.COMPLETED,
        "waits_for_files": False,
        "queued_at": None,
        "started_at": min(step.started_at for step in steps),
        "completed_at": max(step.ended_at for step in steps),
    }
    return ticket.model_copy(update=known)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of a step, with the one before and the one after of the same step, by number from 1."""

    step: StepRun
    number: int
    earlier: StepRun | None
    later: StepRun | None


def _number(steps: Sequence[StepRun]) -> list[_Run]:
    same: dict[tuple[str, int | None, int | None], list[StepRun]] = {}
    for step in steps:
        same.setdefault(step.key, []).append(step)
    return [
        _Run(step, place + 1, ([None, *row])[place], ([*row, None])[place + 1])
        for row in same.values()
        for place, step in enumerate(row)
    ]


def _begin(entry: TimelineEntry) -> datetime:
    return entry.started_at


def _find_order_time(ticket: StoredTicket) -> datetime | None:
    """When the attempt was: of a later one that older versions began, nobody knows."""
    return ticket.created_at if ticket.attempt == 1 else ticket.queued_at


def _begin_of(ticket: StoredTicket, entries: Sequence[TimelineEntry]) -> datetime:
    begun = [time for time in (_find_order_time(ticket), ticket.started_at) if time is not None]
    return min([*begun, *map(_begin, entries)], default=ticket.created_at)


def _show_opening(ticket: StoredTicket) -> Iterator[TimelineEntry]:
    """From when the attempt was asked for to its beginning, its files first."""
    asked, begun = _find_order_time(ticket), ticket.started_at or ticket.completed_at
    if asked is None:
        return
    if ticket.waits_for_files:
        yield _wait(WaitReason.FILES, asked, begun)
        return
    came = [file.uploaded_at for file in ticket.attachments if begun and file.uploaded_at <= begun]
    last = max([asked, *came])
    if (last - asked).total_seconds() >= _SHORTEST:
        yield _wait(WaitReason.FILES, asked, last)
    yield _wait(WaitReason.BEGINNING, last, begun)


def _show_run(run: _Run, *, has_fault: bool) -> TimelineEntry:
    step = run.step
    return TimelineEntry(
        kind=EntryKind.STEP,
        name=f"{step.name}: {step.stage}",
        index=step.index,
        run=run.number,
        started_at=step.started_at,
        seconds=step.seconds,
        detail=step.reason,
        fault=step.fault if has_fault else None,
    )


def _show_waits(ticket: StoredTicket, runs: Sequence[_Run]) -> Iterator[TimelineEntry]:
    for run in runs:
        reason = _waits_for(run.step)
        is_last = run.later is None and ticket.status is Status.FAILED  # for want of patience
        if reason is not None and not is_last:
            begun, later = run.step.ended_at, run.later
            end = _find_call_time(later, begun) if later else ticket.completed_at
            yield _wait(reason, begun, end, run.step)
        yield from _show_queue(run)
        for outage in run.step.outages:
            yield _wait(WaitReason.STORAGE, outage.started_at, outage.ended_at)


def _waits_for(step: StepRun) -> WaitReason | None:
    """What is waited for behind a step."""
    if step.result == "wait":
        return WaitReason.SERVICE if step.service else WaitReason.LATER
    return _WAITED_FOR.get(step.result)


def _find_call_time(step: StepRun, after: datetime) -> datetime:
    """When it was asked for, if that was later than this; else when it began. What the platform
    tries again it does not ask for anew."""
    called = step.called_at
    return called if called and after <= called <= step.started_at else step.started_at


def _show_queue(run: _Run) -> Iterator[TimelineEntry]:
    """From when a step was asked for, or its last run ended, to its beginning."""
    step, earlier = run.step, run.earlier
    since = step.called_at
    if since is None:
        return
    if earlier is not None and earlier.ended_at > since:
        if _waits_for(earlier) is not None:
            return
        since = earlier.ended_at
    if (step.started_at - since).total_seconds() < _SHORTEST:
        return
    wait = _wait(WaitReason.QUEUE, since, step.started_at)
    if step.is_resumed:
        wait = _wait(WaitReason.RESTART, since, step.started_at)
        wait.detail = _RESTARTED
    wait.index = step.index
    yield wait


def _wait(
    reason: WaitReason, start: datetime, end: datetime | None, step: StepRun | None = None
) -> TimelineEntry:
    """Until `end`, None while it lasts, behind a step if there is one."""
    seconds = None if end is None else max(round((end - start).total_seconds(), 3), 0.0)
    return TimelineEntry(
        kind=EntryKind.WAIT,
        name=f"wait for {(step and step.service) or _NAMES[reason]}",
        started_at=start,
        seconds=seconds,
        waits_for=reason,
        index=step.index if step else None,
        detail=step.reason if step else None,
        service=(step.service or None) if step else None,
    )


def _show_calls(calls: Iterable[Call]) -> Iterator[TimelineEntry]:
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


def _explain_gaps(
    ticket: StoredTicket, entries: Sequence[TimelineEntry], start: datetime, end: datetime
) -> Iterator[TimelineEntry]:
    """What nothing is known of: between steps the workflow's own turns, behind the last one the
    writing of the end, or the work that was cut off by it."""
    for since, until in find_gaps(entries, start, end):
        seconds = round((until - since).total_seconds(), 3)
        if seconds < _SHORTEST:
            continue
        if until == ticket.completed_at:
            is_cut = ticket.status is Status.CANCELLED
            name = "cut off: cancelled" if is_cut else "end: ending"
            kind = EntryKind.STEP
            yield TimelineEntry(kind=kind, name=name, started_at=since, seconds=seconds)
        else:
            yield _wait(WaitReason.PLATFORM, since, until)


def _show_present(
    ticket: StoredTicket, entries: Sequence[TimelineEntry], last: datetime
) -> Iterator[TimelineEntry]:
    """A step has its line once it has ended; until then the ticket's progress tells of it."""
    waits = any(entry.seconds is None for entry in entries)
    if ticket.status is Status.PROCESSING and not waits:
        name = f"now: {ticket.progress.stage}"
        yield TimelineEntry(kind=EntryKind.STEP, name=name, started_at=last, seconds=None)
