"""What of a pull request is reviewed, in which batches, and what is not, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.clients.github.models import ChangedFile, ChangedFiles, NoPatch, Pull
from shared.diffs.batches import DiffBatch, cut_batches
from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.hidden import find_hidden, reveal
from shared.diffs.patches import LineKind
from shared.diffs.rendering import MAX_CHARACTERS as MAX_LINE
from shared.diffs.unread.skipping import DOUBTFUL, Skipped, skip_reason
from shared.documents.tokens import estimate
from shared.tasks.pr_review.hidden_text import find_hidden_text
from shared.tasks.pr_review.models import Coverage, Finding, Left
from shared.tasks.pr_review.posting.before import Before
from shared.tasks.pr_review.posting.carrying import carry_findings
from shared.tasks.pr_review.reading.base_branch import BaseBranch
from shared.tasks.pr_review.reading.unread_files import find_in_unread
from shared.tasks.pr_review.wording import talks

MAX_CHARACTERS = 6_000_000
"""Of all patches together; far more than people review, and some hundred calls of a model."""

_BEYOND = "the change is too large to be reviewed whole"
_CLIPPED = f"of a changed line only the first {MAX_LINE:,} characters were read"
_PARTIAL = "its patch ends early or cannot be read to its end"
_LOST = frozenset({_BEYOND, NoPatch.TOO_LARGE, NoPatch.NOT_GIVEN, Skipped.UNREADABLE})
"""Why a file is not reviewed that should have been."""

_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class SortedFiles:
    batches: list[DiffBatch]
    coverage: Coverage
    noticed: list[Finding]
    notes: list[str]
    before: Before | None


def sort_files(
    changed: ChangedFiles,
    pull: Pull,
    base: BaseBranch,
    budget: int,
    before: Before | None = None,
) -> SortedFiles:
    """The files of a pull request in batches of at most `budget` tokens; of what the review before
    this one has read only what changed since."""
    wanted: list[FileDiff] = []
    skipped: list[Left] = []
    unread: list[FileDiff] = []
    room = MAX_CHARACTERS
    for file in changed.files:
        diff, size = _diff(file), len(file.patch or "")
        reason = skip_reason(diff, base.find_attributes(file), base.blobs or ())
        reason = reason or (_BEYOND if size > room else None)
        if reason is None:
            room -= size
            wanted.append(diff)
        else:
            skipped.append(Left(path=diff.path, reason=reason))
            unread.append(diff)
    coverage = _coverage(wanted, skipped, changed.unlisted)
    if before is not None:
        carried = carry_findings(before.last, wanted, before.delta)
        before = before.model_copy(
            update={"holding": carried.holding, "doubtful": carried.doubtful}
        )
        if before.delta is not None:
            coverage = coverage.model_copy(update={"since": before.last.head})
    batches = cut_batches(_keep_touched(wanted, before), budget, estimate)
    made_here = [file.path for file in changed.files if file.made_here]
    noticed = [*find_hidden_text(wanted, made_here), *find_in_unread(unread, made_here)]
    return SortedFiles(batches, coverage, noticed, list(_notes(pull, wanted)), before)


def _keep_touched(diffs: Sequence[FileDiff], before: Before | None) -> Sequence[FileDiff]:
    """Those of their hunks in which something changed since the last review, if that is known."""
    delta = before.delta if before else None
    if delta is None:
        return diffs
    return [
        replace(diff, hunks=tuple(hunk for hunk in diff.hunks if delta.touches(diff.path, hunk)))
        for diff in diffs
    ]


def warnings(coverage: Coverage) -> Iterator[str]:
    """What people should know before they rely on the review."""
    lost = [left.path for left in coverage.skipped if left.reason in _LOST]
    if lost:
        yield f"Not reviewed, though they should be: {list_names(lost)}."
    doubtful = [left.path for left in coverage.skipped if left.reason in DOUBTFUL]
    if doubtful:
        yield f"Not reviewed, though nothing shows that they hold no code: {list_names(doubtful)}."
    if coverage.partial:
        yield f"Not reviewed to the end: {list_names([left.path for left in coverage.partial])}."
    if coverage.unlisted:
        yield f"GitHub does not name {coverage.unlisted} more changed files."


def list_names(names: Sequence[str], limit: int = _MAX_NAMED) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _diff(file: ChangedFile) -> FileDiff:
    return file_diff(
        file.path,
        file.status.value,
        file.patch,
        file.previous_path,
        file.no_patch and file.no_patch.value,
        file.additions + file.deletions,
    )


def _coverage(wanted: list[FileDiff], skipped: list[Left], unlisted: int) -> Coverage:
    lines = (line for diff in wanted for hunk in diff.hunks for line in hunk.lines)
    partial = [
        Left(path=diff.path, reason=reason) for diff in wanted if (reason := _partial_reason(diff))
    ]
    unfinished = {left.path for left in partial}
    should_be_read = any(left.reason in _LOST | DOUBTFUL for left in skipped)
    return Coverage(
        files=len(wanted) + len(skipped) + unlisted,
        lines=sum(line.kind is not LineKind.CONTEXT for line in lines),
        reviewed=[diff.path for diff in wanted if diff.path not in unfinished],
        partial=partial,
        skipped=skipped,
        unlisted=unlisted,
        complete=not (partial or unlisted or should_be_read),
    )


def _partial_reason(diff: FileDiff) -> str | None:
    if diff.partial:
        return _PARTIAL
    changed = (line for hunk in diff.hunks for line in hunk.lines if None in (line.old, line.new))
    return _CLIPPED if any(len(line.text.rstrip("\r")) > MAX_LINE for line in changed) else None


def _notes(pull: Pull, diffs: Sequence[FileDiff]) -> Iterator[str]:
    """What was seen in texts that may be meant for the reviewer, and nothing of what came of it."""
    about = {"the title": pull.title, "the description": pull.body}
    hidden = [name for name, text in about.items() if any(map(find_hidden, text.splitlines()))]
    hidden += [reveal(diff.path) for diff in diffs if find_hidden(diff.path)]
    if hidden:
        yield f"Hidden characters stand in {list_names(hidden)}."
    # A name may talk, too, with lines for spaces.
    texts = {diff.path: f"{diff.path.replace('_', ' ')}\n{_take_added(diff)}" for diff in diffs}
    wording = [name for name, text in (about | texts).items() if talks(text)]
    if wording:
        yield f"Wording that may be meant for a reviewing machine stands in {list_names(wording)}."


def _take_added(diff: FileDiff) -> str:
    lines = (line for hunk in diff.hunks for line in hunk.lines)
    return "\n".join(line.text for line in lines if line.kind is LineKind.ADDED)
