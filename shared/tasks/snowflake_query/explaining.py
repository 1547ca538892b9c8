"""Insights: the program reckons facts, the model puts them into words, and only words that say no
more than their facts are delivered. And the chart of the rows."""

import asyncio
import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from shared.charts.rendering import ChartRenderer
from shared.clients.llm.output import of_model
from shared.errors import PermanentFailure
from shared.models import Question
from shared.tasks import base
from shared.tasks.base import NoItem, Stage, WorkContext
from shared.tasks.dropping import DropReason, count_dropped
from shared.tasks.saved_formats import save_format
from shared.tasks.snowflake_query import artifacts
from shared.tasks.snowflake_query.charting import chart_of
from shared.tasks.snowflake_query.insights.claims import Known, UnprovedError, check
from shared.tasks.snowflake_query.insights.facts import Fact, number_of
from shared.tasks.snowflake_query.insights.formulas import agrees
from shared.tasks.snowflake_query.insights.mentions import time_keys
from shared.tasks.snowflake_query.insights.reckoning import Basis, find_facts
from shared.tasks.snowflake_query.llm_output import InsightAnswer, InsightsAnswer, ProvedNumber
from shared.tasks.snowflake_query.models import (
    Evidence,
    Explained,
    Insight,
    Interpretation,
    Number,
    Table,
    TaskData,
)
from shared.tasks.snowflake_query.tables import shape_of
from shared.tasks.snowflake_query.warehouse import Warehouses
from shared.tasks.snowflake_query.writing import day_of_ticket

_MAX_INSIGHTS = 6
_MIN_INSIGHTS = 3
_MAX_TEXT = 600
_MAX_SHOWN_ROWS = 100
_MAX_SHOWN = 12_000
_FORM = of_model(InsightsAnswer)


async def explain(context: WorkContext[TaskData], _: NoItem) -> Explained:
    evidence = await artifacts.load_evidence(context.artifacts)
    table = _table(evidence)
    explained, chart = await asyncio.gather(
        _word_facts(context, evidence), _draw_chart(context, table)
    )
    return explained.model_copy(update=chart)


EXPLAINING = Stage("explaining", explain)


def basis_of(evidence: Evidence, context: base.Context[TaskData]) -> Basis:
    table, draft = _table(evidence), evidence.draft
    tables = {"query": table}
    if evidence.previous and evidence.previous.table:
        tables["previous"] = evidence.previous.table
    before = draft.previous_period
    return Basis(
        tables=tables,
        additive=frozenset(draft.additive),
        is_whole=not table.is_truncated and len(table.rows) < (draft.limit or len(table.rows) + 1),
        today=day_of_ticket(context, context.use(Warehouses)),
        previous_words=f"{before.start} to {before.end}" if before else "",
    )


def _table(evidence: Evidence) -> Table:
    if evidence.query.table is None:
        raise PermanentFailure("The query gave no rows that could be kept.")
    return evidence.query.table


async def _word_facts(context: WorkContext[TaskData], evidence: Evidence) -> Explained:
    basis = basis_of(evidence, context)
    facts = await asyncio.to_thread(find_facts, basis)
    if not facts:
        return Explained()
    warnings: list[str] = []
    try:
        answer = await context.complete(_FORM, _make_question(context.data, basis, facts))
    except PermanentFailure as error:
        answer = InsightsAnswer(insights=[])
        warnings.append(f"The facts are in the words of the program: {error.reason}")
    checker = _Checker(basis, facts, _known(context, evidence, basis))
    insights = checker.insights(answer.insights)
    count_dropped(DropReason.NUMBER_NOT_PROVED, checker.insights_dropped)
    return Explained(
        insights=[*insights, *_fill_up(insights, facts)],
        insights_dropped=checker.insights_dropped,
        numbers_dropped=checker.numbers_dropped,
        warnings=warnings,
    )


def _make_question(data: TaskData, basis: Basis, facts: Sequence[Fact]) -> Question:
    lines = []
    for number, fact in enumerate(facts, 1):
        proof = fact.numbers[0]
        lines.append(f'formula="{proof.formula}" value="{proof.shown}"')
        lines.append(f"[fact {number}] {fact.text}")
    material = {"facts": "\n".join(lines), "rows": _render_rows(basis.table)}
    return Question(base.read_prompt(__file__, "explain"), f"# Question\n{data.question}", material)


