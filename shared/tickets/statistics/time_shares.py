"""Into what the time of an attempt went, each moment once: pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from shared.models import EntryKind, TimelineEntry, TimeShare, WaitReason

_Key = tuple[EntryKind, WaitReason | None, str | None]

_RANKS = {EntryKind.CALL: 0, EntryKind.STEP: 1, EntryKind.WAIT: 2}
_WAITS = [*WaitReason]
_UNEXPLAINED: _Key = (EntryKind.WAIT, WaitReason.PLATFORM, None)


def end_of(entry: TimelineEntry) -> datetime:
    """Its end; of what lasts, its beginning, which is all that is known."""
    return entry.started_at + timedelta(seconds=entry.seconds or 0.0)


def find_gaps(
    entries: Iterable[TimelineEntry], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The times between `start` and `end` in which nothing went on, as far as is known."""
    gaps = []
    reached = start
    for entry in sorted(entries, key=lambda entry: entry.started_at):
        if entry.started_at > reached:
            gaps.append((reached, min(entry.started_at, end)))
        reached = max(reached, end if entry.seconds is None else end_of(entry))
    if reached < end:
        gaps.append((reached, end))
    return gaps


def share_time(entries: Sequence[TimelineEntry], start: datetime, end: datetime) -> list[TimeShare]:
    """The shares of `end` - `start`, largest first. Takes n log n for n entries."""
    seconds: Counter[_Key] = Counter()
    present: Counter[_Key] = Counter()
    last = start
    for moment, key, change in _changes(entries, start, end):
        if moment > last:
            first = min((one for one in present if present[one]), key=_rank, default=_UNEXPLAINED)
            seconds[first] += (moment - last).total_seconds()  # type: ignore[assignment]
            last = moment
        present[key] += change
    counts = Counter(map(_key, entries))
    shares = [
        TimeShare(
            kind=key[0],
            waits_for=key[1],
            service=key[2],
            count=max(counts[key], 1),
            seconds=round(spent, 3),
        )
        for key, spent in seconds.items()
    ]
    return sorted(shares, key=lambda share: -share.seconds)


def _changes(
    entries: Iterable[TimelineEntry], start: datetime, end: datetime
) -> Iterator[tuple[datetime, _Key, int]]:
    """Where entries begin and end, in order, within the time that is looked at."""
    changes = []
    for entry in entries:
        until = end if entry.seconds is None else end_of(entry)
        begun, ended = (min(max(moment, start), end) for moment in (entry.started_at, until))
        changes += [(begun, _key(entry), 1), (ended, _key(entry), -1)]
    yield from sorted(changes, key=lambda change: change[0])
    yield end, _UNEXPLAINED, 0


def _key(entry: TimelineEntry) -> _Key:
    return entry.kind, entry.waits_for, entry.service


def _rank(key: _Key) -> tuple[int, int, str]:
    kind, reason, service = key
    if reason is WaitReason.STORAGE:  # within a step
        return _RANKS[EntryKind.STEP], -1, ""
    return _RANKS[kind], _WAITS.index(reason) if reason else 0, service or ""
