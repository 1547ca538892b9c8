"""What the running app reports of tickets: one trace from the request to each call of a service
outside, metrics, the reason of a failure; and nothing of what the tickets are about."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from starlette.responses import JSONResponse, Response

from shared.telemetry.names import EVERYWHERE, METRICS, Attribute, LogLine, Metric, SpanName
from shared.workflow.wait_budget import WaitBudget
from tests.support.git.history import History
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp, run_app
from tests.support.servers.github import TOKEN, GitHubServer
from tests.support.servers.snowflake import LocalSnowflake
from tests.support.servers.storage_proxy import Call
from tests.support.tasks.questions import Writer
from tests.support.tasks.reviewer import BASE, HEAD, Reviewer, proposed
from tests.support.telemetry import TelemetryFile, Told

CANARY = "Kanarienvogel"
QUESTION = "Which regions do we sell in?"
OF_A_STEP = EVERYWHERE | {Attribute.STAGE}
STEPS = {SpanName.PLAN, SpanName.WORK, SpanName.COMBINE, SpanName.END}
PAPER = {
    "topic": f"How {CANARY} sings",
    "research_notes": f"{CANARY} sings at dawn. It sings for 20 minutes.",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> TelemetryFile:
    return TelemetryFile(tmp_path_factory.mktemp("telemetry") / "told.jsonl")


@pytest.fixture(scope="module")
def running_app(
    storage: str,
    github: GitHubServer,
    told: TelemetryFile,
    snowflake: LocalSnowflake,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningApp]:
    settings = {
        **snowflake.settings(),
        "TELEMETRY_FILE": str(told.path),
        "TELEMETRY_TRACES_PER_SECOND": "1000",
        **github.settings,
        "PRICE_PROMPT_TOKENS": "2",
        "PRICE_COMPLETION_TOKENS": "10",
    }
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **settings) as running:
        told.until(lambda: told.of("metric"), "telemetry to be set up")
        yield running


@pytest.fixture(autouse=True)
def _honest_services(running_app: RunningApp) -> None:
    set_right(running_app)


def set_right(running_app: RunningApp) -> None:
    """The services outside do as they should."""
    running_app.model.reset()
    running_app.storage.reset()


def run(running_app: RunningApp, task_type: str, **task_data: Any) -> JsonObject:
    body = {"title": CANARY, "task_type": task_type, "task_data": task_data}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return running_app.until_ended(answer.json()["id"])


def analysed(running_app: RunningApp) -> JsonObject:
    body = {"title": CANARY, "task_type": "doc_analysis", "task_data": {"analysis_type": "risk"}}
    opened = running_app.api.post("/tickets", json=body).json()
    files = {"file": (f"{CANARY}.txt", f"{CANARY} waits for nobody. The mole is closed.".encode())}
    answer = running_app.api.post(f"/tickets/{opened['id']}/attachments", files=files)
    assert answer.status_code == 201, answer.text
    return running_app.until_ended(opened["id"])


def reviewed(running_app: RunningApp, github: GitHubServer, folder: Path) -> JsonObject:
    running_app.model.reset(
        Reviewer(lambda _: [proposed("start = page * 20"), proposed("nowhere(at_all)")])
    )
    history = History(folder / "app")
    history.commit({"shop/orders.py": BASE})
    history.branch("feature")
    history.commit({"shop/orders.py": f"{HEAD}# {CANARY}\n"})
    return run(running_app, "pr_review", pr_url=github.serve(history))


@pytest.fixture(scope="module")
def custom_ticket(running_app: RunningApp) -> JsonObject:
    return run(running_app, "custom", task_description=f"Tell of {CANARY}.")


@pytest.fixture(scope="module")
def analysis(running_app: RunningApp) -> JsonObject:
    return analysed(running_app)


@pytest.fixture(scope="module")
def review(
    running_app: RunningApp, github: GitHubServer, tmp_path_factory: pytest.TempPathFactory
) -> JsonObject:
    ticket = reviewed(running_app, github, tmp_path_factory.mktemp("review"))
    set_right(running_app)
    return ticket


@pytest.fixture(scope="module")
def paper(running_app: RunningApp) -> JsonObject:
    return run(running_app, "paper_writing", **PAPER)


@pytest.fixture(scope="module")
def answered(running_app: RunningApp) -> JsonObject:
    """A question to Snowflake."""
    running_app.model.reset(Writer(["SELECT REGION_NAME FROM SALES.PUBLIC.REGIONS"]))
    ticket = run(running_app, "snowflake_query", query_request=QUESTION)
    set_right(running_app)
    return ticket


@pytest.fixture(scope="module")
def repeated(running_app: RunningApp) -> JsonObject:
    """A ticket with a step that storage refuses once."""
    refused: list[Call] = []

    async def refuse(call: Call) -> Response | None:
        if refused or not call.path.endswith("/1/calls.jsonl"):
            return None
        refused.append(call)
        return Response(CANARY, 400)

    running_app.storage.reset(before=refuse)
    ticket = running_app.run()
    set_right(running_app)
    return ticket


@pytest.fixture(scope="module")
def rejected(running_app: RunningApp, told: TelemetryFile, blobs: BlobServiceClient) -> Told:
    """What is told of a blob that nobody can have sent."""
    blobs.get_container_client("uploads").upload_blob(f"nobody/{CANARY}.txt", b"Whose?")
    return told.until(lambda: told.of("metric", Metric.REJECTED_BLOBS), "the rejected blob")


@pytest.fixture(scope="module")
def failed(running_app: RunningApp) -> JsonObject:
    running_app.model.reset(lambda *_: JSONResponse({"error": {"message": CANARY}}, 400))
    ticket = running_app.run(task_description=f"Tell of {CANARY}.")
    set_right(running_app)
    return ticket


@pytest.fixture(scope="module")
def waited(running_app: RunningApp) -> JsonObject:
    """A ticket whose model was busy at first."""
    busy = JSONResponse({}, 429, {"Retry-After": "1"})
    running_app.model.reset(lambda number, _: busy if number == 1 else None)
    ticket = running_app.run()
    set_right(running_app)
    return ticket


@pytest.fixture(scope="module")
def all_of_them(
    custom_ticket: JsonObject,
    analysis: JsonObject,
    review: JsonObject,
    paper: JsonObject,
    answered: JsonObject,
    repeated: JsonObject,
    rejected: Told,
    failed: JsonObject,
    waited: JsonObject,
) -> None:
    """Tickets of all kinds have ended, and a blob was rejected."""


def names_of(told: TelemetryFile, kind: str) -> set[str]:
    return {one["name"] for one in told.of(kind)}


def services(trace: Told) -> set[str]:
    return {span["attributes"].get("service.outside", "") for span in trace} - {""}


def check_trace(told: TelemetryFile, ticket: JsonObject) -> Told:
    """The trace of a ticket: its steps follow from the request, calls from the steps."""
    assert ticket["status"] == "completed", ticket["error_message"]
    trace = told.trace_of(ticket["id"])
    by_id = {span["span"]: span for span in trace}
    [start] = [span for span in trace if span["name"] == SpanName.START]
    assert by_id[start["parent"]]["name"] == SpanName.REQUEST
    steps = [span for span in trace if span["name"] in STEPS]
    assert {span["name"] for span in steps} == STEPS
    above = {span["parent"] for span in steps}
    assert start["span"] in above
    assert above <= {start["span"], *(span["span"] for span in steps)}, "one within another, or not"
    for span in trace:
        if span is start or span["parent"] in {step["span"] for step in steps}:
            attributes = span["attributes"]
            assert set(attributes) >= (EVERYWHERE if span is start else OF_A_STEP)
            assert attributes["ticket.id"] == ticket["id"]
            assert attributes["ticket.type"] == ticket["task_type"]
            assert attributes["ticket.attempt"] == 1
    return trace


def test_a_custom_ticket(told: TelemetryFile, custom_ticket: JsonObject) -> None:
    trace = check_trace(told, custom_ticket)
    assert services(trace) == {"storage", "model"}
    [chat] = [span for span in trace if span["name"] == SpanName.MODEL_CALL]
    assert chat["attributes"]["gen_ai.request.model"] == "grok-3"
    assert chat["attributes"]["ticket.stage"] == "working"


def test_analysed_documents(told: TelemetryFile, analysis: JsonObject) -> None:
    trace = check_trace(told, analysis)
    stages = {span["attributes"]["ticket.stage"] for span in trace if span["name"] in STEPS}
    assert stages >= {"reading", "analysing", "ending"}


def test_a_reviewed_pull_request(told: TelemetryFile, review: JsonObject) -> None:
    assert services(check_trace(told, review)) == {"storage", "model", "github"}

    def dropped() -> Told:
        found = told.of("metric", Metric.DROPPED_CLAIMS)
        return [one for one in found if one["attributes"]["ticket.type"] == "pr_review"]

    [one] = told.until(dropped, "a dropped finding")
    assert one["value"] == 1
    assert one["attributes"] == {"ticket.type": "pr_review", "reason": "quote_not_found"}


def test_a_paper(told: TelemetryFile, paper: JsonObject) -> None:
    check_trace(told, paper)


def test_a_question_to_snowflake(told: TelemetryFile, answered: JsonObject) -> None:
    assert services(check_trace(told, answered)) >= {"storage", "snowflake"}


def test_a_step_that_is_tried_again_is_counted(told: TelemetryFile, repeated: JsonObject) -> None:
    assert repeated["status"] == "completed"
    [retry] = told.until(lambda: told.of("metric", Metric.RETRIES), "the second try")
    assert retry["attributes"] == {
        "ticket.type": "custom",
        "ticket.stage": "reading",
        "reason": "HttpResponseError",
    }


def test_a_blob_that_nobody_can_have_sent(rejected: Told) -> None:
    [one] = rejected
    assert one["attributes"] == {"reason": "unknown_user"}


def test_what_is_measured_adds_up(running_app: RunningApp, told: TelemetryFile) -> None:
    wait_for(lambda: is_all_told(running_app, told), "what other tickets have told")
    before = sums(told)
    ticket = run(running_app, "custom", task_description="Count.")
    told.until(lambda: [{}] if "tickets.ended" in grown(told, before) else [], "the ticket's end")
    told.until(lambda: [{}] if "model.cost" in grown(told, before) else [], "what it cost")
    more = grown(told, before)
    assert more["tickets.opened"] == more["tickets.ended"] == 1
    assert more["model.tokens"] == ticket["tokens_used"]
    assert more["stage.duration"] >= 3
    assert 0 < more["model.cost"] < 0.1


def is_all_told(running_app: RunningApp, told: TelemetryFile) -> bool:
    """Whether each ticket so far, all of which have ended, is in the metrics."""
    tickets, counted = running_app.api.get("/tickets").json()["total"], sums(told)
    return all(counted.get(f"tickets.{name}", 0) == tickets for name in ("opened", "ended"))


def sums(told: TelemetryFile) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in told.of("metric"):
        value: float = one["value"] if "value" in one else one["count"]
        found[one["name"]] = found.get(one["name"], 0) + value
    return found


def grown(told: TelemetryFile, before: dict[str, float]) -> dict[str, float]:
    now = sums(told)
    more = {name: value - before.get(name, 0) for name, value in now.items()}
    return {name: value for name, value in more.items() if value}


def test_a_failure_is_logged_with_its_reason_and_in_its_trace(
    told: TelemetryFile, failed: JsonObject
) -> None:
    assert failed["status"] == "failed"
    logged = told.until(lambda: told.of("log", LogLine.TICKET_FAILED), "the failure")
    [line] = [one for one in logged if one["attributes"]["ticket.id"] == failed["id"]]
    assert line["severity"] == "ERROR"
    assert line["attributes"]["reason"] == "model"
    assert line["attributes"]["ticket.failure"] == failed["error_message"]
    assert line["attributes"]["ticket.id"] == failed["id"]
    assert line["trace"] == told.trace_of(failed["id"])[0]["trace"]


def test_a_wait_for_the_model_is_measured_with_the_service(
    told: TelemetryFile, waited: JsonObject
) -> None:
    assert waited["status"] == "completed"
    [wait] = told.until(lambda: told.of("metric", Metric.WAITS), "the wait")
    assert wait["attributes"] == {
        "ticket.type": "custom",
        "ticket.stage": "working",
        "service.outside": "model",
    }
    assert 1 <= wait["sum"] <= 1 + WaitBudget.JITTER
    assert told.of("metric", Metric.THROTTLED)


def test_storage_is_called_no_more_than_without(
    running_app: RunningApp, told: TelemetryFile
) -> None:
    ticket = run(running_app, "custom", task_description="Count.")
    path = f"/tickets/{ticket['id']}"
    assert running_app.storage_calls(lambda _: running_app.api.get(path)) == 1
    steps = [span for span in check_trace(told, ticket) if "ticket.stage" in span["attributes"]]
    calls = [span for span in steps if span["attributes"].get("service.outside") == "storage"]
    assert len(calls) <= 25


@pytest.mark.usefixtures("all_of_them")
def test_names_and_forms_are_those_that_queries_ask_for(told: TelemetryFile) -> None:
    """Each kind of span is there, and each metric with its attributes."""
    told.until(lambda: [{}] if set(SpanName) <= names_of(told, "span") else [], "all kinds of span")
    told.until(lambda: [{}] if set(Metric) <= names_of(told, "metric") else [], "all metrics")
    assert set(Metric) == names_of(told, "metric")
    for one in told.of("metric"):
        form = METRICS[Metric(one["name"])]
        assert set(one["attributes"]) == {attribute.value for attribute in form.attributes}
        assert one["unit"] == form.unit
    known = {attribute.value for attribute in Attribute}
    of_tickets = {
        name
        for one in told.lines()
        for name in one["attributes"]
        if name.startswith(("ticket.", "gen_ai."))
    }
    assert of_tickets <= known


@pytest.mark.usefixtures("all_of_them")
def test_nothing_is_told_of_what_tickets_are_about(told: TelemetryFile) -> None:
    """They were full of it."""
    text = told.path.read_text(encoding="utf-8")
    assert len(text) > 10_000
    for secret in (CANARY, TOKEN, "Bearer"):
        assert secret not in text
    assert not re.search(r"\bada[-@]", text), "no user is named"
    assert "sell in" not in text
