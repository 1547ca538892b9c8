"""The plan: the pull request is read, what nobody reviews is set aside, the rest is packed into
batches that are kept as blobs."""

import asyncio

from shared.clients.github_models import ChangedFile, Pull, PullRef
from shared.diffs.batches import batched
from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.skipping import skip_reason
from shared.documents.tokens import estimate
from shared.errors import CannotBeDone
from shared.tasks import base
from shared.tasks.pr_review.injection import suspicious
from shared.tasks.pr_review.models import Coverage, Diff, Facts, Left, Stage, TaskData

INSTRUCTIONS = ("AGENTS.md", ".github/copilot-instructions.md")
"""What a repository tells those who work on it; the first that there is, from the base branch."""

_MOST_INSTRUCTIONS = 8_000
_MOST_BODY = 8_000
_PARTIAL = "its patch ends early or cannot be read to its end"


async def plan(context: base.Context) -> base.Round:
    """Raises CannotBeDone, TryLater."""
    data = TaskData.model_validate(context.ticket.task_data)
    github = context.tools.github
    ref = github.pull_of(data.pr_url)
    pull = await github.pull(ref)
    changed = await github.files(ref, pull)
    if not changed.files:
        raise CannotBeDone("The pull request changes no file.")
    diffs = [_diff(file) for file in changed.files]
    skipped = {diff.path: reason for diff in diffs if (reason := skip_reason(diff))}
    wanted = [diff for diff in diffs if diff.path not in skipped]
    batches = await asyncio.to_thread(batched, wanted, context.tools.batch_tokens, estimate)
    for number, batch in enumerate(batches):
        kept = [Diff.of(diff).model_dump() for diff in batch.diffs]
        await context.papers.keep(f"batch-{number}", kept)
    coverage = _coverage(diffs, skipped, changed.unlisted)
    facts = await _facts(context, ref, pull, changed.files, wanted)
    await context.papers.keep("coverage", coverage.model_dump())
    await context.papers.keep("facts", facts.model_dump(mode="json"))
    items = [{"batch": number} for number in range(len(batches))]
    return base.Round(stage=Stage.REVIEWING, items=items, ends_at=80)


async def facts(context: base.Context) -> Facts:
    return Facts.model_validate(await context.papers.kept("facts"))


async def batch(context: base.Context, number: int) -> list[FileDiff]:
    kept = await context.papers.kept(f"batch-{number}")
    return [Diff.model_validate(one).diff() for one in kept]


async def coverage(context: base.Context) -> Coverage:
    return Coverage.model_validate(await context.papers.kept("coverage"))


def _diff(file: ChangedFile) -> FileDiff:
    return file_diff(
        file.path,
        file.status.value,
        file.patch,
        file.previous_path,
        file.no_patch and file.no_patch.value,
        file.additions + file.deletions,
    )


def _coverage(diffs: list[FileDiff], skipped: dict[str, str], unlisted: int) -> Coverage:
    read = [diff for diff in diffs if diff.path not in skipped]
    hunks = [hunk for diff in read for hunk in diff.hunks]
    return Coverage(
        files=len(diffs) + unlisted,
        lines=sum(None in (line.old, line.new) for hunk in hunks for line in hunk.lines),
        reviewed=[diff.path for diff in read if not diff.partial],
        partial=[Left(path=diff.path, reason=_PARTIAL) for diff in read if diff.partial],
        skipped=[Left(path=path, reason=reason) for path, reason in skipped.items()],
        unlisted=unlisted,
    )


async def _facts(
    context: base.Context,
    ref: PullRef,
    pull: Pull,
    files: list[ChangedFile],
    diffs: list[FileDiff],
) -> Facts:
    texts = {"the title": pull.title, "the description": pull.body}
    texts |= {diff.path: diff.patch for diff in diffs}
    return Facts(
        ref=ref,
        title=pull.title,
        body=pull.body[:_MOST_BODY],
        url=pull.html_url,
        head_sha=pull.head.sha,
        instructions=await _instructions(context, ref, pull.base.sha),
        suspicious=suspicious(texts),
        made_here=[file.path for file in files if file.made_here],
    )


async def _instructions(context: base.Context, ref: PullRef, sha: str) -> str:
    for path in INSTRUCTIONS:
        text = await context.tools.github.file_text(ref, path, sha)
        if text:
            return text[:_MOST_INSTRUCTIONS]
    return ""
