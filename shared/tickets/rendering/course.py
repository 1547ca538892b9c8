"""What took how long, as the last section of a report: pure."""

from collections.abc import Iterable, Sequence

from shared.models import EntryKind, Timeline, TimelineEntry, TimeShare, WaitReason

_TITLE = "What took how long"
_WAITS = {
    WaitReason.FILES: "waiting for files",
    WaitReason.BEGINNING: "waiting to be begun",
    WaitReason.STORAGE: "steps waiting for storage",
    WaitReason.SERVICE: "waiting for",
    WaitReason.ANSWER: "waiting for an answer",
    WaitReason.RETRY: "waiting for another try after a fault",
    WaitReason.RESTART: "lost with a process, and begun again",
    WaitReason.LATER: "waiting to go on with what takes long",
    WaitReason.QUEUE: "steps waiting for their turn",
    WaitReason.PLATFORM: "the workflow between the steps",
}
_MAX_ROWS = 12


def describe_course(timeline: Timeline) -> str:
    """Markdown of how the time of an attempt went, each moment once, and of its steps; empty where
    nothing is known of them."""
    runs = [one for one in timeline.entries if one.kind is EntryKind.STEP]
    if not any(one.run for one in runs):
        return ""
    shares = (
        (_name_share(one), f"{one.count:,}", tell_time(one.seconds)) for one in timeline.shares
    )
    return "\n\n".join(
        [
            f"## {_TITLE}",
            f"{tell_time(timeline.seconds)} in all, {_count_calls(timeline.entries)}.",
            _make_table(("Into what it went", "Times", "Time"), [*shares][:_MAX_ROWS]),
            _make_table(("Step", "Runs", "Longest", "Together"), _sum_steps(runs)),
        ]
    )


def tell_time(seconds: float) -> str:
    """A duration for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def _count_calls(entries: Iterable[TimelineEntry]) -> str:
    calls = [one for one in entries if one.kind is EntryKind.CALL]
    asked = sum(not one.reused for one in calls)
    read = sum(one.prompt_tokens or 0 for one in calls)
    written = sum(one.completion_tokens or 0 for one in calls)
    plural = "call" if asked == 1 else "calls"
    return f"with {asked:,} {plural} of the model ({read:,} tokens read, {written:,} written)"


def _name_share(share: TimeShare) -> str:
    if share.waits_for is not None:
        return " ".join([_WAITS[share.waits_for], *([share.service] if share.service else [])])
    return "the model" if share.kind is EntryKind.CALL else "steps without the model"


def _sum_steps(runs: Iterable[TimelineEntry]) -> list[tuple[str, ...]]:
    """By name, those first that took longest; steps that ran side by side are added up."""
    times: dict[str, list[float]] = {}
    for run in runs:
        times.setdefault(run.name, []).append(run.seconds or 0.0)
    ordered = sorted(times.items(), key=lambda one: -sum(one[1]))
    return [
        (name, f"{len(found):,}", tell_time(max(found)), tell_time(sum(found)))
        for name, found in ordered[:_MAX_ROWS]
    ]


def _make_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")
