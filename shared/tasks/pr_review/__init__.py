"""Task type `pr_review`: what is wrong with a pull request, each finding on lines of its diff.

reading (plan)   the pull request → files → diffs in batches, a blob each
reviewing        a batch → findings; one whose quoted code is not in the diff is dropped
checking         all findings → those that a second look does not refute; suggestions that apply
posting          if asked for: one review on GitHub
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.models import Model
from shared.tasks import base
from shared.tasks.pr_review import (
    checking,
    concluding,
    payload,
    planning,
    posting,
    report,
    reviewing,
    sarif,
)
from shared.tasks.pr_review.artifacts import Held, Outcome, Stage
from shared.tasks.pr_review.models import Posted, Result
from shared.tasks.pr_review.models import TaskData as TaskData

FORMATS: tuple[str, ...] = ("sarif", "github-review")
NEEDS_FILES = False
REUSES_ANSWERS = True
EXAMPLE: dict[str, Any] = {
    "pr_url": "https://github.com/OWNER/REPOSITORY/pull/1",
    "additional_instructions": "Look at the SQL first.",
    "post_review": False,
}

_WORK: dict[Stage, Callable[[base.WorkContext, base.Item], Awaitable[Model]]] = {
    Stage.REVIEWING: reviewing.review,
    Stage.CHECKING: checking.check,
    Stage.POSTING: posting.post,
}
_RENDER: dict[str, Callable[[Result], str]] = {
    "md": report.markdown,
    "sarif": sarif.sarif_log,
    "github-review": payload.rendered,
}


async def plan(context: base.Context) -> base.Round:
    return await planning.plan(context)


async def work(context: base.WorkContext, item: base.Item) -> Model:
    return await _WORK[Stage(context.stage)](context, item)


async def combine(context: base.Context, outcomes: Sequence[Any]) -> base.Round | base.Result:
    match Stage(context.stage):
        case Stage.REVIEWING:
            reviewed = [Outcome.model_validate(outcome) for outcome in outcomes]
            return await concluding.after_review(context, reviewed)
        case Stage.CHECKING:
            held = Held.model_validate(outcomes[0])
            return await concluding.after_check(context, held)
        case Stage.POSTING:
            posted = Posted.model_validate(outcomes[0])
            return await concluding.with_posted(context, posted)


def render(result: dict[str, Any], form: str) -> str | bytes:
    return _RENDER[form](Result.model_validate(result))
