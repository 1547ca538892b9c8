"""What follows when the parts of a round are there: the result, one more round, or many."""

from shared.tasks import base
from shared.tasks.doc_analysis import concluding, condensing
from shared.tasks.doc_analysis.models import Part, Result, Stage
from shared.tasks.doc_analysis.parts import bounded, keep_groups, tokens

CALL = 3
"""How many chunks' worth of parts go into a call: what is said of a chunk is much shorter than it,
and the fewer the calls on top of each other, the sooner the result."""

_PARTS_IN_A_CALL = 4
"""At the least: so a round makes at most half as many parts, and the rounds come to an end."""


async def onward(context: base.Context, parts: list[Part]) -> base.Round | Result:
    """A single chunk needs no further call: its analysis is the result."""
    if len(parts) == 1 and parts[0].level == 0:
        return await concluding.of_one(context, parts[0])
    call = context.tools.chunk_tokens * CALL
    parts = [bounded(part, call // _PARTS_IN_A_CALL) for part in parts]
    if tokens(parts) <= call:
        return await keep_groups(context, Stage.CONCLUDING, [parts])
    return await keep_groups(context, Stage.CONDENSING, list(condensing.groups(parts, call)))