def _render_rows(table: Table) -> str:
    """The first rows, with their numbers as formulas name them."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["row", *table.names])
    for number, row in enumerate(table.rows[:_MAX_SHOWN_ROWS], 1):
        writer.writerow([number, *("" if value is None else str(value)[:200] for value in row)])
    text = target.getvalue()
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN].rpartition("\n")[0]


class _Checker:
    """Keeps what is proved; counts the rest."""

    def __init__(self, basis: Basis, facts: Sequence[Fact], known: Known) -> None:
        self._basis = basis
        self._facts = facts
        self._known = known
        self.insights_dropped = 0
        self.numbers_dropped = 0

    def insights(self, said: Iterable[InsightAnswer]) -> list[Insight]:
        found: dict[str, Insight] = {}
        for one in said:
            insight = self._insight(one)
            if insight is None or len(found) == _MAX_INSIGHTS:
                self.insights_dropped += 1
            else:
                found[insight.text] = insight
        return list(found.values())

    def _insight(self, said: InsightAnswer) -> Insight | None:
        text = " ".join(said.text.split())
        facts = [
            self._facts[number - 1]
            for number in dict.fromkeys(said.facts)
            if 1 <= number <= len(self._facts)
        ]
        more = [number for one in said.numbers if (number := self._reckon(one))]
        if not text or len(text) > _MAX_TEXT or not (facts or more):
            return None
        try:
            numbers = check(text, facts, more, self._known)
        except UnprovedError:
            return None
        proofs = numbers or [number for fact in facts for number in fact.numbers]
        return Insight(text=text, numbers=proofs, by="model")

    def _reckon(self, said: ProvedNumber) -> Number | None:
        """A number of the model's own formula, if it comes to what the model says."""
        percent = said.value.strip().endswith("%")
        number = number_of(said.formula, self._basis.tables, percent)
        try:
            told = Decimal(re.sub(r"[ ,%\u00a0\u202f]", "", said.value))
        except InvalidOperation:
            number = None
        if number is None or not agrees(Decimal(number.value), told):
            self.numbers_dropped += 1
            return None
        return number


def _known(context: WorkContext[TaskData], evidence: Evidence, basis: Basis) -> Known:
    """What an insight may mention beside its facts: words of the question and of the columns, but
    of names and times only those that are proved."""
    shape = shape_of(basis.table)
    names = {str(row[n]) for row in basis.table.rows for n in shape.names if row[n] is not None}
    texts = [context.data.question, *basis.table.names, *context.use(Warehouses).layer.metrics]
    words = {word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())}
    words |= {text.lower() for text in texts}
    words -= {word for name in names for word in re.findall(r"[^\W\d_]+", name.lower())}
    return Known(frozenset(names), frozenset(words), _period_keys(evidence.draft.interpretation))


def _period_keys(interpretation: Interpretation | None) -> frozenset[str]:
    period = interpretation.period if interpretation else None
    if period is None:
        return frozenset()
    keys = time_keys(str(period.start)) | time_keys(str(period.end))
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if months == 2 and period.start.month % 3 == 1:  # a quarter of the calendar
        quarter = f"Q{(period.start.month + 2) // 3} {period.start.year}"
        keys |= time_keys(quarter)
    return frozenset(keys)


def _fill_up(said: Sequence[Insight], facts: Sequence[Fact]) -> list[Insight]:
    """Facts in the program's own words, where the model left too few that count."""
    used = {number.formula for one in said for number in one.numbers}
    spare = [fact for fact in facts if not {n.formula for n in fact.numbers} <= used]
    missing = max(0, _MIN_INSIGHTS - len(said))
    return [
        Insight(text=fact.text, numbers=list(fact.numbers), by="program")
        for fact in spare[:missing]
    ]


async def _draw_chart(context: WorkContext[TaskData], table: Table) -> dict[str, object]:
    """The chart, whose pictures are saved; none where it cannot be drawn."""
    spec = chart_of(table, context.data.question)
    pictures = await context.use(ChartRenderer).render(spec) if spec else None
    if pictures is None:
        return {}
    await asyncio.gather(
        save_format(context.artifacts, "png", pictures.png),
        save_format(context.artifacts, "svg", pictures.svg),
    )
    return {"chart": spec}
