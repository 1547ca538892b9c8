"""The app in Microsoft's own Python worker library: every function is indexed as the local host
reads it, and one of each kind of trigger does its work.

Nothing but this worker works on the storage here, so that whatever comes about is its doing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from tests.support.files import files
from tests.support.hosts.durable_api import Durable
from tests.support.hosts.process import ROOT, StartHost, wait_for
from tests.support.pythons import Python
from tests.support.running_app import PASSWORD, SETTINGS, custom
from tests.support.telemetry import TelemetryFile, Told
from tests.worker import environment
from tests.worker.process import FunctionError, Worker, workers
from tests.worker.protos import ModelBindingData, TypedData
from tests.worker.site import JsonObject, Site

TIMER = {
    "Schedule": {"AdjustForDST": True},
    "ScheduleStatus": {
        "Last": "2026-11-27T11:41:00+00:00",
        "Next": "2026-11-27T11:42:00+00:00",
        "LastUpdated": "2026-11-27T11:41:00+00:00",
    },
    "IsPastDue": False,
}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def python() -> Python:
    found = environment.find_python()
    if found is None:
        pytest.skip(environment.ABSENT)
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> TelemetryFile:
    return TelemetryFile(tmp_path_factory.mktemp("telemetry") / "told.jsonl")


@pytest.fixture(scope="module")
def settings(storage: str, told: TelemetryFile) -> dict[str, str]:
    return {
        **json.loads((ROOT / "local.settings.sample.json").read_text())["Values"],
        **SETTINGS,
        "STORAGE_CONNECTION": storage,
        "AzureWebJobsStorage": storage,
        "MODEL_BASE_URL": NOBODY,
        "PYTHON_ENABLE_OPENTELEMETRY": "true",
        "TELEMETRY_FILE": str(told.path),
    }


@pytest.fixture(scope="module")
def worker(
    python: Python, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    with workers(environment.make(python), settings, log) as running:
        yield running


@pytest.fixture(scope="module")
def site(worker: Worker, start_module_host: StartHost) -> Site:
    """With the token of a user called ada."""
    host = start_module_host(Path(__file__).parent / "app")
    visitor = Site(worker, Durable(host), host.client.get("/api/client").text)
    new = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
    assert visitor.call("register", new).status == 201
    login = visitor.call("login", form={"username": "ada", "password": PASSWORD})
    assert login.status == 200, login.body
    return replace(visitor, token=login.json()["access_token"])


def opened(site: Site) -> str:
    """The id of a new ticket."""
    answer = site.call("create_ticket", custom())
    assert answer.status == 201, answer.body
    assert answer.headers["location"] == f"/api/v1/tickets/{answer.json()['id']}"
    return str(answer.json()["id"])


def started(site: Site, ticket_id: str) -> JsonObject:
    """What the workflow of a ticket was started with; fails when it was not."""
    order: JsonObject = site.durable.wait(f"{ticket_id}-1")["output"]
    return order


def read(site: Site, ticket_id: str) -> JsonObject:
    answer = site.call("read_ticket", ticket_id=ticket_id)
    assert answer.status == 200, answer.body
    ticket: JsonObject = answer.json()
    return ticket


def event(kind: int, event_id: int = -1, **facts: Any) -> JsonObject:
    """An event of a workflow's history."""
    at = "2026-11-27T11:41:00.1234567Z"
    return {"EventType": kind, "EventId": event_id, "IsPlayed": False, "Timestamp": at, **facts}


def next_activity(site: Site, ticket_id: str, history: list[JsonObject]) -> tuple[str, str]:
    """Name and input of the activity that the workflow of a ticket, with that history, asks for."""
    context = {
        "history": history,
        "input": json.dumps(started(site, ticket_id)),
        "instanceId": f"{ticket_id}-1",
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
    }
    state = json.loads(result(site, "process_ticket", json.dumps(context)))
    assert not state["isDone"]
    action = state["actions"][0][-1]
    while "compoundActions" in action:  # of tasks that go together, and of the tries of one
        [action] = action["compoundActions"]
    return action["functionName"], action["input"]


def result(site: Site, name: str, given: str) -> str:
    """What an orchestrator or an activity answers, as JSON."""
    answer = site.invoke(name, TypedData(string=given))
    assert answer is not None
    assert answer.json is not None
    return answer.json


def as_indexed(site: Site, name: str) -> dict[str, JsonObject]:
    """The bindings of a function by name. The worker names enum members as Python does, and hosts
    read these names in any case. Whether a reference is wanted in place of content it says at each
    binding of a function that wants one anywhere."""
    bindings = {one["name"]: one for one in site.bindings(name)}
    for one in bindings.values():
        one.pop("properties", None)
        one["direction"] = ["IN", "OUT"].index(one["direction"])
        if "authLevel" in one:
            one["authLevel"] = one["authLevel"].lower()
    return bindings


def as_read_by_the_local_host(settings: dict[str, str]) -> dict[str, dict[str, JsonObject]]:
    """The bindings of all functions by function and name."""
    command = [sys.executable, "-m", "tests.worker.local_bindings"]
    env = {**os.environ, **settings}
    done = subprocess.run(command, check=True, cwd=ROOT, env=env, stdout=subprocess.PIPE)
    functions = json.loads(done.stdout)
    return {name: {one["name"]: one for one in functions[name]} for name in functions}


