"""A doc_analysis ticket that waits for its files, and what it makes of them."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx2
import pytest

from tests.support.files import files
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp, kill_now, run_app
from tests.support.servers.model import completion
from tests.support.servers.storage_proxy import Call, hold

QUIET = 1.0
NOTE = ("note.txt", files.TEXT.encode())


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    quiet = {"FILES_QUIET_SECONDS": str(QUIET)}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **quiet) as running:
        yield running


@pytest.fixture(autouse=True)
def _honest_model(running_app: RunningApp) -> None:
    running_app.model.reset()


def body(**task_data: str) -> JsonObject:
    return {"title": "Papers", "task_type": "doc_analysis", "task_data": task_data}


def waiting(running_app: RunningApp, **task_data: str) -> str:
    answer = running_app.api.post("/tickets", json=body(**task_data))
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "pending"
    return str(answer.json()["id"])


def attach(running_app: RunningApp, ticket: str, *given: tuple[str, bytes]) -> httpx2.Response:
    return running_app.api.post(
        f"/tickets/{ticket}/attachments", files=[("file", file) for file in given]
    )


def submit(running_app: RunningApp, ticket: str) -> httpx2.Response:
    return running_app.api.post(f"/tickets/{ticket}/submit")


def looks(running_app: RunningApp, ticket: str) -> int:
    """How often a plan has asked whether a file of the ticket is being stored."""
    calls = list(running_app.storage.calls)
    return sum(call.method == "GET" and f"{ticket}_files" in call.path for call in calls)


def began(ticket: JsonObject) -> bool:
    return bool(ticket["status"] != "pending")


def test_it_begins_by_itself_when_no_file_has_come_for_a_while(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    for number in range(3):
        assert attach(
            running_app, ticket, (f"{number}.txt", f"{number} {files.TEXT}".encode())
        ).is_success
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    assert [one["name"] for one in ended["result_data"]["documents"]] == ["0.txt", "1.txt", "2.txt"]
    assert ended["result_data"]["coverage"]["documents_read"] == 3


def test_it_waits_on_without_a_file_and_then_begins_with_one(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    generations = wait_for(
        lambda: (
            running_app.durable.status(f"{ticket}-1")["input"].count('stirring\\": false')
            or '"stirring": false' in str(running_app.durable.status(f"{ticket}-1")["input"])
        ),
        "the wait to go on",
    )
    assert generations
    assert not began(running_app.read(ticket))
    attach(running_app, ticket, NOTE)
    assert running_app.until_ended(ticket)["status"] == "completed"


def test_a_file_that_is_being_stored_is_waited_for(running_app: RunningApp) -> None:
    """However long storing takes: it was sent while the ticket was waiting."""
    ticket = waiting(running_app)
    assert attach(running_app, ticket, NOTE).is_success
    reached, release = Event(), Event()

    def fits(call: Call) -> bool:
        return call.method == "PUT" and f"/attachments/{ticket}/" in call.path

    running_app.storage.reset(before=hold(fits, reached, release))
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(attach, running_app, ticket, ("late.txt", b"It came late."))
        wait_for(reached.is_set, "the file to be stored")
        before = looks(running_app, ticket)
        wait_for(lambda: looks(running_app, ticket) > before + 1, "the wait to go on")
        release.set()
    assert late.result().status_code == 201, late.result().text
    ended = running_app.until_ended(ticket)
    assert len(ended["result_data"]["documents"]) == 2


def test_an_edit_is_no_file(running_app: RunningApp) -> None:
    """The ticket begins although somebody goes on changing its title."""
    ticket = waiting(running_app)
    attach(running_app, ticket, NOTE)

    def begins() -> bool:
        running_app.api.put(f"/tickets/{ticket}", json={"title": uuid.uuid4().hex})
        return began(running_app.read(ticket))

    wait_for(begins, "the work to begin")
    running_app.until_ended(ticket)


def test_submit_begins_at_once(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    refused = submit(running_app, ticket)
    assert refused.status_code == 409
    attach(running_app, ticket, NOTE)
    answer = submit(running_app, ticket)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == ticket
    assert running_app.until_ended(ticket)["status"] == "completed"
    assert submit(running_app, ticket).status_code == 409
    events = [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]
    assert events.count("ticket_submitted") == events.count("ticket_started") == 1


def test_a_ticket_that_does_not_wait_cannot_be_submitted(running_app: RunningApp) -> None:
    assert submit(running_app, running_app.run()["id"]).status_code == 409
    stranger = running_app.log_in("mallory")
    assert stranger.post(f"/tickets/{waiting(running_app)}/submit").status_code == 404


def test_a_file_that_is_taken_back_does_not_begin_it(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    added = attach(running_app, ticket, NOTE).json()
    assert running_app.api.delete(f"/tickets/{ticket}/attachments/{added['id']}").status_code == 204
    assert submit(running_app, ticket).status_code == 409
    attach(running_app, ticket, ("other.txt", b"Something else. It is short."))
    ended = running_app.until_ended(ticket)
    assert [one["name"] for one in ended["result_data"]["documents"]] == ["other.txt"]


def test_with_files_it_begins_at_once(running_app: RunningApp) -> None:
    form: list[Any] = [("ticket", (None, json.dumps(body()), "application/json")), ("files", NOTE)]
    answer = running_app.api.post("/tickets", files=form)
    assert answer.status_code == 201, answer.text
    ticket = answer.json()["id"]
    assert submit(running_app, ticket).status_code == 409
    assert running_app.until_ended(ticket)["status"] == "completed"
    again = running_app.api.post(f"/tickets/{ticket}/reprocess")
    assert again.status_code == 200, again.text
    assert running_app.until_ended(ticket)["attempt"] == 2


def test_quotes_are_in_the_file_or_dropped_and_counted(running_app: RunningApp) -> None:
    fact = {"kind": "fact", "importance": 4}
    wait = ["Ships wait  outside until the ice breaks.", "Ships fly."]
    said = {
        "claims": [
            {**fact, "id": 1, "text": "Ships <img> wait.", "quotes": wait},
            {**fact, "id": 2, "text": "Nonsense.", "quotes": ["The harbour burns."]},
        ],
        "summary": [{"text": "Ice.", "claims": [1]}],
        "gaps": [{"text": "Who pays?", "claims": [1]}],
        "recommendations": [{"text": "Wait.", "claims": [1]}],
    }
    running_app.model.reset(lambda _, __: completion(json.dumps(said)))
    ticket = waiting(running_app, instructions="A question that was not asked before.")
    attach(running_app, ticket, NOTE, ("paper.pdf", files.PDF))
    submit(running_app, ticket)
    result = running_app.until_ended(ticket)["result_data"]
    quote = "Ships wait outside until the ice breaks."
    start = files.TEXT.index(quote)
    place = {"document": "note.txt", "place": "line 1", "quote": quote}
    proof = place | {"start": start, "end": start + len(quote)}
    assert result["insights"] == [{**fact, "text": "Ships <img> wait.", "evidence": [proof]}]
    assert result["coverage"]["quotes_dropped"] == 2
    assert result["coverage"]["claims_dropped"] == 1
    assert result["coverage"]["documents_read"] == 1
    assert any("paper.pdf" in warning for warning in result["warnings"])
    assert result["conflicts"] == []
    assert "Ships wait outside" in result["analysis"]
    assert "<img>" not in result["analysis"].replace("\\<img\\>", "")


def test_files_that_none_can_read_fail_the_ticket_with_their_names(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    attach(running_app, ticket, ("paper.pdf", files.PDF), ("letter.docx", files.docx()))
    submit(running_app, ticket)
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "failed"
    assert "paper.pdf" in ended["error_message"]
    assert "letter.docx" in ended["error_message"]
    assert running_app.model.bodies == []


def test_cancelling_ends_the_wait(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    assert running_app.api.post(f"/tickets/{ticket}/cancel").json()["status"] == "cancelled"
    assert submit(running_app, ticket).status_code == 409
    assert running_app.read(ticket)["status"] == "cancelled"


def test_a_wait_survives_kill_9_and_a_lost_event_is_raised_again(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    wait_for(
        lambda: running_app.durable.status(f"{ticket}-1")["runtimeStatus"] == "Running", "the wait"
    )
    attach(running_app, ticket, NOTE)
    kill_now(running_app.host.pid)
    running_app.restart()
    assert running_app.until_ended(ticket)["status"] == "completed"


def test_without_a_file_it_ends_as_cancelled_after_its_time(
    own_storage: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    short = {"FILES_QUIET_SECONDS": "0.2", "WAIT_FOR_FILES_HOURS": str(1.5 / 3600)}
    with run_app(own_storage, tmp_path_factory.mktemp("short"), **short) as hasty:
        ticket = waiting(hasty)
        ended = hasty.until_ended(ticket)
        assert ended["status"] == "cancelled"
        assert "file" in ended["error_message"]
        attach(hasty, ticket, NOTE)
        assert hasty.api.post(f"/tickets/{ticket}/reprocess").is_success
        assert hasty.until_ended(ticket)["status"] == "completed"
