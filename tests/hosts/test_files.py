"""Files that follow one another are taken together: the work begins when things have been quiet
for two seconds, not for less."""

import time
from datetime import datetime

import httpx2
import pytest

from tests.support.files import files
from tests.support.running_app import RunningApp

QUIET = 2.0
AFTER = (0.0, 0.2, 1.0, 1.4)
"""Seconds from the answer to one file to the next one."""


def waiting(running_app: RunningApp) -> str:
    answer = running_app.api.post("/tickets", json={"title": "Papers", "task_type": "doc_analysis"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def attach(running_app: RunningApp, ticket: str, number: int) -> httpx2.Response:
    content = f"{number} {files.TEXT}".encode()
    return running_app.api.post(
        f"/tickets/{ticket}/attachments", files={"file": (f"{number}.txt", content)}
    )


def moments(running_app: RunningApp, ticket: str, action: str) -> list[datetime]:
    events = running_app.api.get(f"/tickets/{ticket}/events").json()
    return [datetime.fromisoformat(e["timestamp"]) for e in events if e["action"] == action]


@pytest.mark.parametrize("times", range(2))
def test_files_that_follow(running_app: RunningApp, times: int) -> None:
    ticket = waiting(running_app)
    for number, seconds in enumerate(AFTER):
        time.sleep(seconds)
        assert attach(running_app, ticket, number).status_code == 201, f"{seconds} s later"
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    assert len(ended["result_data"]["documents"]) == len(AFTER)
    [started] = moments(running_app, ticket, "ticket_started")
    last = moments(running_app, ticket, "attachment_added")[-1]
    assert (started - last).total_seconds() >= QUIET


def test_submit_does_not_wait(running_app: RunningApp) -> None:
    ticket = waiting(running_app)
    attach(running_app, ticket, 1)
    assert running_app.api.post(f"/tickets/{ticket}/submit").status_code == 200
    assert running_app.until_ended(ticket)["status"] == "completed"
    [submitted] = moments(running_app, ticket, "ticket_submitted")
    [started] = moments(running_app, ticket, "ticket_started")
    assert (started - submitted).total_seconds() < QUIET
