"""Files that users drop into their folder of Blob storage: a ticket each, once."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient
from starlette.responses import Response

from tests.support.files import files
from tests.support.files.blobs import exists, reason
from tests.support.hosts.process import wait_for
from tests.support.running_app import PASSWORD, JsonObject, RunningApp, kill_now, run_app
from tests.support.servers.storage_proxy import Call

MAX_BLOB = 200_000
BOSS = "chief@example.com"
NOTE = files.TEXT.encode()


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    settings = {
        "MAX_FILE_SIZE": "1000",
        "MAX_BLOB_SIZE": str(MAX_BLOB),
        "BOOTSTRAP_ADMIN_EMAIL": BOSS,
        "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    }
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **settings) as running:
        yield running


@pytest.fixture
def boss(running_app: RunningApp) -> httpx2.Client:
    """A client with the first admin's token, at the port that the app has now."""
    return running_app.sign_in(BOSS)


@pytest.fixture(scope="module")
def ada(running_app: RunningApp) -> str:
    return str(running_app.api.get("/users/me").json()["username"])


def drop(
    blobs: BlobServiceClient,
    path: str,
    content: bytes = NOTE,
    metadata: dict[str, str] | None = None,
) -> None:
    """Put a blob into storage, over whatever is there."""
    container = blobs.get_container_client("uploads")
    if not container.exists():
        container.create_container()
    container.upload_blob(path, content, metadata=metadata, overwrite=True)


def tickets(running_app: RunningApp, title: str) -> list[JsonObject]:
    found: list[JsonObject] = running_app.api.get("/tickets", params={"q": title}).json()["tickets"]
    return found


def opened(running_app: RunningApp, title: str) -> JsonObject:
    """The one ticket of that title, once it is there."""
    found = wait_for(lambda: tickets(running_app, title), f"a ticket called {title}")
    assert len(found) == 1
    return found[0]


def events(running_app: RunningApp, ticket: JsonObject) -> list[str]:
    return [
        event["action"] for event in running_app.api.get(f"/tickets/{ticket['id']}/events").json()
    ]


