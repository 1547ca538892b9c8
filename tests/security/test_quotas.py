"""Somebody who takes more than their share, over HTTP: limits hold on two hosts at once, and what
was paid stays counted."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from tests.support.hosts.process import wait_for
from tests.support.running_app import PASSWORD, RunningApp, custom, run_app

ADMIN = "boss@example.com"
SETTINGS = {
    "BOOTSTRAP_ADMIN_EMAIL": ADMIN,
    "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    "CHUNK_TOKENS": "300",
    "MAX_PARALLEL_WORK": "1",
    "SWEEP_AFTER_SECONDS": "20",
}
TEXT = " ".join(f"The Operator shall moor vessel {n} within {n} hours." for n in range(600))


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def admin(running_app: RunningApp) -> httpx2.Client:
    return running_app.sign_in(ADMIN)


@pytest.fixture(autouse=True)
def _no_limits(admin: httpx2.Client) -> Iterator[None]:
    yield
    limit(admin)


def limit(admin: httpx2.Client, **limits: Any) -> None:
    answer = admin.put("/admin/settings", json={"limits": limits})
    assert answer.status_code == 200, answer.text


def me(api: httpx2.Client) -> str:
    return str(api.get("/users/me").json()["id"])


def usage(api: httpx2.Client) -> Any:
    answer = api.get("/users/me/usage")
    assert answer.status_code == 200, answer.text
    return answer.json()


def open_tickets(apis: list[httpx2.Client], count: int) -> list[httpx2.Response]:
    """The answers to so many tickets, asked for at once and by turns."""
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(lambda n: apis[n % len(apis)].post("/tickets", json=custom()), range(count))
        )


def post_document(api: httpx2.Client, **more: Any) -> httpx2.Response:
    body = {"title": "T", "task_type": "doc_analysis", "task_data": {}, **more}
    form: list[Any] = [
        ("ticket", (None, json.dumps(body), "application/json")),
        ("files", ("mooring.txt", TEXT.encode())),
    ]
    return api.post("/tickets", files=form)


@pytest.mark.parametrize("tokens", [2**31 - 1, 2**31, 10**15])
def test_a_ticket_may_ask_for_many_tokens(running_app: RunningApp, tokens: int) -> None:
    body = custom() | {"max_tokens": tokens}
    opened = running_app.api.post("/tickets", json=body)
    assert opened.status_code == 201, opened.text
    assert running_app.read(opened.json()["id"])["max_tokens"] == tokens
    listed = running_app.api.get("/tickets").json()["tickets"]
    assert listed[0]["max_tokens"] == tokens


def test_a_ticket_too_many_is_told_what_is_left_and_when_to_come_again(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    limit(admin, users={me(running_app.api): {"tickets_per_day": 1}})
    assert running_app.api.post("/tickets", json=custom()).status_code == 201
    refusal = running_app.api.post("/tickets", json=custom())
    assert refusal.status_code == 429
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(refusal.headers["Retry-After"]) <= 24 * 3600 + 1
    problem = refusal.json()
    assert problem["detail"].startswith("You may open 1 tickets a day, and 0 are left")
    assert problem["quota"] == {"scope": "user", "name": "tickets_per_day", "limit": 1, "left": 0}
    assert usage(running_app.api)["left"]["user"]["tickets_per_day"] == 0


def test_two_hosts_open_no_more_tickets_than_the_app_may(
    running_app: RunningApp, admin: httpx2.Client, storage: str, tmp_path_factory: Any
) -> None:
    limit(admin, app={"tickets_per_day": 25})
    with run_app(storage, tmp_path_factory.mktemp("second"), **SETTINGS) as second:
        answers = open_tickets([running_app.api, second.api], 32)
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(201), statuses.count(429)) == (25, 7), statuses
        for api in (running_app.api, second.api):
            assert api.post("/tickets", json=custom()).status_code == 429
        assert usage(second.api)["left"]["app"]["tickets_per_day"] == 0


def test_a_ticket_that_runs_out_of_tokens_fails_and_what_was_paid_stays_counted(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    api = running_app.log_in("spender")
    limit(admin, users={"*": {"tokens_per_day": 1_000_000}})
    answer = post_document(api, max_tokens=3_000)
    assert answer.status_code == 201, answer.text
    ticket = running_app.with_client(api).until_ended(answer.json()["id"])
    assert ticket["status"] == "failed"
    assert ticket["error_message"].startswith("The 3000 tokens that this ticket may use")
    assert ticket["tokens_used"] > 1_000

    def is_counted() -> bool:
        return bool(usage(api)["used"]["user"]["tokens_per_day"] == ticket["tokens_used"])

    wait_for(is_counted, "the tokens to be counted")


def test_files_count_until_they_are_gone(running_app: RunningApp, admin: httpx2.Client) -> None:
    api, size = running_app.log_in("collector"), len(TEXT)
    limit(admin, users={"*": {"stored_bytes": 2 * size - 1}})
    ticket = post_document(api).json()
    running_app.with_client(api).until_ended(ticket["id"])
    refusal = post_document(api)
    assert refusal.status_code == 429
    assert refusal.json()["quota"]["left"] == size - 1
    path = f"/tickets/{ticket['id']}/attachments"
    other = TEXT.encode().replace(b"Operator", b"Captain ")
    assert api.post(path, files={"file": ("other.txt", other)}).status_code == 429
    small = api.post(path, files={"file": ("small.txt", b"Not much.")})
    assert small.status_code == 201
    assert usage(api)["used"]["user"]["stored_bytes"] == size + 9
    assert api.delete(f"{path}/{small.json()['id']}").status_code == 204
    assert usage(api)["used"]["user"]["stored_bytes"] == size
    assert api.delete(f"/tickets/{ticket['id']}").status_code == 204
    assert usage(api)["used"]["user"]["stored_bytes"] == 0


def test_a_dropped_file_too_many_is_set_aside(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    running_app.log_in("dropper")
    limit(admin, users={"*": {"stored_bytes": 10}})
    with BlobServiceClient.from_connection_string(running_app.storage.upstream) as blobs:
        with suppress(ResourceExistsError):
            blobs.create_container("uploads")
        blobs.get_blob_client("uploads", "dropper/mooring.txt").upload_blob(TEXT)
        reason = blobs.get_blob_client("rejected", "dropper/mooring.txt.reason.json")
        wait_for(reason.exists, "the file to be set aside")
        assert json.loads(reason.download_blob().readall())["reason"] == "quota"


def test_only_administrators_set_limits_and_none_overwrites_anothers(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    assert running_app.api.get("/admin/settings").status_code == 403
    assert running_app.api.put("/admin/settings", json={}).status_code == 403
    read = admin.get("/admin/settings")
    assert read.json()["registration_open"] is True
    etag = {"If-Match": read.headers["ETag"]}
    first = admin.put("/admin/settings", headers=etag, json={"registration_open": False})
    assert first.json()["registration_open"] is False
    late = admin.put("/admin/settings", headers=etag, json={"registration_open": True})
    assert late.status_code == 412
    new = {"email": "late@example.com", "username": "late", "password": PASSWORD}
    assert running_app.api.post("/auth/register", json=new).status_code == 403
    admin.put("/admin/settings", json={"registration_open": True})
    assert running_app.api.post("/auth/register", json=new).status_code == 201
    assert (
        admin.put("/admin/settings", json={"limits": {"app": {"tickets_per_day": -1}}}).status_code
        == 422
    )
