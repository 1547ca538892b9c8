"""Questions to the local Snowflake, from plain language to proved numbers."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from infra.local.snowflake.sample import tables
from shared.clients.blobs import Container
from shared.tasks.registry import find_task_type
from tests.support.servers.model import ModelServer
from tests.support.servers.snowflake import LocalSnowflake, local_snowflake
from tests.support.tasks.questions import Questions

TRENDS = "Show me sales trends for the last quarter by region"


@pytest.fixture(scope="module")
def snowflake() -> Iterator[LocalSnowflake]:
    with local_snowflake() as running:
        yield running


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


async def test_every_form_is_offered(questions: Questions) -> None:
    task_type = find_task_type("snowflake_query")
    result = await questions.ask(TRENDS)

    assert task_type.offered_formats == [
        *("json", "md", "html", "docx", "csv", "vega-lite", "png", "svg")
    ]
    assert "## Receipt" in task_type.render(result, "md")
    assert str(task_type.render(result, "csv")).splitlines()[0] == "MONTH_START,REGION_NAME,SALES"
    assert task_type.render(result, "docx")[:2] == b"PK"
