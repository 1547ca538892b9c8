"""Each task type comes to its end, also when what it needs is away for a while."""

import time
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.support.files import files
from tests.support.git.history import History
from tests.support.hosts.process import wait_for
from tests.support.product.workflow import ANSWER
from tests.support.running_app import JsonObject, RunningApp, custom
from tests.support.servers.github import GitHubServer
from tests.support.servers.model import Body
from tests.support.servers.storage_proxy import Call
from tests.support.tasks.reviewer import BASE, HEAD, Reviewer, proposed

ASKED_SECONDS = 2.0
LONG_OUTAGE_SECONDS = 24.0
TOKENS = 15
"""Of `ANSWER`."""


def pull_request(running_app: RunningApp, github: GitHubServer, folder: Path) -> JsonObject:
    """A ticket for a pull request with one fault."""
    running_app.model.reset(Reviewer(lambda _: [proposed("start = page * 20")]))
    history = History(folder / "app")
    history.commit({"shop/orders.py": BASE})
    history.branch("feature")
    history.commit({"shop/orders.py": f"{HEAD}# {folder.name}\n"})
    return {
        "title": "Orders",
        "task_type": "pr_review",
        "task_data": {"pr_url": github.serve(history)},
    }


def opened(running_app: RunningApp, body: JsonObject) -> str:
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def completed(running_app: RunningApp, ticket: str) -> JsonObject:
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    return ended


def test_custom(running_app: RunningApp) -> None:
    ended = completed(running_app, opened(running_app, custom()))
    assert ended["result_data"]["task_result"]
    assert len(running_app.model.bodies) == 1


def test_documents(running_app: RunningApp) -> None:
    ticket = opened(running_app, {"title": "Papers", "task_type": "doc_analysis"})
    added = running_app.api.post(
        f"/tickets/{ticket}/attachments", files={"file": ("note.txt", files.TEXT.encode())}
    )
    assert added.status_code == 201
    assert running_app.api.post(f"/tickets/{ticket}/submit").status_code == 200
    assert completed(running_app, ticket)["result_data"]["insights"]


def test_pull_request(running_app: RunningApp, github: GitHubServer, tmp_path: Path) -> None:
    ended = completed(running_app, opened(running_app, pull_request(running_app, github, tmp_path)))
    assert [one["file"] for one in ended["result_data"]["findings"]] == ["shop/orders.py"]


def test_a_wait_that_the_model_asks_for_is_not_cut_short(running_app: RunningApp) -> None:
    asked: list[float] = []

    def busy(number: int, _: Body) -> Response | None:
        asked.append(time.monotonic())
        seconds = str(int(ASKED_SECONDS))
        return JSONResponse({}, 429, {"Retry-After": seconds}) if number < 3 else None

    running_app.model.reset(busy)
    completed(running_app, opened(running_app, custom()))
    pauses = [after - before for before, after in pairwise(asked)]
    assert len(pauses) == 2
    assert min(pauses) >= ASKED_SECONDS


@pytest.mark.parametrize("after", ["nan", "Infinity", "-1", "soon"])
def test_a_wait_that_is_no_number_is_none(running_app: RunningApp, after: str) -> None:
    def busy(number: int, _: Body) -> Response | None:
        return JSONResponse({}, 503, {"Retry-After": after}) if number == 1 else None

    running_app.model.reset(busy)
    completed(running_app, opened(running_app, custom()))


def test_github_is_away_for_a_while(
    running_app: RunningApp, github: GitHubServer, tmp_path: Path
) -> None:
    body = pull_request(running_app, github, tmp_path)

    def away(number: int, _: Request) -> Response | None:
        return Response(status_code=503) if number < 3 else None

    github.script = away
    completed(running_app, opened(running_app, body))


def test_storage_is_away_while_the_model_answers(running_app: RunningApp) -> None:
    """The answer that was paid for is kept until it can be stored."""
    refused: list[Call] = []
    back = Event()

    async def away(call: Call) -> Response | None:
        if back.is_set():
            return None
        refused.append(call)
        return Response(status_code=503)

    def answer(_: int, __: Body) -> Any:
        running_app.storage.reset(before=away)

    running_app.model.reset(answer)
    ticket = opened(running_app, custom())
    wait_for(lambda: len(refused) > 3, "storage to be missed")
    back.set()
    assert completed(running_app, ticket)["attempt"] == 1
    assert len(running_app.model.bodies) == 1


