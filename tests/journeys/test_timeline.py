"""The course of a ticket: what was done when, for how many tokens, and what it waited for."""

import pytest
from starlette.responses import Response

from tests.support.running_app import JsonObject, RunningApp
from tests.support.servers.model import completion

GOOD = completion('{"summary": "S", "task_result": "R"}')


def course(running_app: RunningApp, ticket: JsonObject) -> list[JsonObject]:
    answer = running_app.api.get(f"/tickets/{ticket['id']}/timeline")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["ticket_id"], found["attempt"]) == (ticket["id"], ticket["attempt"])
    entries: list[JsonObject] = found["entries"]
    assert entries == sorted(entries, key=lambda entry: entry["started_at"])
    assert all(entry["seconds"] >= 0 for entry in entries)
    assert sum(share["seconds"] for share in found["shares"]) == pytest.approx(
        found["seconds"], abs=0.05
    )
    return entries


def is_of_the_platform(entry: JsonObject) -> bool:
    """Whether it is a wait that a slow machine has, and a fast one not."""
    return entry["waits_for"] in ("queue", "platform") or entry["name"] == "end: ending"


def test_steps_calls_and_waits_have_their_times_and_tokens(running_app: RunningApp) -> None:
    busy = Response(status_code=429, headers={"Retry-After": "1"})
    running_app.model.reset(lambda number, _: busy if number == 1 else GOOD)
    ticket = running_app.run()
    assert ticket["status"] == "completed", ticket
    entries = course(running_app, ticket)
    told = [(entry["kind"], entry["name"]) for entry in entries if not is_of_the_platform(entry)]
    assert told == [
        ("wait", "wait for the beginning"),
        ("step", "plan: reading"),
        ("step", "work: working"),
        ("wait", "wait for model"),
        ("step", "work: working"),
        ("call", "scripted-model"),
        ("step", "combine: working"),
    ]
    [wait] = [entry for entry in entries if entry["waits_for"] == "service"]
    [call] = [entry for entry in entries if entry["kind"] == "call"]
    assert wait["seconds"] >= 1
    assert (wait["waits_for"], wait["service"]) == ("service", "model")
    assert (
        wait["detail"]
        == entries[entries.index(wait) - 1]["detail"]
        == "The model is busy (HTTP 429)."
    )
    assert (call["prompt_tokens"], call["completion_tokens"], call["reused"]) == (10, 5, False)
    assert "Waiting: The model is busy (HTTP 429)." in ticket["processing_logs"]


def test_it_is_of_the_present_attempt_and_its_readers_alone(running_app: RunningApp) -> None:
    running_app.model.reset(lambda _, __: GOOD)
    ticket = running_app.run()
    assert running_app.log_in("mallory").get(f"/tickets/{ticket['id']}/timeline").status_code == 404
    again = running_app.api.post(f"/tickets/{ticket['id']}/reprocess")
    assert again.status_code == 200
    entries = course(running_app, running_app.until_ended(ticket["id"]))
    kinds = [entry["kind"] for entry in entries if not is_of_the_platform(entry)]
    assert kinds == ["wait", "step", "step", "call", "step"]
