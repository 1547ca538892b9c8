"""Blob functions told by Event Grid: what its endpoint takes, and what comes of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from azure.storage.blob import BlobServiceClient

from tests.support.hosts.durable_api import new_id
from tests.support.hosts.poison import poison_message
from tests.support.hosts.process import StartHost, wait_for

APPS = Path(__file__).parent / "apps"
TRIES = 5
PATH = "/runtime/webhooks/blobs"


class Grid:
    """A host to which only events tell of blobs, what is in storage, and Event Grid's part."""

    def __init__(self, start: StartHost, storage: str, folder: Path) -> None:
        self.name = f"box-{new_id()}"
        self.storage = storage
        self.runs_file = folder / "runs"
        self.service = BlobServiceClient.from_connection_string(storage)
        self.container = self.service.create_container(self.name)
        self.host = start(
            APPS / "events",
            {
                "STORE": storage,
                "BOX": self.name,
                "RUNS_FOLDER": str(folder),
                "LOCAL_EVENT_GRID": "off",
            },
        )

    def put(self, name: str, content: bytes) -> dict[str, Any]:
        """Write a blob; the event that Event Grid makes of it."""
        written = self.container.upload_blob(name, content, overwrite=True)
        properties = written.get_blob_properties()
        return {
            "eventType": "Microsoft.Storage.BlobCreated",
            "subject": f"/blobServices/default/containers/{self.name}/blobs/{name}",
            "data": {
                "api": "PutBlob",
                "eTag": properties.etag.strip('"'),
                "contentLength": len(content),
                "blobType": "BlockBlob",
                "url": f"{self.container.url}/{quote(name)}",
            },
        }

    def post(
        self, body: Any, kind: str = "Notification", function: str = "take"
    ) -> httpx2.Response:
        """What the endpoint answers to events."""
        return self.host.client.post(
            f"{PATH}?functionName=Host.Functions.{function}&code=any",
            json=body,
            headers={"aeg-event-type": kind},
        )

    def runs(self, name: str) -> list[dict[str, Any]]:
        """The runs for that blob."""
        lines = self.runs_file.read_text().splitlines() if self.runs_file.exists() else []
        return [run for run in map(json.loads, lines) if run["name"].endswith(name)]

    def wait_for_runs(self, count: int, name: str) -> list[dict[str, Any]]:
        wait_for(lambda: len(self.runs(name)) >= count, f"{count} runs of {name}")
        return self.runs(name)

    def settle(self) -> None:
        """Return once an event that comes now is handed over."""
        name = f"in/{new_id()}"
        assert self.post([self.put(name, b"marker")]).status_code == 202
        self.wait_for_runs(1, name)


@pytest.fixture(scope="module")
def grid(
    start_module_host: StartHost, storage: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Grid]:
    grid = Grid(start_module_host, storage, tmp_path_factory.mktemp("runs"))
    with grid.service:
        yield grid


def test_the_handshake(grid: Grid) -> None:
    answer = grid.post([{"data": {"validationCode": "a-code"}}], "SubscriptionValidation")
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "a-code"})


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ([], "Unsubscribe", 202),
        ([], "Notification", 202),
        ([], "Else", 400),
        ("text", "Notification", 500),
        ([{}], "Notification", 500),
        ([{"data": {"url": "https://a.blob.core.windows.net/box"}}], "Notification", 500),
        ([], "SubscriptionValidation", 500),
    ],
)
def test_what_it_is_not_made_for(grid: Grid, body: Any, kind: str, expected: int) -> None:
    assert grid.post(body, kind).status_code == expected


def test_an_event_hands_the_blob_over(grid: Grid) -> None:
    name = "in/a b/50% +?#ü🎉.txt"
    assert grid.post([grid.put(name, b"content")]).status_code == 202
    assert grid.wait_for_runs(1, name) == [{"function": "take", "name": name, "content": "content"}]


def test_an_event_of_the_cloud_events_schema(grid: Grid) -> None:
    assert grid.post(grid.put("in/cloud", b"one event")).status_code == 202
    grid.wait_for_runs(1, "in/cloud")


def test_without_an_event_nothing_comes(grid: Grid) -> None:
    grid.put("in/silent", b"nobody tells")
    grid.put("polled/aloud", b"polled in Azure, too")
    grid.wait_for_runs(1, "polled/aloud")
    assert not grid.runs("in/silent")


def test_an_event_twice_is_handed_over_twice(grid: Grid) -> None:
    event = grid.put("in/twice", b"twice")
    grid.post([event, event])
    grid.post([event])
    grid.wait_for_runs(3, "in/twice")


def test_a_late_event_finds_what_is_there_now(grid: Grid) -> None:
    early, late = grid.put("in/late", b"early"), grid.put("in/late", b"late")
    grid.post([late])
    grid.wait_for_runs(1, "in/late")
    grid.post([early])
    assert [run["content"] for run in grid.wait_for_runs(2, "in/late")] == ["late", "late"]


def test_an_event_of_a_blob_that_is_gone_does_nothing(grid: Grid) -> None:
    event = grid.put("in/gone", b"gone")
    grid.container.delete_blob("in/gone")
    assert grid.post([event]).status_code == 202
    grid.settle()
    assert not grid.runs("in/gone")


def test_an_event_for_a_function_that_there_is_not(grid: Grid) -> None:
    assert grid.post([grid.put("in/nobody", b"x")], function="nobody").status_code == 202
    wait_for(lambda: "there is no blob function 'nobody'" in grid.host.log, "a word about it")


def test_the_path_of_the_trigger_filters_nothing(grid: Grid) -> None:
    grid.post([grid.put("elsewhere/x", b"x")])
    grid.wait_for_runs(1, "elsewhere/x")


def test_five_tries_then_poison(grid: Grid) -> None:
    event = grid.put("in/fail", b"fail")
    grid.post([event])
    grid.wait_for_runs(TRIES, "in/fail")
    message = wait_for(
        lambda: poison_message(grid.storage, grid.name, "in/fail"), "the poison message"
    )
    assert message == {
        "Type": "BlobTrigger",
        "FunctionId": "Host.Functions.take",
        "BlobType": "BlockBlob",
        "ContainerName": grid.name,
        "BlobName": "in/fail",
        "ETag": f'"{event["data"]["eTag"]}"',
    }
    assert len(grid.runs("in/fail")) == TRIES


def test_all_properties_by_azures_names(grid: Grid) -> None:
    grid.post([grid.put("streams/x", b"x")], function="stream")
    (run,) = grid.wait_for_runs(1, "streams/x")
    assert len(run["properties"]) == 45
    assert {"ETag", "ContentLength", "LeaseState", "HasLegalHold"} <= set(run["properties"])


def test_what_was_under_way_at_a_crash_comes_again(grid: Grid) -> None:
    assert grid.post([grid.put("in/crash", b"wait")]).status_code == 202
    grid.wait_for_runs(1, "in/crash")
    grid.host.kill()
    grid.host.start()
    grid.wait_for_runs(2, "in/crash")
    grid.runs_file.with_name("gate").touch()