def test_storage_is_away_between_the_steps(running_app: RunningApp) -> None:
    refused: list[Call] = []
    back = Event()

    async def away(call: Call) -> Response | None:
        if "/results/" not in call.path or back.is_set():
            return None
        refused.append(call)
        return Response(status_code=503)

    running_app.storage.reset(before=away)
    ticket = opened(running_app, custom())
    wait_for(lambda: len(refused) > 5, "storage to be missed")
    back.set()
    completed(running_app, ticket)
    assert len(running_app.model.bodies) == 1


@pytest.mark.long
def test_storage_is_away_for_longer_than_a_step(running_app: RunningApp) -> None:
    """What was paid is in the ledger, also of the answer that nobody could keep so long."""
    back: list[float] = []

    async def away(_: Call) -> Response | None:
        return Response(status_code=503) if time.monotonic() < back[0] else None

    def answer(_: int, __: Body) -> Response:
        if not back:
            back.append(time.monotonic() + LONG_OUTAGE_SECONDS)
            running_app.storage.reset(before=away)
        return ANSWER

    running_app.model.reset(answer)
    ticket = opened(running_app, custom())
    wait_for(lambda: back and time.monotonic() > back[0], "storage to be back")
    ended = completed(running_app, ticket)
    assert ended["tokens_used"] == TOKENS * len(running_app.model.bodies) > 0


def test_a_task_type_that_there_is_not_fails_instead_of_waiting_for_ever(
    running_app: RunningApp,
) -> None:
    """The platform waits without end for an activity that the app has not."""
    order = {"ticket_id": "x-y", "attempt": 1, "task_type": "gone", "parallel": 1}
    waits = {"first_wait": 1.0, "most_wait": 1.0, "waiting": None}
    instance = running_app.durable.start("process_ticket", {**order, **waits})
    failed = running_app.durable.wait(instance, "Failed")
    assert "Tickets of the type gone are not worked on any more." in failed["output"]


def test_the_instance_of_a_failed_ticket_fails_with_its_reason_and_is_not_tried_again(
    running_app: RunningApp,
) -> None:
    running_app.model.reset(lambda *_: JSONResponse({}, 400))
    ticket = opened(running_app, custom())
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "failed"
    failed = running_app.durable.wait(f"{ticket}-1", "Failed")
    assert ended["error_message"] in failed["output"]
    assert failed["customStatus"] == {"stage": "failed", "done": 0, "total": 0, "percent": 0}
    assert len(running_app.model.bodies) == 1


def test_the_instance_of_a_completed_ticket_shows_that_it_is(running_app: RunningApp) -> None:
    ticket = opened(running_app, custom())
    completed(running_app, ticket)
    ended = running_app.durable.wait(f"{ticket}-1", "Completed")
    assert ended["customStatus"] == {"stage": "completed", "done": 1, "total": 1, "percent": 100}


def test_an_activity_that_fails_in_every_try_fails_the_ticket_without_its_words(
    running_app: RunningApp,
) -> None:
    """The platform makes a text of .NET of what it raises."""

    async def refuse(call: Call) -> Response | None:
        result = call.method == "PUT" and "/results/" in call.path
        return Response("secret words", 400) if result else None

    running_app.storage.reset(before=refuse)
    ended = running_app.until_ended(opened(running_app, custom()))
    assert ended["status"] == "failed"
    assert ended["error_message"].startswith("Processing stopped because of an internal fault.")
    history = str(running_app.durable.history(f"{ended['id']}-1"))
    assert "custom_plan: HttpResponseError" in history
    assert "secret words" not in history + running_app.host.log


@pytest.mark.parametrize("blank", ["%20", "%20%20", "%09"])
def test_a_ticket_of_blanks_is_not_found(running_app: RunningApp, blank: str) -> None:
    """An instance id of blanks would hold up all others."""
    for path in ("", "/cancel", "/reprocess", "/submit"):
        answer = running_app.api.request("POST" if path else "DELETE", f"/tickets/{blank}{path}")
        assert answer.status_code == 404, path
    completed(running_app, opened(running_app, custom()))
