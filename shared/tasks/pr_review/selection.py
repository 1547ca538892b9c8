"""What of a pull request is reviewed, in which batches, and what is not, and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from shared.clients.github.models import ChangedFile, ChangedFiles, NoPatch, Pull
from shared.diffs.batches import DiffBatch, cut_batches
from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.patches import LineKind
from shared.diffs.skipping import Skipped, skip_reason
from shared.documents.tokens import estimate
from shared.tasks.pr_review.injection import talks
from shared.tasks.pr_review.models import Coverage, Left

MAX_CHARACTERS = 6_000_000
"""Of all patches together; far more than people review, and some hundred calls of a model."""

_BEYOND = "the change is too large to be reviewed whole"
_PARTIAL = "its patch ends early or cannot be read to its end"
_LOST = frozenset({_BEYOND, NoPatch.TOO_LARGE, NoPatch.NOT_GIVEN, Skipped.UNREADABLE})
"""Why a file is not reviewed that should have been."""

_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class SortedFiles:
    batches: list[DiffBatch]
    coverage: Coverage
    suspicious: list[str]


def sort_files(changed: ChangedFiles, pull: Pull, budget: int) -> SortedFiles:
    """The files of a pull request in batches of at most `budget` tokens."""
    wanted: list[FileDiff] = []
    skipped: list[Left] = []
    room = MAX_CHARACTERS
    for file in changed.files:
        diff, size = _diff(file), len(file.patch or "")
        reason = skip_reason(diff) or (_BEYOND if size > room else None)
        if reason is None:
            room -= size
            wanted.append(diff)
        else:
            skipped.append(Left(path=diff.path, reason=reason))
    coverage = _coverage(wanted, skipped, changed.unlisted)
    batches = cut_batches(wanted, budget, estimate)
    return SortedFiles(batches, coverage, _suspicious(pull, wanted))


def warnings(coverage: Coverage, suspicious: Sequence[str]) -> Iterator[str]:
    """What people should know before they rely on the review."""
    lost = [left.path for left in coverage.skipped if left.reason in _LOST]
    if lost:
        yield f"Not reviewed, though they should be: {list_names(lost)}."
    if coverage.partial:
        yield f"Not reviewed to the end: {list_names([left.path for left in coverage.partial])}."
    if coverage.unlisted:
        yield f"GitHub does not name {coverage.unlisted} more changed files."
    if suspicious:
        yield f"Text that talks to the reviewer was not obeyed: in {list_names(suspicious)}."


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
    partial = [Left(path=diff.path, reason=_PARTIAL) for diff in wanted if diff.partial]
    return Coverage(
        files=len(wanted) + len(skipped) + unlisted,
        lines=sum(line.kind is not LineKind.CONTEXT for line in lines),
        reviewed=[diff.path for diff in wanted if not diff.partial],
        partial=partial,
        skipped=skipped,
        unlisted=unlisted,
        complete=not (partial or unlisted or any(left.reason in _LOST for left in skipped)),
    )


def _suspicious(pull: Pull, diffs: Iterable[FileDiff]) -> list[str]:
    texts = chain(
        [("the title", pull.title), ("the description", pull.body)],
        # A name may talk, too, with lines for spaces.
        ((diff.path, f"{diff.path.replace('_', ' ')}\n{diff.patch}") for diff in diffs),
    )
    return [name for name, text in texts if talks(text)]
