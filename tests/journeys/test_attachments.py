"""Files on tickets, from the request to the blob and back, and all that must not get in."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from azure.storage.blob import ContainerClient

from tests.support.files import files
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp, custom, run_app
from tests.support.servers.model import completion

MAX = 200_000
NOTE = ("note.txt", files.TEXT.encode())


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app with small limits."""
    limits = {"MAX_FILE_SIZE": str(MAX), "MAX_UPLOAD_SIZE": str(2 * MAX)}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **limits) as running:
        yield running


@pytest.fixture
def ticket(running_app: RunningApp) -> str:
    """The id of a ticket that has ended."""
    return str(running_app.run()["id"])


def attach(
    running_app: RunningApp, ticket: str, *given: tuple[str, bytes], **more: Any
) -> httpx2.Response:
    parts = [("file", (name, content, "application/x-lie")) for name, content in given]
    return running_app.api.post(f"/tickets/{ticket}/attachments", files=parts, **more)


def blobs(running_app: RunningApp, ticket: str) -> list[str]:
    client = ContainerClient.from_connection_string(running_app.storage.upstream, "amida-work")
    with client:
        return list(client.list_blob_names(name_starts_with=f"attachments/{ticket}/"))


def actions(running_app: RunningApp, ticket: str) -> list[str]:
    return [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]


def test_a_file_is_added_shown_downloaded_and_removed(running_app: RunningApp, ticket: str) -> None:
    answer = attach(running_app, ticket, NOTE)
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert added["id"] == added["attachment_id"]
    assert added["filename"] == "note.txt"
    assert added["file_size"] == len(NOTE[1])
    assert added["content_type"] == "text/plain"
    assert added["sha256"] == sha256(NOTE[1]).hexdigest()
    assert added["uploaded_at"].endswith("Z")
    assert added["message"]

    [listed] = running_app.api.get(f"/tickets/{ticket}/attachments").json()
    assert listed == {name: added[name] for name in listed}
    assert running_app.read(ticket)["attachments"] == [listed]

    got = running_app.api.get(f"/tickets/{ticket}/attachments/{added['id']}")
    assert got.content == NOTE[1]
    assert got.headers["content-type"].startswith("text/plain")

    path = f"/tickets/{ticket}/attachments/{added['id']}"
    assert running_app.api.delete(path).status_code == 204
    assert running_app.api.delete(path).status_code == running_app.api.get(path).status_code == 404
    assert running_app.read(ticket)["attachments"] == []
    assert blobs(running_app, ticket) == []
    assert actions(running_app, ticket)[-2:] == ["attachment_added", "attachment_removed"]


def test_a_part_of_a_file(running_app: RunningApp, ticket: str) -> None:
    content = bytes(range(65, 91))
    added = attach(running_app, ticket, ("letters.txt", content)).json()
    path = f"/tickets/{ticket}/attachments/{added['id']}"
    whole = running_app.api.get(path)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")

    def part(asked: str, **headers: str) -> httpx2.Response:
        return running_app.api.get(path, headers={"Range": asked, **headers})

    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=3-5", 3, 6),
        ("bytes=20-", 20, 26),
        ("bytes=20-99", 20, 26),
        ("bytes=-4", 22, 26),
        ("bytes=-99", 0, 26),
    ):
        answer = part(asked)
        assert (answer.status_code, answer.content) == (206, content[start:end]), asked
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/26"
        assert answer.headers["etag"] == whole.headers["etag"]
    for asked in ("bytes=26-", "bytes=99-100", "bytes=-0"):
        answer = part(asked)
        assert answer.status_code == 416, asked
        assert answer.headers["content-range"] == "bytes */26"
    for asked in ("bytes=5-3", "bytes=0-1,3-4", "lines=1-2", "bytes=x-", "bytes=-"):
        answer = part(asked)
        assert (answer.status_code, answer.content) == (200, content), asked
    assert part("bytes=3-5", **{"If-Range": whole.headers["etag"]}).status_code == 206
    assert part("bytes=3-5", **{"If-Range": '"another"'}).status_code == 200
    known = running_app.api.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_what_is_downloaded_is_saved_and_never_shown(running_app: RunningApp, ticket: str) -> None:
    name = "Über \u20ac.html"
    added = attach(running_app, ticket, (name, b"<script>alert(1)</script>")).json()
    got = running_app.api.get(f"/tickets/{ticket}/attachments/{added['id']}")
    assert got.headers["content-disposition"] == (
        f"attachment; filename=\"_ber _.html\"; filename*=UTF-8''{quote(name)}"
    )
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]


