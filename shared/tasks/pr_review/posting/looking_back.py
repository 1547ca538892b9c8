"""What the plan asks GitHub of the review before this one: what it told, and what changed since."""

from collections.abc import Sequence

from shared.clients.github.client import GitHubClient
from shared.clients.github.conversation import Conversation
from shared.clients.github.models import FileRow, Pull, PullRef
from shared.diffs.changes import FileDiff, file_diff
from shared.errors import PermanentFailure
from shared.tasks.base import Context
from shared.tasks.pr_review.models import TaskData
from shared.tasks.pr_review.posting.before import Before
from shared.tasks.pr_review.posting.last_review import LastReview, find_last_reviews, name_pull
from shared.tasks.signer import Signer

_MAX_COMPARED = 300
"""Files that GitHub names of a comparison; of more nobody knows which."""


async def look_back(
    context: Context[TaskData], ref: PullRef, pull: Pull, request: str
) -> Before | None:
    """None where no review was posted before. Raises RetryLater."""
    github = context.use(GitHubClient)
    try:
        comments = await Conversation(github, ref).comments()
    except PermanentFailure:  # The review is made, and posting it says why it cannot be.
        return None
    found = find_last_reviews(comments, context.use(Signer).sign, name_pull(ref))
    if not found:
        return None
    _, last = found[0]
    is_alike = last.whole and last.base == pull.base.ref and last.request == request
    is_known = is_alike and await _has_moved_on(github, ref, last, pull)
    return Before.between(last, await _read_changes(github, ref, last, pull) if is_known else None)


async def _has_moved_on(github: GitHubClient, ref: PullRef, last: LastReview, pull: Pull) -> bool:
    """Whether the base branch has what it had, and perhaps more: where it was moved back, the pull
    request has changes that nobody has read, though nothing was pushed to it."""
    if last.base_sha in ("", pull.base.sha):
        return last.base_sha != ""
    compared = await github.compare(ref, last.base_sha, pull.base.sha)
    return compared is not None and compared.merge_base_commit.sha == last.base_sha


async def _read_changes(
    github: GitHubClient, ref: PullRef, last: LastReview, pull: Pull
) -> Sequence[FileDiff] | None:
    """What changed since; None after a push that put other commits in place of those reviewed."""
    if last.head == pull.head.sha:
        return []
    compared = await github.compare(ref, last.head, pull.head.sha)
    if compared is None or compared.merge_base_commit.sha != last.head:
        return None
    if len(compared.files) >= _MAX_COMPARED:
        return None
    return [_read_row(row) for row in compared.files]


def _read_row(row: FileRow) -> FileDiff:
    return file_diff(
        row.filename, row.status.value, row.patch, row.previous_filename, None, row.lines
    )
