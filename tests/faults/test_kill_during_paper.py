"""kill -9 at each stage of a paper: what is done is not done again, and it comes to its end."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from starlette.responses import Response

from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, kill_now, run_app
from tests.support.servers.model import Body, Thinking
from tests.support.tasks.analyses import form_of
from tests.support.tasks.papers import Asked, Author, honest, prose, written

STAGES = ("Plan", "Reading", "Written", "Judgement", "repair", "Edits", "Front")
NOTE = "The harbour has many berths. Pilots board each vessel at the outer buoy."
DATA = {"topic": "How a harbour works", "length": 600, "requirements": ["Name the tides."]}


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with run_app(storage, tmp_path_factory.mktemp("running_app")) as running:
        yield running


def stage_of(body: Body) -> str:
    again = "# Write it again" in body["messages"][1]["content"]
    return "repair" if again else form_of(body)


def question(body: Body) -> str:
    """What is asked, without the mark that is another each time."""
    return re.sub(r"data-\w+", "data", json.dumps(body["messages"]))


def too_short_at_first(asked: Asked) -> dict[str, Any]:
    return honest(asked) if asked.again else written(prose(asked.title, asked.words // 2))


def test_killed_at_each_stage(running_app: RunningApp) -> None:
    author, asked = Author(write=too_short_at_first), Counter[str]()
    form: list[Any] = [
        (
            "ticket",
            (
                None,
                json.dumps({"title": "T", "task_type": "paper_writing", "task_data": DATA}),
                "application/json",
            ),
        ),
        ("files", ("note.txt", NOTE.encode())),
    ]
    ticket = ""
    for stage in (*STAGES, None):
        reached = Event()

        def answer(
            number: int,
            body: Body,
            stage: str | None = stage,
            reached: Event = reached,
        ) -> Response | None:
            asked[question(body)] += 1
            return Thinking(reached) if stage_of(body) == stage else author(number, body)

        running_app.model.reset(answer)
        if not ticket:
            ticket = running_app.api.post("/tickets", files=form).json()["id"]
        else:
            running_app.restart()
        if stage is not None:
            wait_for(reached.is_set, f"the stage {stage}")
            kill_now(running_app.host.pid)

    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    result = ended["result_data"]
    assert all(one["held"] for one in result["targets"]), result["targets"]
    assert max(asked.values()) == 2, "what was asked when the app was killed, and nothing else"
    events = [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]
    assert events.count("ticket_completed") == events.count("ticket_started") == 1
