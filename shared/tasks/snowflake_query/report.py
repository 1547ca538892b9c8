"""The result for reading: Markdown, a Word document of the same, the rows as a table for
spreadsheets, the chart as it is specified. Names and values are other people's: none is markup."""

import json
from collections.abc import Iterator

from shared.errors import NoSuchFormat
from shared.tasks.snowflake_query.models import Cell, Insight, Receipt, Result
from shared.text.csv_export import to_csv
from shared.text.markdown import fence_code, plain

_MAX_ROWS = 50
_MAX_CELLS = 6


def to_markdown(result: Result) -> str:
    """The answer with what proves each number."""
    sections = [
        ("# Answer", [plain(result.summary)]),
        ("## Warnings", [f"- {plain(one)}" for one in result.warnings]),
        ("## Insights", list(_insights(result.insights))),
        ("## Rows", list(_rows(result))),
        ("## How the question was read", list(_render_reading(result))),
        ("## Other questions", [f"- {plain(one)}" for one in result.suggestions]),
        ("## SQL", [fence_code(result.sql, "sql")]),
        ("## Receipt", list(_receipt(result.receipt))),
    ]
    return "\n".join(line for title, lines in sections if lines for line in (title, "", *lines, ""))


def to_table(result: Result) -> str:
    """All rows, in which no cell is taken for a formula."""
    header = [column.name for column in result.columns]
    return to_csv(header, ([_text(value) for value in row] for row in result.rows))


def to_vega_lite(result: Result) -> str:
    """Raises NoSuchFormat for rows that no chart suits."""
    if result.chart is None:
        raise NoSuchFormat("No chart suits the rows of this result.")
    return json.dumps(result.chart, ensure_ascii=False)


def _insights(insights: list[Insight]) -> Iterator[str]:
    for insight in insights:
        yield f"- {plain(insight.text)}"
        for number in insight.numbers:
            cells = ", ".join(
                f"{cell.column} row {cell.row}: {cell.value}" for cell in number.cells[:_MAX_CELLS]
            )
            more = " …" if len(number.cells) > _MAX_CELLS else ""
            yield f"  - {plain(number.shown)} = {plain(number.formula)} ({plain(cells)}{more})"


def _rows(result: Result) -> Iterator[str]:
    if not result.rows:
        return
    yield f"| {' | '.join(plain(column.name) for column in result.columns)} |"
    yield f"|{'---|' * len(result.columns)}"
    for row in result.rows[:_MAX_ROWS]:
        yield f"| {' | '.join(plain(_text(value)) for value in row)} |"
    if len(result.rows) > _MAX_ROWS:
        yield f"\n{len(result.rows) - _MAX_ROWS} more rows are in the table (csv)."


def _render_reading(result: Result) -> Iterator[str]:
    read = result.interpretation
    if read.period:
        words = f" (“{plain(read.period.words)}”)" if read.period.words else ""
        yield f"- Period: {read.period.start} to {read.period.end}{words}"
    for title, lines in (
        ("Metric", read.metrics),
        ("Filter", read.filters),
        ("For each", read.grain),
    ):
        yield from (f"- {title}: {plain(line)}" for line in lines)


def _receipt(receipt: Receipt) -> Iterator[str]:
    yield f"- Written by: {receipt.way}, {receipt.repairs} repairs"
    yield f"- Server: {plain(receipt.server)}, tool {plain(receipt.tool)}"
    yield f"- Runs: {receipt.runs}{', read from the history' if receipt.recovered else ''}"
    yield f"- Tables: {plain(', '.join(receipt.tables))}"
    if receipt.reconciliation:
        yield f"- Reconciliation: {plain(receipt.reconciliation)}"
    yield f"- SHA-256 of the SQL: {receipt.sql_sha256}"
    yield f"- Insights dropped: {receipt.insights_dropped}, numbers: {receipt.numbers_dropped}"


def _text(value: Cell) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
