"""Task type `doc_analysis`: what the files of a ticket say, each insight with quotes that the
program found in them.

    planning     every file → text with places → chunks, a blob each
    analysing    a chunk → claims with quotes; a quote that is not in the chunk is dropped
    gathering    all claims under numbers, a part for each chunk
    merging      parts → one part, whose points name claims by number: all parts at once if they
                 fit into a call, else groups of them, fewer with every round
    concluding   the last part → summary, insights, gaps, conflicts between files, with the quotes
"""

from collections.abc import Sequence
from typing import Any

from shared.models import Model
from shared.tasks import base
from shared.tasks.doc_analysis import (
    analysing,
    concluding,
    gathering,
    merging,
    planning,
    report,
    rounds,
)
from shared.tasks.doc_analysis.models import Outcome, Part, Result, Stage
from shared.tasks.doc_analysis.models import TaskData as TaskData

FORMATS: tuple[str, ...] = ("docx", "csv")
NEEDS_FILES = True
REUSES_ANSWERS = True
EXAMPLE: dict[str, Any] = {
    "analysis_type": "risk",
    "instructions": "Name every date by which something must be done.",
}


async def plan(context: base.Context) -> base.Round:
    return await planning.plan(context)


async def work(context: base.WorkContext, item: base.Item) -> Model:
    if Stage(context.stage) is Stage.ANALYSING:
        return await analysing.analyse(context, item)
    return await merging.merge(context, item)


async def combine(context: base.Context, outcomes: Sequence[Any]) -> base.Round | base.Result:
    if Stage(context.stage) is not Stage.ANALYSING:
        return await _onward(context, [Part.model_validate(one) for one in outcomes])
    account, parts = gathering.gathered([Outcome.model_validate(one) for one in outcomes])
    if len(parts) == 1:  # A single chunk needs no further call: its analysis is the result.
        return await concluding.result(context, parts[0], account)
    await gathering.keep(context, account)
    return await rounds.onward(context, parts)


async def _onward(context: base.Context, parts: list[Part]) -> base.Round | base.Result:
    if len(parts) == 1:
        return await concluding.result(context, parts[0], await gathering.kept(context))
    return await rounds.onward(context, parts)


def render(result: dict[str, Any], form: str) -> str | bytes:
    return report.render(Result.model_validate(result), form)
