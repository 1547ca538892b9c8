"""Tickets that ask people before their work goes on; the task type comes from a package."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from tests.support.hosts.process import ROOT, wait_for
from tests.support.running_app import JsonObject, RunningApp, kill_now, run_app
from tests.support.tasks.packages import install_type

SECONDS = 2.0
"""In which a question must be answered."""
OUTLINE = {"stops": ["Bergen", "Oslo"]}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where Python finds the package as well."""
    site = tmp_path_factory.mktemp("site")
    install_type(site, "route", "tests.support.tasks.asking")
    return f"{site}:{ROOT}"


@pytest.fixture(scope="module")
def running_app(
    storage: str, path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    with run_app(storage, tmp_path_factory.mktemp("running_app"), PYTHONPATH=path) as running:
        yield running


def open_route(running_app: RunningApp) -> str:
    body = {"title": "A", "task_type": "route", "task_data": {"destination": "Oslo"}}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def until_asking(running_app: RunningApp, ticket: str, kind: str) -> JsonObject:
    def look() -> JsonObject | None:
        seen = running_app.read(ticket)
        return seen if seen["question"] and seen["question"]["kind"] == kind else None

    return wait_for(look, f"ticket {ticket} to ask for {kind}")


def answer(
    running_app: RunningApp, ticket: str, given: object, api: httpx2.Client | None = None
) -> httpx2.Response:
    return (api or running_app.api).post(f"/tickets/{ticket}/answer", json={"answer": given})


def test_its_work_goes_on_from_the_answers(running_app: RunningApp) -> None:
    ticket = open_route(running_app)
    seen = until_asking(running_app, ticket, "clarify")
    assert (seen["status"], seen["progress"]["stage"]) == ("processing", "asking")
    assert seen["question"]["text"] == "Which way to Oslo?"
    assert seen["question"]["options"] == ["by sea", "by land"]
    assert seen["question"]["expires_at"] > seen["updated_at"]

    assert answer(running_app, ticket, "by air").status_code == 422
    assert answer(running_app, ticket, "").status_code == 422
    first = answer(running_app, ticket, "by sea")
    assert (first.status_code, first.json()["question"]) == (200, None)

    seen = until_asking(running_app, ticket, "outline")
    assert seen["question"]["outline"] == {"stops": ["stop 0", "stop 1"]}
    assert answer(running_app, ticket, OUTLINE).status_code == 200
    ended = running_app.until_ended(ticket)
    assert ended["result_data"]["stops"] == ["Bergen", "Oslo"]
    assert ended["question"] is None
    actions = [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]
    assert actions.count("ticket_asked") == actions.count("ticket_answered") == 2
    told = running_app.api.get(f"/tickets/{ticket}/updates", params={"after": 0}).json()
    asked = [one["data"]["question"] for one in told if one["type"] == "ticket_update"]
    assert [one["kind"] for one in asked if one] == ["clarify", "outline"]


def test_an_answer_counts_once(running_app: RunningApp) -> None:
    ticket = open_route(running_app)
    assert answer(running_app, ticket, "too early").status_code in (409, 422)
    until_asking(running_app, ticket, "clarify")
    with ThreadPoolExecutor() as pool:
        ways = ["by sea", "by land"] * 4
        statuses = list(pool.map(lambda way: (way, answer(running_app, ticket, way)), ways))
    won = {way for way, given in statuses if given.status_code == 200}
    lost = {way for way, given in statuses if given.status_code in (409, 422)}
    assert len(won) == 1
    assert won | lost == {"by sea", "by land"}
    until_asking(running_app, ticket, "outline")
    events = running_app.api.get(f"/tickets/{ticket}/events").json()
    assert sum(event["action"] == "ticket_answered" for event in events) == 1


def test_only_who_may_edit_it_answers(running_app: RunningApp) -> None:
    ticket = open_route(running_app)
    until_asking(running_app, ticket, "clarify")
    stranger = running_app.log_in("eve")
    assert answer(running_app, ticket, "by sea", stranger).status_code == 404


def test_the_question_outlives_its_host(running_app: RunningApp) -> None:
    ticket = open_route(running_app)
    until_asking(running_app, ticket, "clarify")
    kill_now(running_app.host.pid)
    running_app.restart()
    assert answer(running_app, ticket, "by land").status_code == 200
    until_asking(running_app, ticket, "outline")
    assert answer(running_app, ticket, OUTLINE).status_code == 200
    assert running_app.until_ended(ticket)["status"] == "completed"


def test_an_unanswered_ticket_is_cancelled(own_storage: str, path: str, tmp_path: Path) -> None:
    with run_app(
        own_storage, tmp_path, PYTHONPATH=path, ANSWER_DAYS=str(SECONDS / 86_400)
    ) as running_app:
        ticket = open_route(running_app)
        ended = running_app.until_ended(ticket, seconds=60)
        assert (ended["status"], ended["question"]) == ("cancelled", None)
        assert "not answered in time" in ended["error_message"]
        began, end = (datetime.fromisoformat(ended[at]) for at in ("created_at", "completed_at"))
        at_most = (end - began).total_seconds() - SECONDS + 0.1
        assert ended["processing_time_seconds"] < at_most, "waiting for people is not processing"
        assert answer(running_app, ticket, "by sea").status_code == 409

        assert running_app.api.post(f"/tickets/{ticket}/reprocess").status_code == 200
        assert until_asking(running_app, ticket, "clarify")["attempt"] == 2


def test_a_ticket_that_asks_can_be_cancelled(running_app: RunningApp) -> None:
    ticket = open_route(running_app)
    until_asking(running_app, ticket, "clarify")
    cancelled = running_app.api.post(f"/tickets/{ticket}/cancel").json()
    assert (cancelled["status"], cancelled["question"]) == ("cancelled", None)
    assert answer(running_app, ticket, "by sea").status_code == 409


def test_what_never_asked_takes_no_answer(running_app: RunningApp) -> None:
    ticket = running_app.run()["id"]
    assert answer(running_app, ticket, "yes").status_code == 409
    assert running_app.api.post(f"/tickets/{ticket}/answer", json={}).status_code == 422
