"""Sixty questions over the sample sales whose answers are known, with a model that writes the right
SQL: the rows are right, and every number that is told comes from them."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal, localcontext
from itertools import product
from statistics import median
from typing import Any

import pytest

from infra.local.snowflake.sample import Row, tables
from shared.clients.blobs import Container
from tests.support.servers.model import ModelServer
from tests.support.servers.relay import Relay, relay
from tests.support.servers.snowflake import local_snowflake
from tests.support.tasks.questions import Questions

FROM = """FROM ORDER_ITEMS i JOIN ORDERS o ON o.ORDER_ID = i.ORDER_ID
JOIN CUSTOMERS c ON c.CUSTOMER_ID = o.CUSTOMER_ID JOIN REGIONS r ON r.REGION_ID = c.REGION_ID
JOIN PRODUCTS p ON p.PRODUCT_ID = i.PRODUCT_ID WHERE o.STATUS = 'completed'"""
MEASURES = {
    "sales": ("SUM(i.AMOUNT)", lambda lines: sum(line["AMOUNT"] for line in lines)),
    "pieces": ("SUM(i.QUANTITY)", lambda lines: sum(line["QUANTITY"] for line in lines)),
    "orders": ("COUNT(DISTINCT o.ORDER_ID)", lambda lines: len({line["ORDER"] for line in lines})),
}
GROUPS = {
    "in all": ("", ""),
    "by region": ("r.REGION_NAME", "REGION"),
    "by category": ("p.CATEGORY", "CATEGORY"),
    "by segment": ("c.SEGMENT", "SEGMENT"),
    "each month": ("DATE_TRUNC('MONTH', o.ORDER_DATE)", "MONTH"),
}
PERIODS = {
    "last quarter": (date(2026, 1, 1), date(2026, 3, 31)),
    "in 2025": (date(2025, 1, 1), date(2025, 12, 31)),
    "in Q3 2024": (date(2024, 7, 1), date(2024, 9, 30)),
    "last six months": (date(2025, 12, 1), date(2026, 5, 31)),
}
QUESTIONS = list(product(MEASURES, GROUPS, PERIODS))

Line = dict[str, Any]


@pytest.fixture(scope="module")
def second() -> Iterator[Relay]:
    """A server without an analyst, so that the model writes all SQL."""
    with local_snowflake() as running, relay(running) as server:
        yield server


def lines() -> list[Line]:
    """The lines of completed orders, each with all that it belongs to."""
    data: dict[str, Sequence[Row]] = {one.name: one.rows for one in tables(date(2026, 6, 30))}
    regions = {row[0]: row[1] for row in data["REGIONS"]}
    customers = {row[0]: row for row in data["CUSTOMERS"]}
    products = {row[0]: row for row in data["PRODUCTS"]}
    orders = {row[0]: row for row in data["ORDERS"] if row[3] == "completed"}
    return [
        {
            "ORDER": row[0],
            "DAY": orders[row[0]][2],
            "MONTH": f"{orders[row[0]][2]:%Y-%m}-01",
            "REGION": regions[customers[orders[row[0]][1]][3]],
            "SEGMENT": customers[orders[row[0]][1]][2],
            "CATEGORY": products[row[2]][2],
            "QUANTITY": row[3],
            "AMOUNT": row[6],
        }
        for row in data["ORDER_ITEMS"]
        if row[0] in orders
    ]


def sql_of(measure: str, group: str, period: str) -> str:
    start, end = PERIODS[period]
    expression, column = MEASURES[measure][0], GROUPS[group][0]
    dates = f"AND o.ORDER_DATE BETWEEN '{start}' AND '{end}'"
    named = f"{expression} AS {measure.upper()}"
    if not column:
        return f"SELECT {named} {FROM} {dates}"
    return f"SELECT {column} AS G, {named} {FROM} {dates} GROUP BY 1 ORDER BY 1"


def truth(data: Sequence[Line], measure: str, group: str, period: str) -> dict[str, Decimal]:
    start, end = PERIODS[period]
    count: Callable[[list[Line]], Any] = MEASURES[measure][1]
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in data:
        if start <= line["DAY"] <= end:
            groups[line[GROUPS[group][1]] if GROUPS[group][1] else ""].append(line)
    return {name: Decimal(count(some)) for name, some in groups.items()}


def value_of(formula: str, result: dict[str, Any]) -> Decimal:
    """The formula, reckoned by other means than the product's."""
    names = [column["name"] for column in result["columns"]]

    def cells(match: re.Match[str]) -> str:
        if match[1]:
            return "None"
        place = names.index(match[2])
        rows = range(1, len(result["rows"]) + 1) if match[3] is None else eval(f"[{match[3]}]")  # noqa: S307
        values = [f"Decimal('{result['rows'][row - 1][place]}')" for row in rows]
        return f"[{', '.join(values)}]" if match[3] is None or len(values) > 1 else values[0]

    text = re.sub(rf"(PREVIOUS\.)?\b({'|'.join(names)})\b(?:\[([\d,]+)\])?", cells, formula)
    known = {"Decimal": Decimal, "SUM": lambda one: sum(one) if isinstance(one, list) else one}
    known["MEDIAN"] = median
    with localcontext(prec=40):
        return Decimal(eval(text, known))  # noqa: S307


@pytest.mark.long
async def test_sixty_known_answers(container: Container, model: ModelServer, second: Relay) -> None:
    questions = Questions(container, model, second.settings())
    data = lines()
    numbers = 0
    for measure, group, period in QUESTIONS:
        questions.writer.sql, questions.writer.asked = (sql_of(measure, group, period),), []
        known = truth(data, measure, group, period)

        result = await questions.ask(f"What were the {measure} {group} {period}?")

        told = {
            str(row[0]) if len(row) > 1 else "": Decimal(str(row[-1])) for row in result["rows"]
        }
        assert told == known, (measure, group, period)
        start, end = PERIODS[period]
        read = result["interpretation"]["period"]
        assert (read["start"], read["end"]) == (str(start), str(end))
        assert (result["warnings"], result["receipt"]["way"]) == ([], "model")
        assert result["insights"], (measure, group, period)
        for insight in result["insights"]:
            for number in insight["numbers"]:
                numbers += 1
                if "PREVIOUS" not in number["formula"]:
                    value = value_of(number["formula"], result)
                    assert abs(value - Decimal(number["value"])) < Decimal("1e-9"), number
                for cell in number["cells"]:
                    place = [one["name"] for one in result["columns"]].index(cell["column"])
                    if cell["table"] == "query":
                        shown = result["rows"][cell["row"] - 1][place]
                        assert Decimal(cell["value"]) == Decimal(str(shown))
    assert len(QUESTIONS) == 60
    assert numbers > 200