def test_every_function_is_indexed_as_the_local_host_reads_it_and_loads(
    site: Site, settings: dict[str, str], python: Python, record_property: Any
) -> None:
    functions = site.worker.functions
    indexed = {name: as_indexed(site, name) for name in functions}
    assert indexed == as_read_by_the_local_host(settings)
    for name in functions:
        site.worker.load(name)
    library = f"azure-functions-runtime {site.worker.metadata.worker_version}"
    record_property(
        "summary", f"worker: ran on Python {python.version}, {library}, {len(functions)} functions"
    )


def test_http(site: Site) -> None:
    alive = site.call("health")
    assert (alive.status, alive.json()) == (200, {"status": "ok"})
    assert alive.headers["x-content-type-options"] == "nosniff"
    unknown = site.call("read_ticket", ticket_id="nobody")
    assert (unknown.status, unknown.json()["status"]) == (404, 404)
    assert unknown.headers["content-type"] == "application/problem+json"


def test_the_hosts_trace_goes_on_in_the_app(site: Site, told: TelemetryFile) -> None:
    told.until(lambda: told.of("metric"), "telemetry to be set up")
    trace, parent = "c" * 32, "d" * 16
    site.worker.trace_parent = f"00-{trace}-{parent}-01"
    site.call("health")
    site.worker.trace_parent = ""

    def spans() -> Told:
        return [one for one in told.of("span", "request") if one["trace"] == trace]

    [span] = told.until(spans, "the request")
    assert span["parent"] == parent


def test_http_with_a_durable_client(site: Site) -> None:
    ticket_id = opened(site)
    order = started(site, ticket_id)
    assert (order["ticket_id"], order["attempt"], order["task_type"]) == (ticket_id, 1, "custom")


def test_orchestrator_and_activity(site: Site) -> None:
    """A workflow's first turn, the activity that it asks for, and its second turn."""
    ticket_id = opened(site)
    history = [event(12), event(0, Name="process_ticket", Version="", Input=None)]
    name, given = next_activity(site, ticket_id, history)
    assert name == "custom_plan"
    ref = {"ticket_id": ticket_id, "attempt": 1, "task_type": "custom"}
    ref["trace"] = started(site, ticket_id)["trace"]
    [sent] = json.loads(given)
    assert sent == ref | {"chains": True, "called_at": sent["called_at"]}

    plan = result(site, name, json.dumps([ref]))  # as an older workflow asks, step by step
    assert json.loads(plan)["kind"] == "round"
    assert read(site, ticket_id)["status"] == "processing"

    history += [event(4, 0, Name=name), event(13)]
    history += [event(12), event(5, TaskScheduledId=0, Result=plan)]
    name, given = next_activity(site, ticket_id, history)
    assert name == "custom_work"
    [sent, *_] = json.loads(given)
    assert sent == ref | {"chains": True, "called_at": sent["called_at"]}


def test_activity_without_an_answer(site: Site) -> None:
    ticket_id = opened(site)
    given = [{"ticket_id": ticket_id, "attempt": 1}, "The test wants it so."]
    assert result(site, "fail_ticket", json.dumps(given)) == "null"
    ended = read(site, ticket_id)
    assert (ended["status"], ended["error_message"]) == ("failed", "The test wants it so.")


def test_activity_that_raises(site: Site) -> None:
    with pytest.raises(FunctionError, match=r"^RuntimeError: custom_plan: KeyError\n"):
        result(site, "custom_plan", json.dumps([{"ticket_id": opened(site)}]))


def test_timer(site: Site) -> None:
    """The sweeper starts a ticket that could not be started when it was opened."""
    away = replace(site, client=site.client.replace(site.durable.host.base_url, NOBODY))
    assert away.client != site.client
    ticket_id = opened(away)
    path = f"/instances/{ticket_id}-1"
    assert site.durable.get(path).status_code == 404

    def is_swept() -> bool:
        assert site.invoke("sweep", TypedData(json=json.dumps(TIMER))) is None
        return site.durable.get(path).status_code != 404

    wait_for(is_swept, "the sweeper to start the ticket")
    assert started(site, ticket_id)["ticket_id"] == ticket_id


def test_blob(site: Site, storage: str) -> None:
    """A dropped file opens a ticket, once, however often its event comes. The worker is handed its
    name alone, for which the function's binding must have asked."""
    trigger = next(one for one in site.bindings("take_upload") if one["name"] == "blob")
    assert trigger["properties"]["SupportsDeferredBinding"] is True
    names = {"Connection": "STORAGE_CONNECTION", "ContainerName": "uploads"}
    reference = ModelBindingData(
        version="1.0",
        source="AzureStorageBlobs",
        content_type="application/json",
        content=json.dumps({**names, "BlobName": "ada/harbour.txt"}).encode(),
    )
    with BlobServiceClient.from_connection_string(storage) as service:
        container = service.create_container("uploads")
        blob = container.upload_blob("ada/harbour.txt", files.TEXT)
        metadata = {
            "BlobTrigger": TypedData(string="uploads/ada/harbour.txt"),
            "Uri": TypedData(json=json.dumps(blob.url)),
            "name": TypedData(string="ada/harbour.txt"),
        }
        for _ in range(2):
            given = TypedData(model_binding_data=reference)
            assert site.invoke("take_upload", given, **metadata) is None
    [ticket] = [
        one for one in site.call("list_tickets").json()["tickets"] if one["source"] == "blob"
    ]
    assert ticket["title"] == "harbour.txt"
    assert started(site, ticket["id"])["task_type"] == "doc_analysis"
