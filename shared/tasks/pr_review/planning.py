"""The plan: the pull request is read, what nobody reviews is set aside, the rest is packed into
batches."""

import asyncio
from collections.abc import Iterator

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import ChangedFiles, Pull, PullRef, PullState
from shared.errors import PermanentFailure
from shared.tasks.base import Context, Round, read_prompt
from shared.tasks.call_sizes import CallSizes
from shared.tasks.pr_review.artifacts import Facts, ReviewBatch, Seen
from shared.tasks.pr_review.models import TaskData
from shared.tasks.pr_review.posting.looking_back import look_back
from shared.tasks.pr_review.reading.base_branch import BaseBranch, read_base
from shared.tasks.pr_review.reading.rights import open_pull
from shared.tasks.pr_review.reviewing import REVIEWING, BatchItem
from shared.tasks.pr_review.selection import sort_files, warnings
from shared.tasks.signer import Signer

INSTRUCTIONS = ("AGENTS.md", ".github/copilot-instructions.md")
"""What a repository tells those who work on it; the first that there is, from the base branch."""

_MAX_INSTRUCTIONS = 6_000
_MAX_BODY = 4_000
_MAX_TITLE = 500


async def plan(context: Context[TaskData]) -> Round:
    """Raises PermanentFailure, RetryLater.

    A plan may run again after its round has begun, when a host was killed; the pull request may be
    another one then. What was read first holds.
    """
    facts = await Facts.find(context.artifacts) or await _read(context)
    items = (BatchItem(batch=number) for number in range(facts.batches))
    return REVIEWING.round(items, ends_at=80)


async def _read(context: Context[TaskData]) -> Facts:
    """Read the pull request and keep what is reviewed; that it was is kept last."""
    github = context.use(GitHubClient)
    ref, pull = await open_pull(context, github.pull_of(context.data.pr_url))
    changed = await github.files(ref, pull)
    if not changed.files:
        raise PermanentFailure("The pull request changes no file.")
    base = await read_base(github, ref, pull.base.sha, changed)
    changed = await base.reveal_hidden(github, ref, pull, changed)
    instructions, lost = await _instructions(context, ref, pull.base.sha, base)
    request = _hash_request(context, instructions)
    before = await look_back(context, ref, pull, request) if context.data.post_review else None
    budget = context.use(CallSizes).batch_tokens
    found = await asyncio.to_thread(sort_files, changed, pull, base, budget, before)
    if found.before is not None:
        await found.before.hand_on(context.artifacts)
    seen = Seen(
        coverage=found.coverage,
        warnings=[*_describe_state(pull), *warnings(found.coverage), *found.notes, *lost],
        noticed=found.noticed,
    )
    batches = [ReviewBatch.of(batch.diffs) for batch in found.batches]
    await seen.hand_on(context.artifacts)
    await ReviewBatch.hand_on_all(context.artifacts, batches)
    facts = _facts(ref, pull, changed, instructions, len(batches)).model_copy(
        update={
            "request": request,
            "since": found.coverage.since,
            "summary": before.last.summary if before and found.coverage.since else "",
        }
    )
    await facts.hand_on(context.artifacts)
    return facts


def _hash_request(context: Context[TaskData], instructions: str) -> str:
    """Of all that a review of the same code depends on."""
    wanted = context.data.additional_instructions or ""
    prompts = (read_prompt(__file__, name) for name in ("review", "check"))
    return context.use(Signer).sign("\0".join([wanted, instructions, *prompts]))[:16]


def _describe_state(pull: Pull) -> Iterator[str]:
    if pull.merged:
        yield "The pull request is merged already."
    elif pull.state is PullState.CLOSED:
        yield "The pull request is closed."
    elif pull.draft:
        yield "The pull request is a draft."


def _facts(
    ref: PullRef, pull: Pull, changed: ChangedFiles, instructions: str, batches: int
) -> Facts:
    return Facts(
        ref=ref,
        title=pull.title[:_MAX_TITLE],
        body=pull.body[:_MAX_BODY],
        url=pull.html_url,
        head_sha=pull.head.sha,
        instructions=instructions[:_MAX_INSTRUCTIONS],
        made_here=[file.path for file in changed.files if file.made_here],
        batches=batches,
        base=pull.base.ref,
        base_sha=pull.base.sha,
    )


async def _instructions(
    context: Context[TaskData], ref: PullRef, sha: str, base: BaseBranch
) -> tuple[str, list[str]]:
    """The text, and a warning if it may not be read: the code may be reviewed without it."""
    for path in filter(base.may_have, INSTRUCTIONS):
        try:
            text = await context.use(GitHubClient).file_text(ref, path, sha)
        except PermanentFailure as error:
            return "", [f"{path} of the repository was not read: {error.reason}"]
        if text:
            return text, []
    return "", []
