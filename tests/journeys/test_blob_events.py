"""Blobs that only Event Grid tells of: its events come twice, late and out of order."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from azure.storage.blob import BlobServiceClient

from tests import files
from tests.host_process import wait_for
from tests.world import JsonObject, World, worlds

PATH = "/runtime/webhooks/blobs?functionName=Host.Functions.take_upload"


@pytest.fixture(scope="module")
def world(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with (
        BlobServiceClient.from_connection_string(storage) as service,
        worlds(storage, folder, LOCAL_EVENT_GRID="off") as running,
    ):
        service.create_container("uploads")
        yield running


@pytest.fixture(scope="module")
def ada(world: World) -> str:
    return str(world.api.get("/users/me").json()["username"])


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


def tell(world: World, *events: JsonObject) -> None:
    answer = world.host.client.post(
        PATH, json=list(events), headers={"aeg-event-type": "Notification"}
    )
    assert answer.status_code == 202, answer.text


def runs(world: World, path: str) -> int:
    """How often the trigger has run for a blob."""
    return world.host.log.count(f"take_upload blob=uploads/{path} ")


def tickets(world: World, title: str) -> list[JsonObject]:
    found: list[JsonObject] = world.api.get("/tickets", params={"q": title}).json()["tickets"]
    return found


def test_an_event_that_comes_again_makes_no_other_ticket(
    world: World, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/a folder/Prüfung +100% #1?.txt"
    event = put(blobs, path)
    tell(world, event, event)
    [ticket] = wait_for(lambda: tickets(world, "Prüfung"), "the ticket")
    assert world.until_ended(ticket["id"])["status"] == "completed"
    tell(world, event)
    wait_for(lambda: runs(world, path) == 3, "the late event")
    assert len(tickets(world, "Prüfung")) == 1


def test_an_event_of_a_blob_that_is_gone_does_nothing(
    world: World, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/gone.txt"
    event = put(blobs, path)
    blobs.get_blob_client("uploads", path).delete_blob()
    tell(world, event)
    later = put(blobs, f"{ada}/after.txt")
    tell(world, later)
    wait_for(lambda: tickets(world, "after.txt"), "the next one")
    assert tickets(world, "gone.txt") == []


def test_events_out_of_order_take_the_present_version_once(
    world: World, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/twice.txt"
    old, new = put(blobs, path), put(blobs, path, "A second version. It is the present one.")
    tell(world, new)
    tell(world, old)
    [ticket] = wait_for(lambda: tickets(world, "twice.txt"), "the ticket")
    ended: Any = world.until_ended(ticket["id"])
    assert ended["attachments"][0]["file_size"] == len("A second version. It is the present one.")
    wait_for(lambda: runs(world, path) >= 1, "the events")
    assert len(tickets(world, "twice.txt")) == 1
