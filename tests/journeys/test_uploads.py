"""Files that go straight into Blob storage: the address, the taking, the setting aside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from azure.storage.blob import BlobServiceClient

from tests.support.files import files
from tests.support.files.blobs import exists, reason
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp, run_app

MAX_FILE, MAX_BLOB = 10_000, 34_000_000
LARGE = (files.TEXT * 60_000).encode()
LIMIT = 32 * 1024 * 1024


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    limits = {"MAX_FILE_SIZE": str(MAX_FILE), "MAX_BLOB_SIZE": str(MAX_BLOB)}
    slow = {"SWEEP_AFTER_SECONDS": "20"}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **limits, **slow) as running:
        yield running


def test_a_file_of_more_than_32_mb_comes_from_storage(
    running_app: RunningApp, blobs: BlobServiceClient
) -> None:
    content = (files.TEXT.encode() * (LIMIT // len(files.TEXT) + 1))[: LIMIT + 1]
    ticket, name = running_app.run()["id"], "Prüfung 日本.txt"
    send(running_app, ticket, name, content)
    [taken] = wait_for(lambda: running_app.read(ticket)["attachments"], "the attachment")
    path = f"/tickets/{ticket}/attachments/{taken['id']}"
    answer = running_app.api.get(path)
    assert (answer.status_code, answer.content) == (303, b"")
    link = answer.headers["location"]
    ends = datetime.fromisoformat(parse_qs(urlsplit(link).query)["se"][0])
    assert timedelta(minutes=13) < ends - datetime.now(UTC) <= timedelta(minutes=15)
    got = httpx2.get(link, timeout=60)
    assert got.content == content
    assert quote(name) in got.headers["content-disposition"]
    assert got.headers["content-type"] == "text/plain"
    kind = {"x-ms-blob-type": "BlockBlob"}
    assert httpx2.put(link, headers=kind, content=b"x", timeout=60).status_code == 403
    assert httpx2.get(link.replace(taken["id"], "0" * 16), timeout=60).status_code == 403
    part = running_app.api.get(path, headers={"Range": f"bytes=-{len(files.TEXT)}"})
    assert (part.status_code, part.content) == (206, content[-len(files.TEXT) :])
    assert running_app.api.get(path, headers={"Range": "bytes=0-"}).status_code == 303


def ask(running_app: RunningApp, ticket: str, name: str, size: int) -> httpx2.Response:
    body = {"filename": name, "content_type": "text/plain", "size": size}
    return running_app.api.post(f"/tickets/{ticket}/uploads", json=body)


def send(running_app: RunningApp, ticket: str, name: str, content: bytes) -> None:
    answer = ask(running_app, ticket, name, len(content))
    assert answer.status_code == 200, answer.text
    upload = answer.json()
    sent = httpx2.request(
        upload["method"], upload["url"], headers=upload["headers"], content=content, timeout=60
    )
    assert sent.status_code == 201, sent.text


def test_a_large_file_becomes_an_attachment_once(
    running_app: RunningApp, blobs: BlobServiceClient
) -> None:
    ticket = running_app.run()["id"]
    send(running_app, ticket, "large.txt", LARGE)
    path = f"tickets/{ticket}/large.txt"
    wait_for(lambda: running_app.read(ticket)["attachments"], "the attachment")
    wait_for(lambda: not exists(blobs, "uploads", path), "the blob to be taken")
    [taken] = running_app.read(ticket)["attachments"]
    assert taken["filename"] == "large.txt"
    assert taken["file_size"] == len(LARGE)
    assert taken["sha256"] == sha256(LARGE).hexdigest()
    got = running_app.api.get(f"/tickets/{ticket}/attachments/{taken['id']}")
    assert got.content == LARGE

    blobs.get_blob_client("uploads", path).upload_blob(LARGE)  # the same again, as a late event
    wait_for(lambda: not exists(blobs, "uploads", path), "the blob to be looked at")
    assert running_app.read(ticket)["attachments"] == [taken]
    actions = [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]
    assert actions.count("upload_requested") == actions.count("attachment_added") == 1


def test_a_waiting_ticket_begins_with_an_uploaded_file(running_app: RunningApp) -> None:
    body = {"title": "Papers", "task_type": "doc_analysis"}
    ticket = running_app.api.post("/tickets", json=body).json()["id"]
    send(running_app, ticket, "note.txt", files.TEXT.encode())
    assert running_app.until_ended(ticket)["status"] == "completed"


def test_the_address_is_for_one_blob_to_write_and_ends_soon(running_app: RunningApp) -> None:
    ticket = running_app.run()["id"]
    upload = ask(running_app, ticket, "a.txt", 5).json()
    ends = datetime.fromisoformat(upload["expires_at"])
    assert timedelta(0) < ends - datetime.now(UTC) <= timedelta(minutes=15)
    signed = parse_qs(urlsplit(upload["url"]).query)
    assert (signed["sr"], set(signed["sp"][0])) == (["b"], {"c", "w"})
    assert datetime.fromisoformat(signed["se"][0]) <= ends + timedelta(seconds=1)

    other = upload["url"].replace("a.txt", "b.txt")
    headers = upload["headers"]
    assert httpx2.put(other, headers=headers, content=b"x", timeout=60).status_code == 403
    assert httpx2.get(upload["url"], timeout=60).status_code in (403, 404)
    assert httpx2.delete(upload["url"], timeout=60).status_code == 403
    sent = httpx2.put(upload["url"], headers=headers, content=b"hello", timeout=60)
    assert sent.status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"filename": "a.txt", "size": MAX_BLOB + 1}, 413),
        ({"filename": "a.exe", "size": 1}, 415),
        ({"filename": "../a.txt", "size": 1}, 422),
        ({"filename": "a.txt", "size": 0}, 422),
        ({"filename": "a.txt"}, 422),
        ({"filename": "", "size": 1}, 422),
    ],
)
def test_what_could_not_be_taken_gets_no_address(
    running_app: RunningApp, body: JsonObject, status: int
) -> None:
    ticket = running_app.run()["id"]
    assert running_app.api.post(f"/tickets/{ticket}/uploads", json=body).status_code == status


def test_a_stranger_gets_no_address(running_app: RunningApp) -> None:
    ticket = running_app.run()["id"]
    body = {"filename": "a.txt", "size": 1}
    assert (
        running_app.log_in("mallory").post(f"/tickets/{ticket}/uploads", json=body).status_code
        == 404
    )


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.pdf", files.EXE, "type"),
        ("a.exe", b"text", "type"),
        ("sub/a.txt", b"text", "name"),
    ],
)
def test_what_cannot_be_taken_is_set_aside_with_the_reason(
    running_app: RunningApp, blobs: BlobServiceClient, name: str, content: bytes, why: str
) -> None:
    ticket = running_app.run()["id"]
    path = f"tickets/{ticket}/{name}"
    blobs.get_blob_client("uploads", path).upload_blob(content)
    told: Any = wait_for(lambda: reason(blobs, path), "the reason")
    assert told["reason"] == why
    assert told["detail"]
    assert told["rejected_at"].endswith("Z")
    wait_for(lambda: not exists(blobs, "uploads", path), "the blob to go")
    assert blobs.get_blob_client("rejected", path).download_blob().readall() == content
    assert running_app.read(ticket)["attachments"] == []
    events = running_app.api.get(f"/tickets/{ticket}/events").json()
    assert [event["action"] for event in events].count("blob_rejected") == 1
    assert events[-1]["entity_id"] == f"uploads/{path}"


def test_a_blob_for_no_ticket_is_set_aside(
    running_app: RunningApp, blobs: BlobServiceClient
) -> None:
    path = f"tickets/{'0' * 16}-{'0' * 22}/a.txt"
    blobs.get_blob_client("uploads", path).upload_blob(b"text", overwrite=True)
    told: Any = wait_for(lambda: reason(blobs, path), "the reason")
    assert told["reason"] == "unknown_ticket"
