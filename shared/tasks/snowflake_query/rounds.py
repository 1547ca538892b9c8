"""What follows each stage: which SQL counts, whether it is mended or people are asked, and what is
run next."""

from collections.abc import Sequence

from shared.errors import PermanentFailure
from shared.models import Inquiry, InquiryKind
from shared.tasks.base import Context, NoItem, Round
from shared.tasks.snowflake_query import artifacts
from shared.tasks.snowflake_query.concluding import conclude
from shared.tasks.snowflake_query.explaining import EXPLAINING
from shared.tasks.snowflake_query.exploring import EXPLORING, Explored
from shared.tasks.snowflake_query.models import (
    MAX_REPAIRS,
    Draft,
    Explained,
    Result,
    Run,
    TaskData,
)
from shared.tasks.snowflake_query.running import RUNNING, Part, parts_of
from shared.tasks.snowflake_query.warehouse import Warehouses
from shared.tasks.snowflake_query.weighing import Weighed, weigh
from shared.tasks.snowflake_query.writing import ANALYST, WRITING, WriteItem, day_of_ticket

_EXPLORED, _WRITTEN, _RUN, _END = 15, 35, 70, 98


async def plan(_: Context[TaskData]) -> Round:
    return EXPLORING.round([NoItem()], starts_at=2, ends_at=_EXPLORED)


async def after_exploring(_: Context[TaskData], __: Sequence[Explored]) -> Round:
    return _write(WriteItem())


async def after_writing(
    context: Context[TaskData], drafts: Sequence[Draft]
) -> Round | Inquiry | Result:
    """Raises PermanentFailure when nothing that may run was written, repairs and all."""
    [draft] = drafts
    if not draft.error:
        await artifacts.hand_on_draft(context.artifacts, draft)
        return RUNNING.round(parts_of(draft), starts_at=_WRITTEN, ends_at=_RUN)
    if draft.way == ANALYST and not draft.written:
        return await _ask_or_write(context, draft)
    return await _mend(context, draft)


async def after_running(
    context: Context[TaskData], runs: Sequence[Run]
) -> Round | Inquiry | Result:
    """Raises PermanentFailure when no SQL ran, repairs and all."""
    draft = await artifacts.load_draft(context.artifacts, runs[0].number)
    by_part = dict(zip(((one.part, one.index) for one in parts_of(draft)), runs, strict=True))
    query = by_part[Part.QUERY, 0]
    if query.error:
        return await _mend(context, draft.model_copy(update={"error": query.error}))
    weighed = weigh(draft, by_part, day_of_ticket(context, context.use(Warehouses)))
    if weighed.fault and draft.number < MAX_REPAIRS and not draft.is_verified:
        return await _mend(context, draft.model_copy(update={"error": weighed.fault}))
    if context.data.clarify and weighed.others and not draft.answer and not context.answers:
        options = [draft.question, *(other.question for other in weighed.others)]
        text = "The question can be read in several ways that come to different results. Which?"
        return Inquiry(kind=InquiryKind.CLARIFY, text=text, options=options)
    return await _go_on(context, weighed)


async def after_explaining(context: Context[TaskData], made: Sequence[Explained]) -> Result:
    [explained] = made
    evidence = await artifacts.load_evidence(context.artifacts)
    return conclude(context, evidence, explained)


async def _go_on(context: Context[TaskData], weighed: Weighed) -> Round | Result:
    """With the reading that people chose, or that most would mean."""
    answer = str(context.answers[0]).strip() if context.answers else ""
    chosen = next((one for one in weighed.others if one.question == answer), None)
    if answer and chosen is None and answer != weighed.draft.question:
        return await _write_anew(context, answer)
    evidence = weighed.evidence(chosen)
    await artifacts.hand_on_evidence(context.artifacts, evidence)
    if evidence.query.table is None or not evidence.query.table.rows:
        return conclude(context, evidence, Explained())
    return EXPLAINING.round([NoItem()], starts_at=_RUN, ends_at=_END)


async def _ask_or_write(context: Context[TaskData], draft: Draft) -> Round | Inquiry:
    """The analyst offered questions instead of SQL: what people answer goes to the analyst, and
    what it can still not write is the model's."""
    if not (context.data.clarify and draft.suggestions) or draft.answer:
        return _write(_for_model(draft))
    if not context.answers:
        text = "The analyst does not know what is meant. Which of these is it?"
        return Inquiry(kind=InquiryKind.CLARIFY, text=text, options=draft.suggestions)
    answer = str(context.answers[0]).strip()
    await artifacts.hand_on_answer(context.artifacts, answer)
    return _write(WriteItem(answered=bool(answer), chosen=answer in draft.suggestions))


async def _write_anew(context: Context[TaskData], answer: str) -> Round:
    """By the model, with what people said."""
    await artifacts.hand_on_answer(context.artifacts, answer)
    return _write(WriteItem(by_model=True, answered=True))


async def _mend(context: Context[TaskData], draft: Draft) -> Round:
    """Raises PermanentFailure after so many repairs."""
    if draft.number >= MAX_REPAIRS:
        raise _failure(draft)
    number = draft.number + 1
    await artifacts.hand_on_failure(context.artifacts, number, draft)
    return _write(_for_model(draft, number))


def _for_model(draft: Draft, number: int = 0) -> WriteItem:
    """What is written after `draft`."""
    answered = bool(draft.answer)
    return WriteItem(number=number, by_model=True, answered=answered, chosen=draft.chosen)


def _write(item: WriteItem) -> Round:
    return WRITING.round([item], starts_at=_EXPLORED, ends_at=_WRITTEN)


def _failure(draft: Draft) -> PermanentFailure:
    tried = " ".join((draft.sql or draft.written).split())[:1_500]
    return PermanentFailure(
        f"No SQL could be found that answers this question, after {draft.number} repairs. "
        f"The last error: {draft.error.rstrip('.')[:600]}. The SQL that was tried: {tried}"
    )
