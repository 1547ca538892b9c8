"""Blobs that only Event Grid tells of: its events come twice, late and out of order."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from azure.storage.blob import BlobServiceClient

from tests.support.files import files
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp, run_app

PATH = "/runtime/webhooks/blobs?functionName=Host.Functions.take_upload"


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("running_app")
    with (
        BlobServiceClient.from_connection_string(storage) as service,
        run_app(storage, folder, LOCAL_EVENT_GRID="off") as running,
    ):
        service.create_container("uploads")
        yield running


@pytest.fixture(scope="module")
def ada(running_app: RunningApp) -> str:
    return str(running_app.api.get("/users/me").json()["username"])


def put(blobs: BlobServiceClient, path: str, content: str = files.TEXT) -> JsonObject:
    """Write a blob; the event that Event Grid makes of it."""
    blob = blobs.get_blob_client("uploads", path)
    written = blob.upload_blob(content.encode(), overwrite=True)
    data = {
        "api": "PutBlob",
        "eTag": str(written["etag"]).strip('"'),
        "blobType": "BlockBlob",
        "url": blob.url.rpartition("/uploads/")[0] + "/uploads/" + quote(path),
    }
    return {"eventType": "Microsoft.Storage.BlobCreated", "data": data}


def tell(running_app: RunningApp, *events: JsonObject) -> None:
    answer = running_app.host.client.post(
        PATH, json=list(events), headers={"aeg-event-type": "Notification"}
    )
    assert answer.status_code == 202, answer.text


def runs(running_app: RunningApp, path: str) -> int:
    """How often the trigger has done its work for a blob; of two at once one may be tried again."""
    done = re.compile(rf"take_upload blob=uploads/{re.escape(path)} .* ok$", re.MULTILINE)
    return len(done.findall(running_app.host.log))


def tickets(running_app: RunningApp, title: str) -> list[JsonObject]:
    found: list[JsonObject] = running_app.api.get("/tickets", params={"q": title}).json()["tickets"]
    return found


def test_an_event_that_comes_again_makes_no_other_ticket(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/a folder/Prüfung +100% #1?.txt"
    event = put(blobs, path)
    tell(running_app, event, event)
    [ticket] = wait_for(lambda: tickets(running_app, "Prüfung"), "the ticket")
    assert running_app.until_ended(ticket["id"])["status"] == "completed"
    tell(running_app, event)
    wait_for(lambda: runs(running_app, path) == 3, "the late event")
    assert len(tickets(running_app, "Prüfung")) == 1


def test_an_event_of_a_blob_that_is_gone_does_nothing(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/gone.txt"
    event = put(blobs, path)
    blobs.get_blob_client("uploads", path).delete_blob()
    tell(running_app, event)
    later = put(blobs, f"{ada}/after.txt")
    tell(running_app, later)
    wait_for(lambda: tickets(running_app, "after.txt"), "the next one")
    assert tickets(running_app, "gone.txt") == []


def test_events_out_of_order_take_the_present_version_once(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/twice.txt"
    old, new = put(blobs, path), put(blobs, path, "A second version. It is the present one.")
    tell(running_app, new)
    tell(running_app, old)
    [ticket] = wait_for(lambda: tickets(running_app, "twice.txt"), "the ticket")
    ended: Any = running_app.until_ended(ticket["id"])
    assert ended["attachments"][0]["file_size"] == len("A second version. It is the present one.")
    wait_for(lambda: runs(running_app, path) >= 1, "the events")
    assert len(tickets(running_app, "twice.txt")) == 1
