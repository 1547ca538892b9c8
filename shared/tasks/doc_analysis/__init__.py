"""Task type `doc_analysis`: what the files of a ticket say, each insight with quotes that the
program found in them.

    reading (plan)   every file → text with places → chunks, a blob each
    analysing        a chunk → claims with quotes; a quote that is not in the chunk is dropped
    condensing       only if all claims are too many for one call: groups of parts → one part each,
                     fewer with every round
    concluding       all parts → summary, insights (each of claims), gaps, conflicts between files
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.models import Model
from shared.tasks import base
from shared.tasks.doc_analysis import analysing, concluding, condensing, planning, report, rounds
from shared.tasks.doc_analysis.models import Concluded, Outcome, Part, Result, Stage
from shared.tasks.doc_analysis.models import TaskData as TaskData

FORMATS: tuple[str, ...] = ("docx", "csv")
NEEDS_FILES = True
REUSES_ANSWERS = True
EXAMPLE: dict[str, Any] = {
    "analysis_type": "risk",
    "instructions": "Name every date by which something must be done.",
}

_WORK: dict[Stage, Callable[[base.WorkContext, base.Item], Awaitable[Model]]] = {
    Stage.ANALYSING: analysing.analyse,
    Stage.CONDENSING: condensing.condense,
    Stage.CONCLUDING: concluding.conclude,
}


async def plan(context: base.Context) -> base.Round:
    return await planning.plan(context)


async def work(context: base.WorkContext, item: base.Item) -> Model:
    return await _WORK[Stage(context.stage)](context, item)


async def combine(context: base.Context, outcomes: Sequence[Any]) -> base.Round | base.Result:
    match Stage(context.stage):
        case Stage.ANALYSING:
            analysed = [Outcome.model_validate(outcome) for outcome in outcomes]
            return await rounds.onward(context, await analysing.gather(context, analysed))
        case Stage.CONDENSING:
            return await rounds.onward(context, [Part.model_validate(one) for one in outcomes])
        case Stage.CONCLUDING:
            return await concluding.result(context, Concluded.model_validate(outcomes[0]))


def render(result: dict[str, Any], form: str) -> str | bytes:
    return report.render(Result.model_validate(result), form)
