"""Questions to Snowflake through the whole app: who may ask, what comes back in which form, and
what stays of a query that was running when the process was killed."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.running_app import PASSWORD, JsonObject, RunningApp, kill_now, run_app
from tests.support.servers.relay import Relay, relay
from tests.support.servers.snowflake import local_snowflake
from tests.support.tasks.questions import Writer, insight

ADMIN = "admin@example.com"
SEGMENTS = "SELECT SEGMENT, COUNT(*) AS N FROM CUSTOMERS GROUP BY SEGMENT ORDER BY SEGMENT"


@pytest.fixture(scope="module")
def second() -> Iterator[Relay]:
    with local_snowflake() as running, relay(running) as server:
        yield server


@pytest.fixture(scope="module")
def running_app(
    storage: str, second: Relay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    folder: Path = tmp_path_factory.mktemp("running_app")
    settings = second.settings() | {
        "SNOWFLAKE_ALLOWED": "Sales",
        "BOOTSTRAP_ADMIN_EMAIL": ADMIN,
        "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    }
    with run_app(storage, folder, **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def _written(running_app: RunningApp, second: Relay) -> None:
    second.reset()
    running_app.model.reset(Writer((SEGMENTS,)))


@pytest.fixture(scope="module")
def seller(running_app: RunningApp) -> httpx2.Client:
    """Ada, of a department that may ask."""
    move(running_app, "Sales")
    return running_app.api


def move(running_app: RunningApp, department: str) -> None:
    """An administrator puts Ada into a department."""
    me = running_app.api.get("/users/me").json()["id"]
    body = {"department": department}
    running_app.sign_in(ADMIN).put(f"/users/{me}", json=body).raise_for_status()


def question(**task_data: Any) -> JsonObject:
    data = {"query_request": "How many customers are there in each segment?", **task_data}
    return {"title": "Segments", "task_type": "snowflake_query", "task_data": data}


def test_who_is_not_named_may_not_ask(running_app: RunningApp, second: Relay) -> None:
    """A department that one says oneself to be of is named for nobody."""
    stranger = running_app.log_in("stranger")
    stranger.put("/users/me", json={"department": "Sales"}).raise_for_status()

    refused = stranger.post("/tickets", json=question())

    assert refused.status_code == 403
    assert "SNOWFLAKE_ALLOWED" in refused.json()["detail"]
    assert second.asked == []


def test_a_question_is_answered_in_every_form(
    running_app: RunningApp, seller: httpx2.Client, second: Relay
) -> None:
    opened = seller.post("/tickets", json=question())
    assert opened.status_code == 201, opened.text
    ticket = running_app.until_ended(opened.json()["id"])

    assert ticket["status"] == "completed", ticket["error_message"]
    result = ticket["result_data"]
    assert sum(row[1] for row in result["rows"]) == 120
    forms = {
        form: seller.get(f"/tickets/{ticket['id']}/result", params={"format": form})
        for form in result["formats"]
    }
    assert {form: answer.status_code for form, answer in forms.items()} == dict.fromkeys(forms, 200)
    assert forms["png"].content.startswith(b"\x89PNG")
    assert forms["png"].headers["content-type"] == "image/png"
    assert b"<svg" in forms["svg"].content
    assert b"<script" not in forms["svg"].content
    assert forms["vega-lite"].json()["mark"]["type"] == "bar"
    events = seller.get(f"/tickets/{ticket['id']}/events").json()
    [sent] = [one for one in events if one["action"] == "query_sent"]
    assert sent["metadata"]["sql_sha256"] == result["receipt"]["sql_sha256"]
    assert sent["metadata"]["sql"] == result["sql"]
    assert "Retail" not in json.dumps(events)
    assert len(second.selects()) == 1


def test_no_picture_where_no_chart_suits(running_app: RunningApp, seller: httpx2.Client) -> None:
    running_app.model.reset(Writer(("SELECT COUNT(*) AS N FROM ORDERS",)))
    opened = seller.post("/tickets", json=question()).json()
    running_app.until_ended(opened["id"])

    for form in ("png", "vega-lite"):
        answer = seller.get(f"/tickets/{opened['id']}/result", params={"format": form})
        assert answer.status_code == 406, answer.text


def test_a_database_that_may_not_be_asked_is_refused_at_once(seller: httpx2.Client) -> None:
    refused = seller.post("/tickets", json=question(database="PAYROLL"))

    assert refused.status_code == 422
    assert "database" in refused.json()["detail"]


def test_a_lying_model_delivers_no_number(running_app: RunningApp, seller: httpx2.Client) -> None:
    lies = [insight("Retail has 77 customers.", 1), insight("The total of N is 121.", 1)]
    running_app.model.reset(Writer((SEGMENTS,), insights=lambda _, __: lies))
    ticket = running_app.until_ended(seller.post("/tickets", json=question()).json()["id"])

    assert ticket["result_data"]["receipt"]["insights_dropped"] == 2
    assert {one["by"] for one in ticket["result_data"]["insights"]} == {"program"}


def test_a_right_that_is_gone_is_missing_at_reprocess(
    running_app: RunningApp, seller: httpx2.Client
) -> None:
    ticket = running_app.until_ended(seller.post("/tickets", json=question()).json()["id"])
    move(running_app, "Stock")

    refused = seller.post(f"/tickets/{ticket['id']}/reprocess")

    move(running_app, "Sales")
    assert refused.status_code == 403, refused.text


def test_a_query_that_ran_when_the_process_was_killed_is_found_again(
    running_app: RunningApp, seller: httpx2.Client, second: Relay
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hold(sql: str) -> JsonObject | None:
        if "/* amida" in sql and not asked.is_set():
            asked.set()
            go_on.wait(60)
        return None

    second.spoil = hold
    opened = seller.post("/tickets", json=question()).json()
    assert asked.wait(60)
    kill_now(running_app.host.pid)
    go_on.set()
    running_app.restart()
    ticket = running_app.until_ended(opened["id"])

    assert ticket["status"] == "completed", ticket["error_message"]
    receipt = ticket["result_data"]["receipt"]
    assert (receipt["runs"], receipt["recovered"]) == (1, True)
    assert len(second.selects()) == 1