def test_a_blob_becomes_a_ticket_with_its_analysis(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    drop(blobs, f"{ada}/reports/2026/harbour.txt")
    ticket = opened(running_app, "harbour.txt")
    ended = running_app.until_ended(ticket["id"])
    assert ended["status"] == "completed", ended["error_message"]
    assert (ended["source"], ended["task_type"]) == ("blob", "doc_analysis")
    assert ended["priority"] == "medium"
    assert [one["filename"] for one in ended["attachments"]] == ["harbour.txt"]
    insights = ended["result_data"]["insights"]
    assert insights
    for insight in insights:
        for proof in insight["evidence"]:
            assert files.TEXT[proof["start"] : proof["end"]] == proof["quote"]
    assert exists(blobs, "uploads", f"{ada}/reports/2026/harbour.txt")


def test_the_metadata_say_what_the_ticket_is(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    said = {"analysis_type": "risk", "instructions": "Name the dates."}
    shown = {"Title": "Ice on the harbour", "priority": "high"}
    drop(blobs, f"{ada.upper()}/a.txt", metadata=said | shown)
    ticket = running_app.until_ended(opened(running_app, "Ice on the harbour")["id"])
    assert ticket["priority"] == "high"
    assert ticket["task_data"] == said


def test_however_often_the_event_comes_there_is_one_ticket(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    path = f"{ada}/once.txt"
    drop(blobs, path)
    ticket = opened(running_app, "once.txt")
    drop(blobs, path)  # another event of the same bytes is another version, too
    drop(blobs, path, NOTE + b"More.")
    wait_for(lambda: "blob_ignored" in events(running_app, ticket), "the overwriting to be told")
    drop(blobs, f"{ada}/after.txt")
    opened(running_app, "after.txt")
    assert len(tickets(running_app, "once.txt")) == 1
    assert [one["file_size"] for one in running_app.read(ticket["id"])["attachments"]] == [
        len(NOTE)
    ]


@pytest.mark.parametrize("rewritten", [False, True])
def test_with_its_ticket_the_blob_goes_but_not_a_later_one(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str, rewritten: bool
) -> None:
    path = f"{ada}/{rewritten}.txt"
    drop(blobs, path)
    ticket = opened(running_app, f"{rewritten}.txt")
    if rewritten:
        drop(blobs, path, b"Another text. It came later than the first.")
        wait_for(lambda: "blob_ignored" in events(running_app, ticket), "the event")
    assert running_app.api.delete(f"/tickets/{ticket['id']}").status_code == 204
    assert exists(blobs, "uploads", path) is rewritten


@pytest.mark.parametrize(
    ("path", "content", "metadata", "why"),
    [
        ("nobody-of-that-name/a.txt", NOTE, {}, "unknown_user"),
        ("lonely.txt", NOTE, {}, "unknown_user"),
        ("tickets-of-mine/a.txt", NOTE, {}, "unknown_user"),
        ("{ada}/a.exe", NOTE, {}, "type"),
        ("{ada}/fake.pdf", files.EXE, {}, "type"),
        ("{ada}/con.txt", NOTE, {}, "name"),
        ("{ada}/meta.txt", NOTE, {"priority": "now"}, "metadata"),
    ],
)
def test_what_cannot_be_taken_is_set_aside_and_audited(
    running_app: RunningApp,
    blobs: BlobServiceClient,
    ada: str,
    path: str,
    content: bytes,
    metadata: dict[str, str],
    why: str,
) -> None:
    path = path.format(ada=ada)
    drop(blobs, path, content, metadata)
    told: Any = wait_for(lambda: reason(blobs, path), "the reason")
    assert told["reason"] == why
    assert told["detail"].endswith(".")
    wait_for(lambda: not exists(blobs, "uploads", path), "the blob to go")
    assert blobs.get_blob_client("rejected", path).download_blob().readall() == content


def put_page_blob(blobs: BlobServiceClient, path: str) -> None:
    blobs.get_blob_client("uploads", path).create_page_blob(512)


def put_append_blob(blobs: BlobServiceClient, path: str) -> None:
    blobs.get_blob_client("uploads", path).create_append_blob()


def put_large_blob(blobs: BlobServiceClient, path: str) -> None:
    drop(blobs, path, b"x " * MAX_BLOB)


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (put_page_blob, "blob_type"),
        (put_append_blob, "blob_type"),
        (put_large_blob, "size"),
    ],
)
def test_of_what_is_too_large_only_the_reason_is_kept(
    running_app: RunningApp,
    blobs: BlobServiceClient,
    ada: str,
    put: Callable[[BlobServiceClient, str], None],
    why: str,
) -> None:
    path = f"{ada}/{put.__name__}.txt"
    put(blobs, path)
    told: Any = wait_for(lambda: reason(blobs, path), "the reason")
    assert told["reason"] == why
    assert told["detail"].endswith(".")
    wait_for(lambda: not exists(blobs, "uploads", path), "the blob to go")
    assert not exists(blobs, "rejected", path)


def test_a_deactivated_user_is_unknown(
    running_app: RunningApp, blobs: BlobServiceClient, boss: httpx2.Client
) -> None:
    left = running_app.log_in("who-left").get("/users/me").json()
    assert boss.put(f"/users/{left['id']}", json={"is_active": False}).is_success
    path = f"{left['username']}/late.txt"
    drop(blobs, path)
    told: Any = wait_for(lambda: reason(blobs, path), "the reason")
    assert told["reason"] == "unknown_user"


@pytest.mark.parametrize("k", [2, 4, 6, 8, 10])
def test_killed_while_a_blob_is_taken_it_is_taken_once(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str, k: int
) -> None:
    pid, seen, path = running_app.host.pid, list[Call](), f"{ada}/killed-{k}.txt"

    async def kill(call: Call) -> Response | None:
        if seen or call.path.endswith(path):
            seen.append(call)
        if len(seen) == k:
            kill_now(pid)
        return None

    running_app.storage.reset(before=kill)
    drop(blobs, path)
    wait_for(lambda: not running_app.host.running, "the kill")
    running_app.storage.reset()
    running_app.restart()
    ticket = opened(running_app, f"killed-{k}.txt")
    assert running_app.until_ended(ticket["id"])["status"] == "completed"
    actions = events(running_app, ticket)
    assert actions.count("ticket_created") == actions.count("ticket_completed") == 1


class Spoiled:
    """Lets the app fail at blobs in a way that nobody foresaw, so many times."""

    def __init__(self, running_app: RunningApp, times: int) -> None:
        self.left = times
        running_app.storage.reset(before=self._spoil)

    async def _spoil(self, call: Call) -> Response | None:
        if "drop_" not in call.path or not self.left:
            return None
        self.left -= 1
        return Response(status_code=400)


def test_what_fails_in_every_try_is_set_aside_with_its_reason(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str, boss: httpx2.Client
) -> None:
    Spoiled(running_app, 1_000)
    path = f"{ada}/poison.txt"
    drop(blobs, path)
    found = wait_for(lambda: reason(blobs, path), "the blob to be set aside")
    running_app.storage.reset()
    assert found["reason"] == "failed"
    assert exists(blobs, "rejected", path)
    wait_for(lambda: not exists(blobs, "uploads", path), "the blob to go")
    assert tickets(running_app, "poison.txt") == []
    events = boss.get("/audit", params={"action": "blob_rejected"}).json()["events"]
    assert "failed" in [event["metadata"]["reason"] for event in events]


def test_what_failed_for_a_while_is_taken_after_all(
    running_app: RunningApp, blobs: BlobServiceClient, ada: str
) -> None:
    """The platform gives up after five tries; the app does not."""
    Spoiled(running_app, 5)
    path = f"{ada}/late.txt"
    drop(blobs, path)
    ticket = opened(running_app, "late.txt")
    assert running_app.until_ended(ticket["id"])["status"] == "completed"
    assert reason(blobs, path) is None


def test_messages_that_say_nothing_hold_up_no_other(
    running_app: RunningApp, blobs: BlobServiceClient, storage: str, ada: str
) -> None:
    def message(blob: str, container: str = "uploads") -> str:
        said = {"FunctionId": "Host.Functions.take_upload", "BlobType": "BlockBlob"}
        said |= {"ContainerName": container, "BlobName": blob, "ETag": '"0x0"'}
        return base64.b64encode(json.dumps(said).encode()).decode()

    with QueueClient.from_connection_string(storage, "webjobs-blobtrigger-poison") as queue:
        with suppress(ResourceExistsError):
            queue.create_queue()
        for text in ("ü", "!", base64.b64encode(b"[]").decode(), message(""), message("../work/x")):
            queue.send_message(text)
        Spoiled(running_app, 5)
        drop(blobs, f"{ada}/behind.txt")
        assert opened(running_app, "behind.txt")
        queue.send_message(message("theirs", "elsewhere"))

        def is_theirs_alone() -> bool:
            left = [base64.b64decode(one.content) for one in queue.peek_messages(32)]
            return len(left) == 1 and b"elsewhere" in left[0]

        wait_for(is_theirs_alone, "the message of another app to be all that is left")
