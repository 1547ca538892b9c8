"""What the running app reports goes to Application Insights, signed by its identity, and to a
collector."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse

from infra.checks.kql import queries
from shared.telemetry.names import LogLine, SpanName
from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.insights import CLIENT_ID, Insights, insights

JsonObject = dict[str, Any]
SECONDS = 40.0


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Insights]:
    with insights(tmp_path_factory.mktemp("insights")) as server:
        yield server


@pytest.fixture(scope="module")
def running_app(
    storage: str, monitor: Insights, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    settings = {**monitor.settings, "TELEMETRY_TRACES_PER_SECOND": "1000"}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **settings) as running:
        wait_for(lambda: monitor.collected, "telemetry to be set up", SECONDS)
        yield running


@pytest.fixture(scope="module")
def ticket(running_app: RunningApp) -> JsonObject:
    """One that failed."""
    running_app.model.reset(lambda *_: JSONResponse({}, 400))
    return running_app.run()


def data_of(monitor: Insights, kind: str, ticket_id: str) -> list[JsonObject]:
    """What the tables of Application Insights would have of a ticket."""
    return [
        one["data"]["baseData"] | {"operation": one["tags"]["ai.operation.id"]}
        for one in monitor.envelopes
        if one["data"]["baseType"] == kind
        and one["data"]["baseData"].get("properties", {}).get("ticket.id") == ticket_id
    ]


def test_the_identity_signs_what_is_sent(
    monitor: Insights, running_app: RunningApp, ticket: JsonObject
) -> None:
    wait_for(lambda: data_of(monitor, "RemoteDependencyData", ticket["id"]), "spans", SECONDS)
    assert monitor.signatures == {f"Bearer {monitor.token}"}
    assert {one["client_id"] for one in monitor.asked} == {CLIENT_ID}
    assert {one["resource"].rstrip("/") for one in monitor.asked} == {"https://monitor.azure.com"}


def test_a_failure_is_a_trace_of_the_operation_that_its_calls_belong_to(
    monitor: Insights, ticket: JsonObject
) -> None:
    [line] = wait_for(lambda: data_of(monitor, "MessageData", ticket["id"]), "the line", SECONDS)
    assert line["message"] == LogLine.TICKET_FAILED
    assert line["properties"]["ticket.failure"] == ticket["error_message"]

    def chat() -> list[JsonObject]:
        found = data_of(monitor, "RemoteDependencyData", ticket["id"])
        return [one for one in found if one["properties"].get("service.outside") == "model"]

    [call] = wait_for(chat, "the call of the model", SECONDS)
    assert call["operation"] == line["operation"]
    assert (call["success"], call["resultCode"]) == (False, "400")
    assert "127.0.0.1" in call["target"]


def test_steps_are_what_the_query_of_stages_asks_for(monitor: Insights, ticket: JsonObject) -> None:
    asked = queries()["workbook/stages.kql"]

    def names() -> set[str]:
        return {one["name"] for one in data_of(monitor, "RemoteDependencyData", ticket["id"])}

    steps = {SpanName.PLAN, SpanName.WORK, SpanName.END}
    wait_for(lambda: steps <= names(), "the steps", SECONDS)
    assert all(f'"{step}"' in asked for step in steps)


def test_a_collector_gets_the_same(monitor: Insights, ticket: JsonObject) -> None:
    wait_for(lambda: SpanName.END in monitor.collected, "the end of the ticket", SECONDS)
    assert {SpanName.PLAN, SpanName.WORK, SpanName.MODEL_CALL} <= set(monitor.collected)
