"""Questions to the local Snowflake, from plain language to proved numbers."""

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infra.local.snowflake import FINANCE_TOKEN
from infra.local.snowflake.sample import tables
from shared.charts.rendering import LIMITS, ChartRenderer
from shared.clients.blobs import Container
from shared.errors import NoSuchFormat, PermanentFailure
from shared.sandbox.runner import Limits
from shared.tasks.registry import find_task_type
from shared.tickets.rendering.files import ResultFormat, render_content
from tests.support.servers.model import ModelServer
from tests.support.servers.snowflake import LocalSnowflake
from tests.support.tasks.questions import Questions

TRENDS = "Show me sales trends for the last quarter by region"


@pytest.fixture
def questions(container: Container, model: ModelServer, snowflake: LocalSnowflake) -> Questions:
    return Questions(container, model, snowflake.settings())


def sales_by_month_and_region() -> dict[tuple[str, str], Decimal]:
    """Of the first quarter of 2026, from the data itself."""
    data = {table.name: table.rows for table in tables(date(2026, 6, 30))}
    regions = {row[0]: row[1] for row in data["REGIONS"]}
    region_of = {row[0]: regions[row[3]] for row in data["CUSTOMERS"]}
    orders = {
        row[0]: (f"{row[2]:%Y-%m}-01", region_of[row[1]])
        for row in data["ORDERS"]
        if row[3] == "completed" and date(2026, 1, 1) <= row[2] <= date(2026, 3, 31)
    }
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in data["ORDER_ITEMS"]:
        if row[0] in orders:
            found[orders[row[0]]] += row[6]
    return found


async def test_trends_by_region_are_answered(questions: Questions) -> None:
    result: dict[str, Any] = await questions.ask(TRENDS)

    truth = sales_by_month_and_region()
    assert {(row[0], row[1]): Decimal(str(row[2])) for row in result["rows"]} == truth
    period = result["interpretation"]["period"]
    assert (period["words"], period["start"], period["end"]) == (
        "last quarter",
        "2026-01-01",
        "2026-03-31",
    )
    assert result["receipt"]["way"] == "analyst"
    assert result["receipt"]["runs"] == 1
    total = next(one for one in result["insights"] if one["text"].startswith("The total"))
    assert Decimal(total["numbers"][0]["value"]) == sum(truth.values())
    assert result["receipt"]["insights_dropped"] == 0 or len(result["insights"]) == 6
    assert result["chart"]["mark"]["type"] == "line"


SUM = "SELECT SUM(TARGET_AMOUNT) AS T FROM FINANCE.TARGETS"


async def test_a_department_asks_with_its_own_role(
    container: Container, model: ModelServer, snowflake: LocalSnowflake
) -> None:
    connection = {"address": snowflake.address, "token": "SNOWFLAKE_TOKEN_FINANCE"}
    settings = snowflake.settings() | {
        "SNOWFLAKE_CONNECTIONS": json.dumps({"Finance": connection}),
        "SNOWFLAKE_TOKEN_FINANCE": FINANCE_TOKEN,
    }
    questions = Questions(container, model, settings, department="Finance")
    targets = await questions.tell(SUM, "How are we doing?")
    questions.department = "Sales"
    with pytest.raises(PermanentFailure, match=r"There is no table SALES\.FINANCE\.TARGETS here"):
        await questions.tell(SUM, "How are we doing?")

    assert targets["receipt"]["tables"] == ["SALES.FINANCE.TARGETS"]


async def test_the_analyst_asks_back(questions: Questions) -> None:
    questions.writer.sql = ("SELECT COUNT(*) AS N FROM CUSTOMERS",)

    asks = await questions.ask("How are we doing?", clarify=True)
    answered = await questions.ask("How are we doing?", ["How many customers?"], clarify=True)
    told = await questions.ask("How are we doing?")

    assert (asks["kind"], len(asks["options"])) == ("clarify", 3)
    assert "# What was meant\nHow many customers?" in questions.writer.asked[0]
    assert answered["rows"] == told["rows"] == [[120]]


@pytest.mark.parametrize("asked", ["How are we doing?", "How did we do in 2024?"])
async def test_the_analyst_is_asked_the_question_that_is_chosen_of_its_own(
    questions: Questions, asked: str
) -> None:
    asks = await questions.ask(asked, clarify=True)
    chosen = await questions.ask(asked, [asks["options"][0]], clarify=True)

    assert asks["options"][0] == "What were the sales by region in the last quarter?"
    assert questions.writer.asked == []
    assert chosen["receipt"]["way"] == "analyst"
    period = chosen["interpretation"]["period"]
    assert (period["start"], period["end"]) == ("2026-01-01", "2026-03-31")
    assert [column["name"] for column in chosen["columns"]] == ["REGION_NAME", "SALES"]


async def test_the_analyst_is_told_what_was_meant(questions: Questions) -> None:
    answered = await questions.ask("How did we do in 2024?", ["I mean the sales"], clarify=True)

    assert questions.writer.asked == []
    assert answered["receipt"]["way"] == "analyst"
    assert answered["interpretation"]["period"]["start"] == "2024-01-01"


@pytest.mark.parametrize(
    ("sql", "mark"),
    [
        ("SELECT SEGMENT, COUNT(*) AS N FROM CUSTOMERS GROUP BY SEGMENT", "bar"),
        (
            "SELECT DATE_TRUNC('MONTH', ORDER_DATE) AS M, COUNT(*) AS N FROM ORDERS GROUP BY 1",
            "line",
        ),
        ("SELECT LIST_PRICE AS A, LIST_PRICE * 2 AS B FROM PRODUCTS", "point"),
        ("SELECT COUNT(*) AS N FROM ORDERS", None),
    ],
)
async def test_the_chart_suits_the_rows(
    container: Container, model: ModelServer, snowflake: LocalSnowflake, sql: str, mark: str | None
) -> None:
    questions = Questions(container, model, snowflake.settings(), draws=mark == "line")
    result = await questions.tell(sql, "How are we doing?")

    assert (result["chart"] and result["chart"]["mark"]["type"]) == mark
    if mark is None:
        with pytest.raises(NoSuchFormat):
            questions.task_type.render(result, "vega-lite")


async def test_a_chart_that_is_none_is_not_drawn() -> None:
    renderer = ChartRenderer(LIMITS)
    spec = {"mark": "nothing", "data": {"url": "http://127.0.0.1:9/secret.csv"}, "encoding": {}}

    assert await renderer.render(spec) is None
    assert await ChartRenderer(Limits(seconds=0.05, megabytes=1024)).render({}) is None


async def test_every_form_is_offered(questions: Questions) -> None:
    task_type = find_task_type("snowflake_query")
    result = await questions.ask(TRENDS)

    assert task_type.offered_formats == [
        *("json", "md", "html", "docx", "csv", "vega-lite", "png", "svg")
    ]
    assert "## Receipt" in task_type.render(result, "md")
    assert str(task_type.render(result, "csv")).splitlines()[0] == "MONTH_START,REGION_NAME,SALES"
    assert render_content("snowflake_query", result, ResultFormat.DOCX)[:2] == b"PK"