def test_several_files_answer_a_list_and_are_audited_one_by_one(
    running_app: RunningApp, ticket: str
) -> None:
    given = [(f"{n}.txt", f"file {n}".encode()) for n in range(5)]
    answer = attach(running_app, ticket, *given)
    assert answer.status_code == 201
    assert [file["filename"] for file in answer.json()] == [name for name, _ in given]
    assert actions(running_app, ticket).count("attachment_added") == 5


def test_the_same_bytes_are_stored_once(running_app: RunningApp, ticket: str) -> None:
    first = attach(running_app, ticket, NOTE).json()
    again = attach(running_app, ticket, ("copy.txt", NOTE[1])).json()
    twice = attach(running_app, ticket, NOTE, ("b.txt", b"b"), ("c.txt", b"b")).json()
    assert again["id"] == twice[0]["id"] == first["id"]
    assert "note.txt" in again["message"]
    assert twice[1]["id"] == twice[2]["id"]
    assert len(running_app.read(ticket)["attachments"]) == len(blobs(running_app, ticket)) == 2


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.pdf", files.EXE, 415),
        ("a.docx", files.zipped(a_txt=b"x"), 415),
        ("a.txt", b"\x00\x01\x02", 415),
        ("a.exe", b"text", 415),
        ("../../a.txt", b"text", 422),
        ("..%2f..%2fa.txt", b"text", 422),
        ("a\r\nX-Evil: 1.txt", b"text", 422),
        ("a\u202etxt.txt", b"text", 422),
        ("n" * 300 + ".txt", b"text", 422),
        ("nul.txt", b"text", 422),
        ("big.txt", b"x" * (MAX + 1), 413),
    ],
)
def test_what_is_no_good_is_refused_and_nothing_is_stored(
    running_app: RunningApp, ticket: str, name: str, content: bytes, status: int
) -> None:
    answer = attach(running_app, ticket, NOTE, (name, content))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert running_app.read(ticket)["attachments"] == []
    assert blobs(running_app, ticket) == []


def raw(running_app: RunningApp, ticket: str, body: bytes, kind: str) -> httpx2.Response:
    headers = {"Content-Type": kind}
    return running_app.api.post(f"/tickets/{ticket}/attachments", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data; boundary=x", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"--x\r\n\r\nno name\r\n--x--\r\n", "multipart/form-data; boundary=x", 400),
        (b"text", "multipart/form-data", 400),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno name\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nno end',
            "multipart/form-data; boundary=x",
            400,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff.txt"\r\n\r\n'
            b"a\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\na\r\n' * 200 + b"--x--\r\n",
            "multipart/form-data; boundary=x",
            400,
        ),
        (b"x" * (2 * MAX + 1), "multipart/form-data; boundary=x", 413),
    ],
)
def test_broken_forms_are_refused(
    running_app: RunningApp, ticket: str, body: bytes, kind: str, status: int
) -> None:
    answer = raw(running_app, ticket, body, kind)
    assert answer.status_code == status, answer.text


def test_parts_are_told_apart_byte_by_byte(running_app: RunningApp, ticket: str) -> None:
    content = b"--x\r\n--xy--\r\n\r\n--x\n-- x\r\n--\r\n"
    head = b'--xy1\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    body = head + content + b"\r\n--xy1--\r\n"
    added = raw(running_app, ticket, body, 'multipart/form-data; boundary="xy1"')
    assert added.status_code == 201, added.text
    got = running_app.api.get(f"/tickets/{ticket}/attachments/{added.json()['id']}")
    assert got.content == content


