"""SQL for the question: verified by people, of the server's analyst, or the model's own; guarded,
read, and prepared for what is run beside it."""

import asyncio
from datetime import date

from shared.clients.llm.output import of_model
from shared.errors import PermanentFailure, QueryRefused
from shared.models import Model, Question
from shared.tasks import base
from shared.tasks.base import Stage, WorkContext
from shared.tasks.snowflake_query import artifacts, catalogue
from shared.tasks.snowflake_query.calendar import find_period
from shared.tasks.snowflake_query.catalogue import Catalogue
from shared.tasks.snowflake_query.examining import Examiner
from shared.tasks.snowflake_query.llm_output import SqlAnswer
from shared.tasks.snowflake_query.models import Draft, Period, TaskData
from shared.tasks.snowflake_query.warehouse import Place, Warehouses

VERIFIED, ANALYST, MODEL = "verified query", "analyst", "model"
_MAX_READINGS = 2
_FORM = of_model(SqlAnswer)


class WriteItem(Model):
    """The `number`-th try. `answered` tells that people said what they mean, `chosen` that this is
    a whole question, which stands in place of the ticket's."""

    number: int = 0
    by_model: bool = False
    answered: bool = False
    chosen: bool = False


async def write(context: WorkContext[TaskData], item: WriteItem) -> Draft:
    warehouses = context.use(Warehouses)
    place = warehouses.place_of(await context.find_owner(), context.data)
    whole = await artifacts.load_catalogue(context.artifacts)
    today = day_of_ticket(context, warehouses)
    answer = await artifacts.load_answer(context.artifacts) if item.answered else ""
    writer = _Writer(
        answer=answer, context=context, place=place, whole=whole, today=today, item=item
    )
    return await writer.write()


WRITING = Stage("writing", write)


def day_of_ticket(context: base.Context[TaskData], warehouses: Warehouses) -> date:
    """The day on which this attempt began, where people work."""
    return warehouses.today(context.ticket.started_at or context.ticket.created_at)


class _Writer:
    """Writes one draft."""

    def __init__(
        self,
        *,
        context: WorkContext[TaskData],
        place: Place,
        whole: Catalogue,
        today: date,
        item: WriteItem,
        answer: str,
    ) -> None:
        self._context = context
        self._place = place
        self._today = today
        self._item = item
        self._answer = answer
        self._layer = context.use(Warehouses).layer
        self._question = context.data.question
        fiscal = context.use(Warehouses).settings.fiscal_start
        self._asked_for = answer if item.chosen else f"{answer} {self._question}".strip()
        self._period = find_period(self._asked_for, today, fiscal)
        self._fiscal = fiscal
        self._examiner = Examiner(
            place=place,
            catalogue=whole,
            max_rows=context.data.max_rows,
            period=self._period,
            today=today,
            question=self._asked_for,
        )

    async def write(self) -> Draft:
        if not self._item.by_model:
            verified = self._layer.find_verified(self._asked_for, self._period)
            if verified:
                draft = self._draft(VERIFIED).model_copy(update={"is_verified": True})
                return await self._examine(draft, verified, is_strict=False)
            asked = await self._ask_analyst()
            if asked is not None:
                return asked
        return await self._ask_model()

    async def _ask_analyst(self) -> Draft | None:
        """None where the server has none."""
        if (await self._place.connection.tools()).analyst is None:
            return None
        told = [self._asked_for]
        if self._period:
            told.append(f"({self._period.words}: {self._period.start} to {self._period.end})")
        meaning = self._layer.explain(self._asked_for)
        if meaning:
            told.append(f"({meaning})")
        try:
            answer = await self._place.connection.ask_analyst(" ".join(told))
        except PermanentFailure as error:  # The model can still write.
            return self._draft(ANALYST).model_copy(update={"error": error.reason})
        if answer is None:
            return None
        offered = {"suggestions": list(answer.suggestions), "is_verified": answer.verified}
        draft = self._draft(ANALYST).model_copy(update=offered)
        if not answer.sql:
            return draft.model_copy(update={"error": "The analyst wrote no SQL."})
        return await self._examine(draft, answer.sql, is_strict=True)

    async def _ask_model(self) -> Draft:
        narrow = await artifacts.load_narrowed(self._context.artifacts)
        answer = await self._context.complete(_FORM, await self._make_question(narrow))
        strict = self._item.number == 0
        draft = await self._examine(self._draft(MODEL), answer.sql, is_strict=strict)
        if draft.error:
            return draft
        readings = [
            await self._examine(
                Draft(way=MODEL, question=other.question, number=self._item.number),
                other.sql,
                is_strict=False,
            )
            for other in answer.other_readings[:_MAX_READINGS]
        ]
        usable = [one for one in readings if one.sql and one.sql != draft.sql]
        return draft.model_copy(update={"readings": usable})

    def _draft(self, way: str) -> Draft:
        number, chosen = self._item.number, self._item.chosen
        said = self._answer
        return Draft(way=way, question=self._question, number=number, answer=said, chosen=chosen)

    async def _examine(self, draft: Draft, sql: str, is_strict: bool) -> Draft:
        """The draft with its SQL as it may run, or with the reason why not."""
        draft = draft.model_copy(update={"written": sql})
        try:
            return await asyncio.to_thread(self._examiner.examine, draft, sql, is_strict)
        except QueryRefused as error:
            return draft.model_copy(update={"error": error.reason})

    async def _make_question(self, narrow: Catalogue) -> Question:
        data = self._context.data
        lines = [f"# Question\n{self._question}", f"# Today\n{self._today}"]
        if self._answer:
            lines.append(f"# What was meant\n{self._answer}")
        if self._period:
            lines.append(f"# Period\n{_describe_period(self._period)}")
        if self._fiscal != 1:
            lines.append(f"# Fiscal year\nIt begins with month {self._fiscal}.")
        place = ".".join(filter(None, (self._place.database, self._place.schema)))
        lines.append(f"# Where tables lie that are named without\n{place}")
        lines.append(f"# At most so many rows are shown\n{data.max_rows}")
        material = {"schema": catalogue.describe(narrow)}
        if self._layer.describe():
            material["semantic layer"] = self._layer.describe()
        material |= await self._load_failed()
        return Question(base.read_prompt(__file__, "write"), "\n\n".join(lines), material)

    async def _load_failed(self) -> dict[str, str]:
        """The SQL that is to be mended, and what is wrong with it."""
        if not (self._item.number or self._item.by_model):
            return {}
        failed = await artifacts.load_failure(self._context.artifacts, self._item.number)
        return {"earlier sql": failed.written, "its error": failed.error} if failed else {}


def _describe_period(period: Period) -> str:
    return f"“{period.words}” is {period.start} to {period.end}, both days within it."
