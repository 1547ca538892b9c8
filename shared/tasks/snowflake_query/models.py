"""What a question to Snowflake is made of, what passes between its steps, and its result."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from shared.models import Model, Words
from shared.tasks import base
from shared.tasks.task_data import MAX_REQUEST

MAX_ROWS = 1_000
MAX_REPAIRS = 3

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Cell = str | int | float | bool | None
"""A value of a row as JSON has it; numbers that JSON would round are texts of their digits."""


class TaskData(base.TaskData):
    """`database` and `schema` are where tables lie that are named without; `max_rows` bounds the
    rows of the result; with `clarify` the ticket asks where readings come to different results."""

    max_tokens = {"query_request": MAX_REQUEST}

    query_request: Words
    database: Name | None = None
    schema_name: Annotated[Name | None, Field(alias="schema")] = None
    max_rows: Annotated[StrictInt, Field(ge=1, le=10_000)] = MAX_ROWS
    clarify: StrictBool = False

    @property
    def question(self) -> str:
        """What is asked, as far as it is looked at."""
        return self.show("query_request")


class Column(Model):
    """A column of the result. `type` is what Snowflake calls it, empty where it did not say."""

    name: str
    type: str = ""


class Table(Model):
    """The rows of a query. Numbers are texts of their digits, so that none is rounded on its way;
    `numeric` tells by column whether all values are numbers."""

    columns: list[Column]
    rows: list[list[str | bool | None]]
    numeric: list[bool]
    is_truncated: bool = False

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


class Period(Model):
    """From `start` to `end`, both days within it; `words` are those of the question."""

    words: str
    start: date
    end: date
    grain: str


class Interpretation(Model):
    """How the question was read, in words of the program alone: what the SQL says, not what
    somebody says of it."""

    text: str
    period: Period | None = None
    metrics: list[str] = []
    filters: list[str] = []
    grain: list[str] = []


class Draft(Model):
    """SQL that somebody wrote, the `number`-th of the ticket. `sql` passed the guard, or is empty
    where `error` says why not; `written` is as it came. `question` is what it answers: of the
    `readings`, another way to read the ticket's. `suggestions` are offered instead of SQL; the
    `answer` of people may be one that they have `chosen`."""

    number: int = 0
    way: str
    question: str
    answer: str = ""
    chosen: bool = False
    written: str = ""
    sql: str = ""
    error: str = ""
    tables: list[str] = []
    columns: list[str] = []
    interpretation: Interpretation | None = None
    additive: list[str] = []
    limit: int = 0
    readings: list["Draft"] = []
    suggestions: list[str] = []
    is_verified: bool = False
    warnings: list[str] = []
    reconciliation: str = ""
    reconciled_table: str = ""
    previous: str = ""
    previous_period: Period | None = None
    freshness: str = ""
    dated_column: str = ""


class Run(Model):
    """What came of SQL of the `number`-th draft: a table, or the error of the warehouse. `runs` is
    how often it may have run; one that was `recovered` was read from the history of queries."""

    number: int
    sql: str
    tag: str
    server: str = ""
    tool: str = ""
    table: Table | None = None
    error: str = ""
    runs: int = 1
    recovered: bool = False
    query_id: str = ""


class Evidence(Model):
    """What the result is made of: the draft that counts, and what came of its queries."""

    draft: Draft
    query: Run
    previous: Run | None = None
    reconciliation: str = ""
    suggestions: list[str] = []
    warnings: list[str] = []


class CellRef(Model):
    """A cell that a number rests on; `row` from 1."""

    table: str = "query"
    column: str
    row: int
    value: str


class Number(Model):
    """A number of an insight. `formula` over the cells comes to `value`; `shown` is how it is
    written."""

    shown: str
    value: str
    formula: str
    cells: list[CellRef]


class Insight(Model):
    """`by` is who chose the words, "model" or "program"; the numbers are the program's."""

    text: str
    numbers: list[Number]
    by: str


class Explained(Model):
    """What is said of the rows, and how much was dropped of what the model said."""

    insights: list[Insight] = []
    insights_dropped: int = 0
    numbers_dropped: int = 0
    chart: dict[str, Any] | None = None
    warnings: list[str] = []


class Receipt(Model):
    """What was asked of which server. `runs` counts how often the SQL may have run; `sql_sha256`
    is the hash that the audit trail has."""

    question: str
    way: str
    server: str
    tool: str
    sql_sha256: str
    tag: str
    query_id: str = ""
    runs: int = 1
    recovered: bool = False
    repairs: int = 0
    tables: list[str] = []
    columns: list[str] = []
    row_count: int = 0
    truncated: bool = False
    reconciliation: str = ""
    insights_dropped: int = 0
    numbers_dropped: int = 0
    verified_query: bool = False


class Result(base.Result):
    """`rows` are in the order of `columns`. `chart` is a Vega-Lite specification with its data."""

    interpretation: Interpretation
    suggestions: list[str] = []
    sql: str
    columns: list[Column]
    rows: list[list[Cell]]
    row_count: int
    truncated: bool
    insights: list[Insight]
    chart: dict[str, Any] | None = None
    receipt: Receipt
