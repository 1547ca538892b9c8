"""The result, with its receipt. All words of the summary are the program's."""

from shared.tasks.base import Context
from shared.tasks.snowflake_query.models import (
    Column,
    Evidence,
    Explained,
    Interpretation,
    Receipt,
    Result,
    Table,
    TaskData,
)
from shared.tasks.snowflake_query.running import hash_of
from shared.tasks.snowflake_query.tables import to_json

_EMPTY = Table(columns=[], rows=[], numeric=[])


def conclude(context: Context[TaskData], evidence: Evidence, explained: Explained) -> Result:
    """Of what was found and said."""
    draft, run = evidence.draft, evidence.query
    table = run.table or _EMPTY
    interpretation = draft.interpretation or Interpretation(text="")
    return Result(
        summary=_summary(table, interpretation, explained),
        warnings=[*evidence.warnings, *_warnings(table, explained)],
        interpretation=interpretation,
        suggestions=evidence.suggestions,
        sql=draft.sql,
        columns=[Column(name=one.name, type=one.type) for one in table.columns],
        rows=to_json(table),
        row_count=len(table.rows),
        truncated=table.is_truncated,
        insights=explained.insights,
        chart=explained.chart,
        receipt=_receipt(context, evidence, explained, table),
    )


def _receipt(
    context: Context[TaskData], evidence: Evidence, explained: Explained, table: Table
) -> Receipt:
    draft, run = evidence.draft, evidence.query
    return Receipt(
        question=context.data.question,
        way=draft.way,
        server=run.server,
        tool=run.tool,
        sql_sha256=hash_of(run.sql),
        tag=run.tag,
        query_id=run.query_id,
        runs=run.runs,
        recovered=run.recovered,
        repairs=draft.number,
        tables=draft.tables,
        columns=draft.columns,
        row_count=len(table.rows),
        truncated=table.is_truncated,
        reconciliation=evidence.reconciliation,
        insights_dropped=explained.insights_dropped,
        numbers_dropped=explained.numbers_dropped,
        verified_query=draft.is_verified,
    )


def _summary(table: Table, interpretation: Interpretation, explained: Explained) -> str:
    count = len(table.rows)
    told = "no rows" if not count else f"{count} row{'s' if count > 1 else ''}"
    more = ", and there are more" if table.is_truncated else ""
    first = f" {explained.insights[0].text}" if explained.insights else ""
    return f"{interpretation.text} The answer has {told}{more}.{first}"


def _warnings(table: Table, explained: Explained) -> list[str]:
    found = list(explained.warnings)
    if not table.rows:
        found.append("The query gave no rows: nothing fits its filters.")
    if table.is_truncated:
        found.append(
            f"Only the first {len(table.rows)} rows are shown, so that no totals or shares are "
            "told; max_rows allows more."
        )
    return found
