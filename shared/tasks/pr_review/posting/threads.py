"""Threads of findings that are gone: resolved, and where that is refused, answered."""

from collections.abc import Sequence

from shared.clients.github.conversation import Conversation
from shared.errors import PermanentFailure
from shared.tasks.pr_review.posting.line_comments import LineComments


async def close_threads(
    conversation: Conversation, comments: LineComments, gone: Sequence[str], head: str
) -> None:
    """Those of findings by their ids, our own only. Doing it again does no harm. Raises StepError
    where even a reply is refused."""
    left = [one for one in gone if one in comments.first and one not in comments.fixed]
    if not left:
        return
    try:
        threads = {one.first_comment: one for one in await conversation.threads()}
    except PermanentFailure:
        threads = {}
    for finding in left:
        thread = threads.get(comments.first[finding])
        try:
            if thread is None:
                raise PermanentFailure("There is no such thread.")
            if not thread.resolved:
                await conversation.resolve(thread.id)
        except PermanentFailure:
            said = f"Fixed at `{head[:12]}`.\n\n{comments.mark_fixed(finding)}"
            await conversation.reply(comments.first[finding], said)
