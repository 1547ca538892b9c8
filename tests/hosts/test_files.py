"""Files that follow one another are taken together: the work begins when things have been quiet
for two seconds, not for less."""

import time
from datetime import datetime

import httpx2
import pytest

from tests import files
from tests.world import World

QUIET = 2.0
AFTER = (0.0, 0.2, 1.0, 1.9)
"""Seconds from the answer to one file to the next one."""


def waiting(world: World) -> str:
    answer = world.api.post("/tickets", json={"title": "Papers", "task_type": "doc_analysis"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def attach(world: World, ticket: str, number: int) -> httpx2.Response:
    content = f"{number} {files.TEXT}".encode()
    return world.api.post(
        f"/tickets/{ticket}/attachments", files={"file": (f"{number}.txt", content)}
    )


def moments(world: World, ticket: str, action: str) -> list[datetime]:
    events = world.api.get(f"/tickets/{ticket}/events").json()
    return [datetime.fromisoformat(e["timestamp"]) for e in events if e["action"] == action]


@pytest.mark.parametrize("times", range(2))
def test_files_that_follow(world: World, times: int) -> None:
    ticket = waiting(world)
    for number, seconds in enumerate(AFTER):
        time.sleep(seconds)
        assert attach(world, ticket, number).status_code == 201, f"{seconds} s later"
    ended = world.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    assert len(ended["result_data"]["documents"]) == len(AFTER)
    [started] = moments(world, ticket, "ticket_started")
    last = moments(world, ticket, "attachment_added")[-1]
    assert (started - last).total_seconds() >= QUIET


def test_submit_does_not_wait(world: World) -> None:
    ticket = waiting(world)
    attach(world, ticket, 1)
    assert world.api.post(f"/tickets/{ticket}/submit").status_code == 200
    assert world.until_ended(ticket)["status"] == "completed"
    [submitted] = moments(world, ticket, "ticket_submitted")
    [started] = moments(world, ticket, "ticket_started")
    assert (started - submitted).total_seconds() < QUIET
