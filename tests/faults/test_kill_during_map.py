"""kill -9 in the middle of a document: only the chunks that were not done ask the model again."""

import json
import re
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from starlette.responses import Response

from tests.support.files import pdfs
from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, kill_now, run_app
from tests.support.servers.model import Body, Thinking

PARALLEL = 4
ANSWERED = 6


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    few = {"CHUNK_TOKENS": "2100", "MAX_PARALLEL_WORK": str(PARALLEL)}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **few) as running:
        yield running


def asked(body: Body) -> str:
    """The question, without the mark that is another each time."""
    return re.sub(r"data-\w+", "data", json.dumps(body))


def test_killed_in_the_middle_of_a_document(running_app: RunningApp) -> None:
    thinking, answered = Event(), set[str]()

    def answer_some(number: int, body: Body) -> Response | None:
        if number > ANSWERED:
            return Thinking(thinking)
        answered.add(asked(body))
        return None

    def is_in_the_middle() -> bool:
        """What was answered is stored, and each lane waits for an answer."""
        done = running_app.read(ticket)["progress"]["done"]
        return done == ANSWERED and len(running_app.model.bodies) == ANSWERED + PARALLEL

    running_app.model.reset(answer_some)
    body = {"title": "Long", "task_type": "doc_analysis", "task_data": {"analysis_type": "risk"}}
    form: list[Any] = [
        ("ticket", (None, json.dumps(body), "application/json")),
        ("files", ("report.pdf", pdfs.report(20))),
    ]
    ticket = running_app.api.post("/tickets", files=form).json()["id"]
    wait_for(is_in_the_middle, "the middle of the document")
    kill_now(running_app.host.pid)
    running_app.model.reset()
    running_app.restart()

    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    chunks = ended["result_data"]["coverage"]["chunks"]
    assert chunks > ANSWERED + PARALLEL
    calls = [asked(body) for body in running_app.model.bodies]
    assert len(calls) == len(set(calls)) == chunks - ANSWERED + 1, "and one call draws together"
    assert not answered & set(calls)
    events = [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]
    assert events.count("ticket_completed") == events.count("ticket_started") == 1
    # Nobody knows what was answered to a dead process: only what it wrote down is in the ledger.
    assert ended["result_data"]["usage"]["calls"] == chunks + 1
    assert ended["result_data"]["usage"]["reused"] == 0
