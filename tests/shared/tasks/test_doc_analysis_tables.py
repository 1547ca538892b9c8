"""A table that is too long to be read is profiled and asked; what is said of it is proved by values
that the program reckoned."""

import csv
import io
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from starlette.responses import Response

from shared.tickets.rendering.files import ResultFormat, render_result
from tests.support.product.workflow import shown
from tests.support.servers.model import completion
from tests.support.tasks.analyses import Analyses, form_of, material, statement

ROWS = [(("North", "South")[n % 2], n, f"{n % 97}.{n % 10}5") for n in range(20_000)]
DATA = "region,order,price\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS)
TOTAL = sum((Decimal(price) for region, _, price in ROWS if region == "North"), Decimal(0))
WHERE = [{"column": "region", "test": "is", "value": "North"}]
QUERY = {"kind": "aggregate", "function": "sum", "column": "price", "where": WHERE}
NAME = "sum(price) where region is “North”"


def analyst(_: int, body: Any) -> Response:
    """Asks for a total, and tells it once rightly and once wrongly."""
    if form_of(body) == "TableQuestions":
        unknown = QUERY | {"column": "colour"}
        return completion(json.dumps({"queries": [unknown, QUERY]}))
    assert form_of(body) == "TableAnalysis"
    [number] = re.findall(rf"\[result (\d+)\] {re.escape(NAME)}", material(body))
    claim = {"kind": "fact", "importance": 5, "results": [int(number), 9_999]}
    said = {
        "claims": [
            {**claim, "id": 1, "text": f"North sold for {TOTAL}."},
            {**claim, "id": 2, "text": f"North sold for {TOTAL + 1}."},
            {**claim, "id": 3, "text": "North sold much.", "results": [9_999]},
        ],
        "summary": [statement(f"The region North has {TOTAL:,} of sales.", 1)],
        "gaps": [statement("Zorblax is missing.", 1)],
        "recommendations": [],
    }
    return completion(json.dumps(said))


async def test_a_large_table_costs_two_calls_and_has_exact_totals(analyses: Analyses) -> None:
    analyses.model.reset(analyst)
    order = await analyses.open({"sales.csv": DATA.encode()})
    result = await analyses.result(order)
    assert len(analyses.model.bodies) == 2
    assert len(json.dumps(analyses.model.bodies)) < len(DATA) // 4
    [insight] = result["insights"]
    [proof] = insight["evidence"]
    assert insight["text"] == f"North sold for {TOTAL}."
    assert proof == {
        "document": "sales.csv",
        "place": "10000 of 20000 rows, column price",
        "computed": {"function": NAME, "value": str(TOTAL)},
    }
    assert result["summary"] == f"The region North has {TOTAL:,} of sales."
    assert result["gaps"] == []
    assert "profiled all of its 20000 rows" in result["coverage"]["statement"]
    assert any("1 of insights" in text and "1 on gaps" in text for text in result["warnings"])
    ticket = await shown(analyses.app, order)
    table = (await render_result(ticket, ResultFormat.CSV)).content.decode()
    [_, row] = csv.reader(io.StringIO(table))
    assert row[5:] == ["10000 of 20000 rows, column price", f"{NAME} = {TOTAL}", "", ""]
    assert str(TOTAL) in result["analysis"]


@pytest.mark.parametrize("name", ["sales.json", "sales.jsonl"])
async def test_objects_of_json_are_profiled_alike(analyses: Analyses, name: str) -> None:
    rows = [f'{{"region": "{a}", "order": {b}, "price": {c}}}' for a, b, c in ROWS]
    text = "\n".join(rows) if name.endswith("l") else f"[{', '.join(rows)}]"
    analyses.model.reset(analyst)
    result = await analyses.analyse({name: text.encode()})
    assert len(analyses.model.bodies) == 2
    [insight] = result["insights"]
    assert insight["evidence"][0]["computed"] == {"function": NAME, "value": str(TOTAL)}
    assert "profiled all of its 20000 rows" in result["coverage"]["statement"]


async def test_a_short_table_is_read_as_it_stands(analyses: Analyses) -> None:
    result = await analyses.analyse({"sales.csv": DATA[:2_000].encode()})
    assert [form_of(body) for body in analyses.model.bodies] == ["Analysis"]
    assert all(proof["quote"] for one in result["insights"] for proof in one["evidence"])