def test_nobody_else_sees_or_changes_files_and_a_denied_download_leaves_a_trace(
    running_app: RunningApp, ticket: str
) -> None:
    added = attach(running_app, ticket, NOTE).json()
    stranger = running_app.log_in("mallory")
    path = f"/tickets/{ticket}/attachments"
    absent = stranger.get(f"/tickets/{ticket[:-1]}0/attachments/{added['id']}")
    denied = stranger.get(f"{path}/{added['id']}")
    assert denied.status_code == absent.status_code == 404
    assert denied.json()["detail"] == absent.json()["detail"]
    assert stranger.get(path).status_code == 404
    assert stranger.delete(f"{path}/{added['id']}").status_code == 404
    assert stranger.post(path, files={"file": NOTE}).status_code == 404
    last = running_app.api.get(f"/tickets/{ticket}/events").json()[-1]
    assert last["action"] == "attachment_denied"
    assert (last["entity_type"], last["entity_id"]) == ("attachment", added["id"])
    assert last["user_id"] == stranger.get("/users/me").json()["id"]


def test_a_running_ticket_keeps_its_files(running_app: RunningApp) -> None:
    before = running_app.open()
    added = attach(running_app, running_app.run()["id"], NOTE)
    assert added.status_code == 201
    running_app.until_ended(before["id"])

    running: JsonObject = {}

    def look(_: int, __: JsonObject) -> Any:
        ticket = wait_for(lambda: running.get("id"), "the answer to the request")
        path = f"/tickets/{ticket}/attachments"
        running["add"] = running_app.api.post(path, files={"file": NOTE}).status_code
        return completion('{"summary": "s", "task_result": "r"}')

    running_app.model.reset(look)
    posted = running_app.api.post("/tickets", json=custom())
    running["id"] = posted.json()["id"]
    running_app.until_ended(running["id"])
    running_app.model.reset()
    assert running["add"] == 409


def test_a_ticket_comes_with_its_files_in_one_form(running_app: RunningApp) -> None:
    form = {"ticket": (None, json.dumps(custom()), "application/json")}
    two: list[Any] = [*form.items(), ("files", NOTE), ("files", ("b.md", b"# b"))]
    answer = running_app.api.post("/tickets", files=two, headers={"Idempotency-Key": "form-1"})
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    assert [file["filename"] for file in opened["attachments"]] == ["note.txt", "b.md"]
    assert running_app.read(opened["id"])["attachments"] == opened["attachments"]
    assert len(blobs(running_app, opened["id"])) == 2

    again = running_app.api.post("/tickets", files=two, headers={"Idempotency-Key": "form-1"})
    assert (again.status_code, again.json()["id"]) == (201, opened["id"])
    other: list[Any] = [*form.items(), ("files", NOTE)]
    clash = running_app.api.post("/tickets", files=other, headers={"Idempotency-Key": "form-1"})
    assert clash.status_code == 422

    bad: list[Any] = [*form.items(), ("files", ("a.pdf", files.EXE))]
    assert running_app.api.post("/tickets", files=bad).status_code == 415
    assert running_app.api.post("/tickets", files=[("files", NOTE)]).status_code == 422


def test_a_file_costs_few_storage_calls(running_app: RunningApp, ticket: str) -> None:
    path = f"/tickets/{ticket}/attachments"
    added = attach(running_app, ticket, NOTE).json()

    def add(number: int) -> None:
        assert attach(running_app, ticket, (f"{number}.txt", b"%d" % number)).status_code == 201

    assert running_app.storage_calls(add) <= 5
    assert running_app.storage_calls(lambda _: running_app.api.get(f"{path}/{added['id']}")) == 2
    assert running_app.storage_calls(lambda _: running_app.api.get(path)) == 1
