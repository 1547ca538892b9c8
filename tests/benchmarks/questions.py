"""Questions to Snowflake through the whole app, by a model that always takes as long: calls, and
wall time over the critical path, which is two answers of the model, one after the other."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.slow import Slowly
from tests.benchmarks.verdicts import Row, judge, judge_most, tell
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.relay import Relay, relay
from tests.support.servers.snowflake import local_snowflake
from tests.support.tasks.questions import Writer

LATENCY = 0.5
TIMES = 5
SQL = """SELECT DATE_TRUNC('MONTH', o.ORDER_DATE) AS M, r.REGION_NAME, SUM(i.AMOUNT) AS SALES
FROM ORDER_ITEMS i JOIN ORDERS o ON o.ORDER_ID = i.ORDER_ID
JOIN CUSTOMERS c ON c.CUSTOMER_ID = o.CUSTOMER_ID JOIN REGIONS r ON r.REGION_ID = c.REGION_ID
WHERE o.ORDER_DATE >= '2026-01-01' AND o.ORDER_DATE < '2026-04-01' GROUP BY 1, 2 ORDER BY 1, 2"""
QUESTION = "Show me sales from 2026-01-01 to 2026-03-31 by region"


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target, each as soon as it is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        local_snowflake() as snowflake,
        relay(snowflake) as server,
        run_app(
            azurite.connection_string,
            Path(folder) / "running_app",
            SWEEP_SCHEDULE="0 0 0 1 1 *",
            **server.settings(),
        ) as running_app,
    ):
        running_app.model.reset(Slowly(Writer((SQL,)), LATENCY))
        first = _ask(running_app)
        server.asked.clear()
        running_app.model.bodies.clear()
        seconds = [_ask(running_app) for _ in range(TIMES)]
        yield from _rows(first, seconds, running_app, server)


def _ask(running_app: RunningApp) -> float:
    body = {
        "title": "Sales",
        "task_type": "snowflake_query",
        "task_data": {"query_request": QUESTION},
    }
    begin = time.perf_counter()
    opened = running_app.api.post("/tickets", json=body).raise_for_status().json()
    ticket = running_app.until_ended(opened["id"], 120)
    assert ticket["status"] == "completed", ticket["error_message"]
    return time.perf_counter() - begin


def _rows(
    first: float, seconds: list[float], running_app: RunningApp, server: Relay
) -> Iterator[Row]:
    calls = len(running_app.model.bodies) / TIMES
    queries = len(server.asked) / TIMES
    path, took = 2 * LATENCY, median(seconds)
    yield tell("a question to Snowflake, the first", f"{first:.1f} s, with the tables looked up")
    what = "a question to Snowflake, known tables"
    yield judge_most(what, took - path, 4, "s over the model's", f", {took:.1f} s in all")
    holds = calls <= 2 and queries <= 4
    yield judge("… calls of the model, queries", f"{calls:.0f}, {queries:.0f}", "2, <= 4", holds)
