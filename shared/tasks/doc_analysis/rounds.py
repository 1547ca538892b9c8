"""What follows a stage: the result once one part is left, until then the tree over the parts, which
are merged in groups, fewer with every round."""

import asyncio
from collections.abc import Sequence

from shared.errors import ModelFailure
from shared.tasks.base import Context, Round
from shared.tasks.call_sizes import CallSizes
from shared.tasks.doc_analysis import artifacts, concluding, gathering
from shared.tasks.doc_analysis.merging import CONCLUDING, CONDENSING, GroupItem
from shared.tasks.doc_analysis.models import Outcome, Part, Result, TaskData
from shared.tasks.doc_analysis.parts import bound_part, groups
from shared.tasks.doc_analysis.planning import ANALYSED
from shared.tasks.doc_analysis.prompting import names

CALL = 6
"""How many chunks' worth of parts go into a call: what is said of a chunk is much shorter than it,
and the fewer the calls on top of each other, the sooner the result."""

END = 98
"""From ANALYSED to END per cent the tree moves: each round half of what is left."""


async def after_analysis(context: Context[TaskData], outcomes: Sequence[Outcome]) -> Round | Result:
    """Raises ModelFailure where the model had no proper answer about anything."""
    if not any(one.is_answered for one in outcomes):
        raise ModelFailure(outcomes[0].unanswered[0].reason)
    account, parts = gathering.gather_outcomes(outcomes)
    if len(parts) == 1:  # A single chunk needs no further call: its analysis is the result.
        return await concluding.conclude(context, parts[0], account)
    await artifacts.hand_on_account(context.artifacts, account)
    return await merge_parts(context, parts)


async def after_merge(context: Context[TaskData], parts: Sequence[Part]) -> Round | Result:
    if len(parts) > 1:
        return await merge_parts(context, parts)
    account = await artifacts.load_account(context.artifacts)
    return await concluding.conclude(context, parts[0], account)


async def merge_parts(context: Context[TaskData], parts: Sequence[Part]) -> Round:
    """The round that merges these parts, at least two: into one if they fit into a call, else into
    at most half as many, so that the rounds come to an end."""
    call = context.use(CallSizes).chunk_tokens * CALL
    known = names(context)
    made = groups([bound_part(part, known, call // 4) for part in parts], known, call)
    level = parts[0].level
    await asyncio.gather(
        *(
            artifacts.hand_on_group(context.artifacts, level, number, group)
            for number, group in enumerate(made)
        )
    )
    is_last = len(made) == 1
    stage = CONCLUDING if is_last else CONDENSING
    return stage.round(
        (GroupItem(level=level, group=number) for number in range(len(made))),
        starts_at=_compute_percent(level),
        ends_at=END if is_last else _compute_percent(level + 1),
    )


def _compute_percent(level: int) -> int:
    return END - (END - ANALYSED >> level)
