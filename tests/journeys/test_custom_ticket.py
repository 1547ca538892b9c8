"""A custom ticket from POST to its end, whatever the model does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support.hosts.durable_api import JsonObject
from tests.support.running_app import RunningApp, custom, run_app
from tests.support.servers.model import Script, completion

SCHEMA = {
    "type": "object",
    "properties": {
        "topic": {"type": "string"},
        "points": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "mood": {"enum": ["calm", "angry"]},
    },
    "required": ["topic", "points", "mood"],
    "additionalProperties": False,
}
TEXT = "The harbour freezes in January. Ships wait outside until the ice breaks. Nobody minds."
GOOD = json.dumps({"summary": "Short.", "task_result": "# Done"})


@pytest.fixture(autouse=True)
def _honest_model(running_app: RunningApp) -> None:
    running_app.model.reset()


class Hanging(Response):
    """An answer that never comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


def always(answer: Response) -> Script:
    return lambda _, __: answer


def in_turn(*answers: Response | None) -> Script:
    """Each call gets the next answer, the last one for ever."""
    return lambda number, _: answers[min(number, len(answers)) - 1]


def test_a_ticket_runs_to_its_result(running_app: RunningApp) -> None:
    opened = running_app.open(context=TEXT, instructions="Be brief.")
    assert (opened["status"], opened["attempt"], opened["source"]) == ("pending", 1, "api")

    ticket = running_app.until_ended(opened["id"])
    assert ticket["status"] == "completed", ticket
    result = ticket["result_data"]
    assert result["task_result"]
    assert result["formats"] == ["json", "md", "html", "docx"]
    assert result["warnings"] == []
    assert result["usage"]["calls"] == len(running_app.model.bodies) == 1
    usage = result["usage"]
    assert ticket["tokens_used"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert ticket["ai_model_used"] == result["model"] == "amida-stand-in-1"
    assert ticket["processing_time_seconds"] > 0
    assert ticket["progress"] == {"stage": "completed", "done": 1, "total": 1, "percent": 100}
    assert ticket["error_message"] is None
    assert len(ticket["processing_logs"].splitlines()) == 2
    assert ticket["completed_at"].endswith("Z")


def test_the_task_the_instructions_and_the_context_reach_the_model_fenced(
    running_app: RunningApp,
) -> None:
    running_app.run(task_description="Count ships.", instructions="Use digits.", context=TEXT)
    system, user = (message["content"] for message in running_app.model.bodies[0]["messages"])
    assert "Count ships." in user
    assert "Use digits." in user
    before, _, fenced = user.partition("<<data-")
    assert TEXT not in before
    assert TEXT in fenced
    assert fenced.split()[0] in system


def test_a_schema_gives_a_structured_result_that_fits_it(running_app: RunningApp) -> None:
    ticket = running_app.run(context=TEXT, output_schema=SCHEMA)
    assert ticket["status"] == "completed", ticket["error_message"]
    structured = ticket["result_data"]["structured"]
    jsonschema.validate(structured, SCHEMA)
    assert structured["topic"] in TEXT


def test_unknown_keys_are_kept_and_named(running_app: RunningApp) -> None:
    ticket = running_app.run(colour="blue")
    assert ticket["task_data"]["colour"] == "blue"
    assert any("colour" in warning for warning in ticket["result_data"]["warnings"])


def test_a_one_piece_ticket_takes_few_activities_and_a_small_history(
    running_app: RunningApp,
) -> None:
    ticket = running_app.run(context=TEXT)
    history = running_app.durable.history(f"{ticket['id']}-1")
    activities = [event for event in history if event["EventType"] == "TaskCompleted"]
    assert len(activities) <= 4
    assert len(json.dumps(history)) <= 16 * 1024
    assert TEXT not in json.dumps(history)


@pytest.mark.parametrize(
    ("task_data", "words"),
    [
        ({"task_description": ""}, "task_description"),
        ({"task_description": 7}, "task_description"),
        ({"context": ["no", "text"]}, "context"),
        ({"output_schema": {"type": "objekt"}}, "output_schema"),
        ({"output_schema": {"type": "object", "required": "all"}}, "output_schema"),
        ({"output_schema": {"$ref": "https://example.com/schema.json"}}, "output_schema"),
        ({"output_schema": {"properties": {"a": {"pattern": "(?<=a)b"}}}}, "output_schema"),
        ({"output_schema": "a string"}, "output_schema"),
    ],
)
def test_task_data_that_does_not_fit_is_refused(
    running_app: RunningApp, task_data: JsonObject, words: str
) -> None:
    answer = running_app.api.post("/tickets", json=custom(**task_data))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert words in problem["detail"]
    assert any(words in error["loc"] for error in problem["errors"])


def test_an_unknown_task_type_is_refused_naming_the_known(running_app: RunningApp) -> None:
    answer = running_app.api.post("/tickets", json={**custom(), "task_type": "juggling"})
    assert answer.status_code == 422
    assert "custom" in answer.json()["detail"]


def test_task_data_over_its_limit_is_refused(running_app: RunningApp) -> None:
    answer = running_app.api.post("/tickets", json=custom(context="x" * 2_100_000))
    assert answer.status_code == 413


def test_others_cannot_see_a_ticket(running_app: RunningApp) -> None:
    ticket = running_app.run()
    absent = ticket["id"][:-8] + "00000000"
    eve = running_app.log_in("eve")
    foreign, missing = eve.get(f"/tickets/{ticket['id']}"), eve.get(f"/tickets/{absent}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["detail"] == missing.json()["detail"]


def test_an_unchanged_ticket_is_not_sent_again(running_app: RunningApp) -> None:
    ticket = running_app.run()
    etag = running_app.api.get(f"/tickets/{ticket['id']}").headers["etag"]
    again = running_app.api.get(f"/tickets/{ticket['id']}", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_bad_json_is_repaired_once(running_app: RunningApp) -> None:
    running_app.model.reset(in_turn(completion("{nonsense"), completion(GOOD)))
    ticket = running_app.run()
    assert ticket["status"] == "completed"
    assert ticket["result_data"]["usage"]["calls"] == len(running_app.model.bodies) == 2
    assert ticket["tokens_used"] == 30


@pytest.mark.parametrize(
    ("answer", "words", "calls"),
    [
        (completion("{nonsense"), "not asked for", 2),
        (completion(json.dumps({"summary": 1})), "not asked for", 2),
        (completion(GOOD, "length"), "cut off", 1),
        (completion(GOOD, "content_filter"), "content filter", 1),
        (completion(GOOD, None), "finish_reason", 1),
        (completion(""), "empty", 1),
        (JSONResponse({"object": "chat.completion", "choices": []}), "any choice", 1),
        (HTMLResponse("<html>Welcome</html>"), "web page", 1),
        (Response("", 200), "no JSON", 1),
        (JSONResponse({"error": {"message": "secret"}}, 401), "credentials", 1),
        (JSONResponse({"error": {"message": "secret"}}, 404), "deployment", 1),
    ],
)
def test_a_model_that_talks_nonsense_fails_the_ticket_with_the_reason(
    running_app: RunningApp, answer: Response, words: str, calls: int
) -> None:
    running_app.model.reset(always(answer))
    ticket = running_app.run()
    assert ticket["status"] == "failed"
    assert words in ticket["error_message"]
    assert "secret" not in ticket["error_message"]
    assert len(running_app.model.bodies) == calls
    assert ticket["result_data"] == {}


def test_a_model_that_hangs_fails_the_ticket_within_its_bounds(
    own_storage: str, tmp_path: Path
) -> None:
    with run_app(own_storage, tmp_path, MODEL_TIMEOUT_SECONDS="1") as impatient:
        impatient.model.reset(always(Hanging()))
        ticket = impatient.run()
    assert ticket["status"] == "failed"
    assert "did not answer within 1 seconds" in ticket["error_message"]


def test_a_structured_answer_that_misses_the_schema_twice_fails_the_ticket(
    running_app: RunningApp,
) -> None:
    wrong: dict[str, Any] = {"summary": "s", "task_result": "r", "structured": {"topic": "x"}}
    running_app.model.reset(always(completion(json.dumps(wrong))))
    ticket = running_app.run(output_schema=SCHEMA)
    assert ticket["status"] == "failed"
    assert len(running_app.model.bodies) == 2


def test_a_busy_model_is_waited_for_by_a_durable_timer(running_app: RunningApp) -> None:
    busy = JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "1"})
    running_app.model.reset(in_turn(busy, None))
    ticket = running_app.run()
    assert ticket["status"] == "completed", ticket["error_message"]
    assert len(running_app.model.bodies) == 2
    assert "busy" in ticket["processing_logs"]
    events = [event["EventType"] for event in running_app.durable.history(f"{ticket['id']}-1")]
    assert "TimerFired" in events


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (JSONResponse({"error": {}}, 429, {"Retry-After": "300"}), "busy"),
        (JSONResponse({"error": {}}, 503), "out of order"),
        (Response("oops", 500), "out of order"),
    ],
)
def test_a_model_that_stays_away_fails_the_ticket_in_the_end(
    running_app: RunningApp, answer: Response, words: str
) -> None:
    running_app.model.reset(always(answer))
    ticket = running_app.run()
    assert ticket["status"] == "failed"
    assert words in ticket["error_message"]
    assert 1 <= len(running_app.model.bodies) <= 30
