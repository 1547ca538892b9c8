"""Each task type comes to its end, also when what it needs is away for a while."""

import time
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests import files
from tests.git_history import History
from tests.github_server import GitHubServer
from tests.host_process import wait_for
from tests.model_server import Body
from tests.proxy import Call
from tests.reviewer import BASE, HEAD, Reviewer, proposed
from tests.world import JsonObject, World, custom

ASKED_SECONDS = 2.0


def pull_request(world: World, github: GitHubServer, folder: Path) -> JsonObject:
    """A ticket for a pull request with one fault."""
    world.model.reset(Reviewer(lambda _: [proposed("start = page * 20")]))
    history = History(folder / "app")
    history.commit({"shop/orders.py": BASE})
    history.branch("feature")
    history.commit({"shop/orders.py": f"{HEAD}# {folder.name}\n"})
    return {
        "title": "Orders",
        "task_type": "pr_review",
        "task_data": {"pr_url": github.serve(history)},
    }


def opened(world: World, body: JsonObject) -> str:
    answer = world.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def completed(world: World, ticket: str) -> JsonObject:
    ended = world.until_ended(ticket, 60)
    assert ended["status"] == "completed", ended["error_message"]
    return ended


def test_custom(world: World) -> None:
    ended = completed(world, opened(world, custom()))
    assert ended["result_data"]["task_result"]
    assert len(world.model.bodies) == 1


def test_documents(world: World) -> None:
    ticket = opened(world, {"title": "Papers", "task_type": "doc_analysis"})
    added = world.api.post(
        f"/tickets/{ticket}/attachments", files={"file": ("note.txt", files.TEXT.encode())}
    )
    assert added.status_code == 201
    assert world.api.post(f"/tickets/{ticket}/submit").status_code == 200
    assert completed(world, ticket)["result_data"]["insights"]


def test_pull_request(world: World, github: GitHubServer, tmp_path: Path) -> None:
    ended = completed(world, opened(world, pull_request(world, github, tmp_path)))
    assert [one["file"] for one in ended["result_data"]["findings"]] == ["shop/orders.py"]


def test_a_wait_that_the_model_asks_for_is_not_cut_short(world: World) -> None:
    asked: list[float] = []

    def busy(number: int, _: Body) -> Response | None:
        asked.append(time.monotonic())
        seconds = str(int(ASKED_SECONDS))
        return JSONResponse({}, 429, {"Retry-After": seconds}) if number < 3 else None

    world.model.reset(busy)
    completed(world, opened(world, custom()))
    pauses = [after - before for before, after in pairwise(asked)]
    assert len(pauses) == 2
    assert min(pauses) >= ASKED_SECONDS


@pytest.mark.parametrize("after", ["nan", "Infinity", "-1", "soon"])
def test_a_wait_that_is_no_number_is_none(world: World, after: str) -> None:
    def busy(number: int, _: Body) -> Response | None:
        return JSONResponse({}, 503, {"Retry-After": after}) if number == 1 else None

    world.model.reset(busy)
    completed(world, opened(world, custom()))


def test_github_is_away_for_a_while(world: World, github: GitHubServer, tmp_path: Path) -> None:
    body = pull_request(world, github, tmp_path)

    def away(number: int, _: Request) -> Response | None:
        return Response(status_code=503) if number < 3 else None

    github.script = away
    completed(world, opened(world, body))


def test_storage_is_away_while_the_model_answers(world: World) -> None:
    """The answer that was paid for is kept until it can be stored."""
    refused: list[Call] = []
    back = Event()

    async def away(call: Call) -> Response | None:
        if back.is_set():
            return None
        refused.append(call)
        return Response(status_code=503)

    def answer(_: int, __: Body) -> Any:
        world.storage.reset(before=away)

    world.model.reset(answer)
    ticket = opened(world, custom())
    wait_for(lambda: len(refused) > 3, "storage to be missed")
    back.set()
    assert completed(world, ticket)["attempt"] == 1
    assert len(world.model.bodies) == 1


def test_storage_is_away_between_the_steps(world: World) -> None:
    refused: list[Call] = []
    back = Event()

    async def away(call: Call) -> Response | None:
        if "/results/" not in call.path or back.is_set():
            return None
        refused.append(call)
        return Response(status_code=503)

    world.storage.reset(before=away)
    ticket = opened(world, custom())
    wait_for(lambda: len(refused) > 5, "storage to be missed")
    back.set()
    completed(world, ticket)
    assert len(world.model.bodies) == 1


def test_a_task_type_that_there_is_not_fails_instead_of_waiting_for_ever(world: World) -> None:
    """The platform waits without end for an activity that the app has not."""
    order = {"ticket_id": "x-y", "attempt": 1, "task_type": "gone", "parallel": 1}
    waits = {"first_wait": 1.0, "most_wait": 1.0, "waiting": None}
    instance = world.durable.start("process_ticket", {**order, **waits})
    assert world.durable.wait(instance)["output"] == "failure"


def test_an_activity_that_fails_in_every_try_fails_the_ticket_without_its_words(
    world: World,
) -> None:
    """The platform makes a text of .NET of what it raises."""

    async def refuse(call: Call) -> Response | None:
        first = call.method == "PUT" and call.path.endswith("/1/calls.jsonl")
        return Response("secret words", 400) if first else None

    world.storage.reset(before=refuse)
    ended = world.until_ended(opened(world, custom()), 60)
    assert ended["status"] == "failed"
    assert ended["error_message"].startswith("Processing stopped because of an internal fault.")
    history = str(world.durable.history(f"{ended['id']}-1"))
    assert "custom_plan: HttpResponseError" in history
    assert "secret words" not in history


@pytest.mark.parametrize("blank", ["%20", "%20%20", "%09"])
def test_a_ticket_of_blanks_is_not_found(world: World, blank: str) -> None:
    """An instance id of blanks would hold up all others."""
    for path in ("", "/cancel", "/reprocess", "/submit"):
        answer = world.api.request("POST" if path else "DELETE", f"/tickets/{blank}{path}")
        assert answer.status_code == 404, path
    completed(world, opened(world, custom()))
