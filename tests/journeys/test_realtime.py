"""What people hear of their tickets while these are worked on, with the official clients."""

import asyncio
import hmac
import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from azure.messaging.webpubsubclient.models import (
    OpenClientError,
    SendMessageError,
    WebPubSubDataType,
    WebPubSubProtocolType,
)
from starlette.responses import StreamingResponse

from infra.local.webpubsub import DEFAULT_KEY
from infra.local.webpubsub.tokens import client_token
from tests.support.git.history import History
from tests.support.hosts.process import wait_for
from tests.support.running_app import PASSWORD, JsonObject, RunningApp, custom
from tests.support.servers.github import GitHubServer
from tests.support.servers.realtime import (
    calls_of,
    client_at,
    ends,
    listening,
    negotiated,
    run_with_realtime,
)
from tests.support.tasks.papers import Author

PROTOCOLS = [WebPubSubProtocolType.JSON_RELIABLE, WebPubSubProtocolType.JSON]
ADMIN = {
    "BOOTSTRAP_ADMIN_EMAIL": "root@example.com",
    "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    "USER_CACHE_SECONDS": "0",
}


@pytest.fixture(scope="module")
def realtime(
    storage: str, github: GitHubServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningApp, int]]:
    where = ADMIN | github.settings
    with run_with_realtime(storage, tmp_path_factory.mktemp("app"), **where) as running:
        yield running


@pytest.fixture
def running_app(realtime: tuple[RunningApp, int]) -> RunningApp:
    realtime[0].model.reset()
    return realtime[0]


@pytest.fixture
def web_pub_sub(realtime: tuple[RunningApp, int]) -> int:
    """Its port."""
    return realtime[1]


@pytest.fixture(scope="module")
def admin(realtime: tuple[RunningApp, int]) -> httpx2.Client:
    client = httpx2.Client(base_url=f"{realtime[0].host.base_url}/api/v1", timeout=60)
    form = {"username": ADMIN["BOOTSTRAP_ADMIN_EMAIL"], "password": PASSWORD}
    token = client.post("/auth/login", data=form).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def opened(api: httpx2.Client) -> str:
    answer = api.post("/tickets", json=custom())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def made(running_app: RunningApp, admin: httpx2.Client, name: str, **changes: Any) -> httpx2.Client:
    """A new user as an administrator sets them up."""
    client = running_app.log_in(name)
    me = client.get("/users/me").json()["id"]
    assert admin.put(f"/users/{me}", json=changes).status_code == 200
    return running_app.log_in(name)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_every_message_of_a_ticket_comes_once_in_order(
    running_app: RunningApp, protocol: WebPubSubProtocolType
) -> None:
    api = running_app.log_in("olga")
    async with listening(api, protocol) as listener:
        ticket_id = await asyncio.to_thread(opened, api)
        await listener.until_ended(ticket_id)
        api.post(f"/tickets/{ticket_id}/reprocess")
        await listener.until(
            lambda m: ends(m, ticket_id) and m["data"]["attempt"] == 2, "the second attempt"
        )
    heard = listener.of(ticket_id)
    assert [message["seq"] for message in heard] == [*range(1, len(heard) + 1)]
    assert [m["data"]["status"] for m in heard if m["type"] == "ticket_update"] == [
        *("pending", "processing", "completed"),
        *("pending", "processing", "completed"),
    ]
    updates = f"/tickets/{ticket_id}/updates"
    assert api.get(updates).json() == heard, "who missed something gets the same"
    assert api.get(updates, params={"after": 3}).json() == heard[3:]
    for bad in ("-1", "x", "1.5", "100000000"):
        assert api.get(updates, params={"after": bad}).status_code == 422
    assert running_app.api.get(updates).status_code == 404, "a ticket of somebody else"


def analysis(api: httpx2.Client, _: str) -> httpx2.Response:
    body = {"title": "Papers", "task_type": "doc_analysis", "task_data": {}}
    text = "The harbour freezes in winter. A pilot guides ships through the ice.\n\n" * 300
    form: list[Any] = [("ticket", (None, json.dumps(body), "application/json"))]
    return api.post("/tickets", files=[*form, ("files", ("a.txt", text.encode()))])


def paper(api: httpx2.Client, _: str) -> httpx2.Response:
    data = {"topic": "Harbours in winter", "length": "short"}
    return api.post(
        "/tickets", json={"title": "A paper", "task_type": "paper_writing", "task_data": data}
    )


def review(api: httpx2.Client, url: str) -> httpx2.Response:
    data = {"pr_url": url}
    return api.post(
        "/tickets", json={"title": "A review", "task_type": "pr_review", "task_data": data}
    )


@pytest.mark.parametrize("post", [analysis, paper, review])
async def test_every_message_of_every_type_comes_also_when_the_line_breaks(
    running_app: RunningApp,
    github: GitHubServer,
    tmp_path: Path,
    post: Callable[[httpx2.Client, str], httpx2.Response],
) -> None:
    history = History(tmp_path / "app")
    history.commit({"a.py": "def f():\n    return 1\n"})
    history.branch("feature")
    history.commit({"a.py": "def f():\n    return 2\n"})
    api, url = running_app.log_in("tess"), github.serve(history)
    if post is paper:
        running_app.model.reset(Author())
    async with listening(api) as listener:
        answer = await asyncio.to_thread(post, api, url)
        assert answer.status_code == 201, answer.text
        ticket_id = answer.json()["id"]
        await listener.until(lambda m: m.get("seq") == 2, "its begin")
        await listener.lose_connection()
        await listener.until_ended(ticket_id)
    heard = listener.of(ticket_id)
    assert heard[-1]["data"]["status"] == "completed", heard[-1]
    assert [message["seq"] for message in heard] == [*range(1, len(heard) + 1)]
    assert heard == api.get(f"/tickets/{ticket_id}/updates").json()
    shown = [m for m in listener.heard if m["type"] == "partial_text"]
    assert not any(m["unchecked"] for m in shown)
    assert bool(shown) == (post is paper), "sections of a paper are shown once they are checked"


async def test_files_assignment_failure_and_cancelling_are_told(
    running_app: RunningApp,
) -> None:
    api, helper = running_app.log_in("paul"), running_app.log_in("petra")
    body = {"title": "Papers", "task_type": "doc_analysis", "task_data": {}}
    async with listening(api) as listener, listening(helper) as assigned:
        ticket_id = api.post("/tickets", json=body).json()["id"]
        me = helper.get("/users/me").json()["id"]
        api.put(f"/tickets/{ticket_id}", json={"assigned_to": me})
        file = {"file": ("a.txt", b"The harbour freezes in winter.")}
        assert api.post(f"/tickets/{ticket_id}/attachments", files=file).status_code == 201
        api.put(f"/tickets/{ticket_id}", json={"assigned_to": None})
        api.post(f"/tickets/{ticket_id}/cancel")
        await listener.until_ended(ticket_id)
    told = [m["data"] for m in listener.of(ticket_id)]
    assert [data["assigned_to"] for data in told] == [None, me, me, None, None]
    assert [file["filename"] for file in told[2]["attachments"]] == ["a.txt"]
    assert "attachments" not in told[3]
    assert told[-1]["status"] == "cancelled"
    assert [m["seq"] for m in assigned.of(ticket_id)] == [2, 3], "while they could read it"


async def test_two_users_never_hear_each_other(running_app: RunningApp) -> None:
    ann, ben = running_app.log_in("ann"), running_app.log_in("ben")
    async with listening(ann) as at_ann, listening(ben) as at_ben:
        tickets = await asyncio.gather(
            *(asyncio.to_thread(opened, api) for api in (ann, ben, ann, ben))
        )
        for ticket_id, listener in zip(tickets, (at_ann, at_ben) * 2, strict=True):
            await listener.until_ended(ticket_id)
    for listener, own in ((at_ann, tickets[::2]), (at_ben, tickets[1::2])):
        assert {m["ticket_id"] for m in listener.heard if "ticket_id" in m} == set(own)


async def test_managers_and_administrators_hear_what_they_may_read(
    running_app: RunningApp, admin: httpx2.Client, web_pub_sub: int
) -> None:
    clerk = made(running_app, admin, "clerk", department="harbour 'north'")
    head = made(running_app, admin, "head", department="harbour 'north'", role="manager")
    other = made(running_app, admin, "other", department="harbour", role="manager")
    async with (
        listening(head) as at_head,
        listening(other) as at_other,
        listening(admin) as at_admin,
        listening(clerk) as at_clerk,
    ):
        ticket_id = await asyncio.to_thread(opened, clerk)
        for listener in (at_head, at_admin, at_clerk):
            await listener.until_ended(ticket_id)
        assert at_head.of(ticket_id) == at_admin.of(ticket_id) == at_clerk.of(ticket_id)
        assert at_other.of(ticket_id) == []
        sent = [c for c in calls_of(web_pub_sub) if ticket_id in str(c["body"])]
        assert len(sent) == len(at_head.of(ticket_id)), "one send for all"
        me = clerk.get("/users/me").json()["id"]
        admin.put(f"/users/{me}", json={"department": "harbour"})
        second = await asyncio.to_thread(opened, clerk)
        await at_other.until_ended(second)
        await at_clerk.until_ended(second)
        assert at_head.of(second) == []


@pytest.mark.parametrize(
    "change", [{"role": "user"}, {"department": "elsewhere"}, {"is_active": False}]
)
async def test_who_loses_rights_is_disconnected_in_the_same_request(
    running_app: RunningApp, admin: httpx2.Client, change: JsonObject
) -> None:
    name = f"falling-{next(iter(change))}"
    manager = made(running_app, admin, name, department="quay", role="manager")
    url = negotiated(manager)["url"]
    async with listening(manager) as listener:
        me = manager.get("/users/me").json()["id"]
        assert admin.put(f"/users/{me}", json=change).status_code == 200
        await asyncio.to_thread(wait_for, lambda: listener.disconnections, "the end")
    with pytest.raises(OpenClientError):
        async with client_at(url, WebPubSubProtocolType.JSON):
            pass  # The old invitation is for what they may not hear any more.


async def test_the_words_of_a_custom_ticket_are_shown_as_they_come(
    running_app: RunningApp,
) -> None:
    answer = json.dumps({"summary": "Ships.", "task_result": "The harbour freezes in winter."})
    go_on = threading.Event()

    async def speaking() -> AsyncIterator[bytes]:
        for part in (answer[:50], answer[50:]):
            delta = {"model": "m", "choices": [{"delta": {"content": part}}]}
            yield f"data: {json.dumps(delta)}\n\n".encode()
            await asyncio.to_thread(go_on.wait, 60)
        yield b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'

    running_app.model.reset(
        lambda *_: StreamingResponse(speaking(), media_type="text/event-stream")
    )
    api = running_app.log_in("reader")
    async with listening(api) as listener:
        ticket_id = await asyncio.to_thread(opened, api)
        partial_text = await listener.until(lambda m: m["type"] == "partial_text", "words")
        go_on.set()
        await listener.until_ended(ticket_id)
    assert (partial_text["section"], partial_text["n"]) == ("task_result", 1)
    assert (partial_text["text"], partial_text["unchecked"]) == ("The harbour ", True)
    assert partial_text["attempt"] == 1
    assert "seq" not in partial_text
    assert running_app.model.bodies[0]["stream"] is True
    stored = api.get(f"/tickets/{ticket_id}/updates").json()
    assert "partial_text" not in {message["type"] for message in stored}


def refuses(ticket_id: str, message: JsonObject) -> bool:
    return (message["type"], message.get("ticket_id")) == ("error_notification", ticket_id)


async def test_earlier_clients_are_answered(running_app: RunningApp) -> None:
    api = running_app.log_in("early")
    mine, others = opened(api), opened(running_app.api)
    async with listening(api) as listener:
        await listener.ask("ping")
        await listener.until(lambda m: m["type"] == "pong", "a pong")
        await listener.ask("subscribe_ticket", ticket_id=mine)
        await listener.until(lambda m: m["type"] == "subscription_confirmed", "the confirmation")
        refusals = []
        for unknown in (others, f"{'0' * 16}-{'0' * 22}", "x" * 90, "../x"):
            await listener.ask("subscribe_ticket", ticket_id=unknown)
            refusal = await listener.until(partial(refuses, unknown), "a refusal")
            refusals.append(refusal["error"])
        assert len(set(refusals)) == 1, "absent and another's are the same"
        said: list[Any] = [("message", {"type": "ping"}), ("dance", {}), ("ping", []), ("ping", 1)]
        for event, data in said:
            await listener.sdk.send_event(event, data, WebPubSubDataType.JSON)
        await listener.sdk.send_event("ping", "[1", WebPubSubDataType.TEXT)
        await asyncio.to_thread(wait_for, lambda: len(listener.replies) == 11, "replies")
        assert [m["type"] for m in listener.replies[6:]] == ["pong", *["error_notification"] * 4]
        with pytest.raises(SendMessageError):
            await listener.sdk.send_event("ping", {"x": "y" * 5000}, WebPubSubDataType.JSON)


async def test_a_client_may_read_and_nothing_else(running_app: RunningApp) -> None:
    api = running_app.log_in("curious")
    for protocol in PROTOCOLS:
        async with listening(api, protocol) as listener:
            with pytest.raises(SendMessageError):
                await listener.sdk.join_group("admins")
            with pytest.raises(SendMessageError):
                await listener.sdk.send_to_group("admins", {}, WebPubSubDataType.JSON)


@pytest.mark.parametrize("fault", ["key", "expired", "hub", "groups", "nobody", "roles"])
async def test_tokens_that_are_not_ours_open_nothing(
    running_app: RunningApp, web_pub_sub: int, fault: str
) -> None:
    api = running_app.log_in("mallory")
    me = api.get("/users/me").json()["id"]
    where = f"http://127.0.0.1:{web_pub_sub}/client/hubs/tickets"
    token = client_token(
        "another key" * 4 if fault == "key" else DEFAULT_KEY,
        f"{where}2" if fault == "hub" else where,
        user="0" * 16 if fault == "nobody" else me,
        roles=["webpubsub.joinLeaveGroup"] if fault == "roles" else [],
        groups=["admins"] if fault == "groups" else [],
        minutes=-1 if fault == "expired" else 5,
    )
    with pytest.raises(OpenClientError):
        async with client_at(f"ws{where[4:]}?access_token={token}", WebPubSubProtocolType.JSON):
            pass


async def test_negotiating(running_app: RunningApp, admin: httpx2.Client) -> None:
    api = running_app.log_in("nora")
    token = api.headers["Authorization"].removeprefix("Bearer ")
    anybody = httpx2.Client(base_url=api.base_url, timeout=60)
    first = negotiated(api)
    assert anybody.get("/ws/negotiate").status_code == 401
    earlier = anybody.get(f"/ws/ws/{token}")
    assert earlier.status_code == 200
    assert earlier.json().keys() == first.keys()
    assert first["protocol"] == "json.webpubsub.azure.v1"
    assert first["groups"] == [f"user-{first['user_id']}"]
    for wrong in (f"{token}x", f"Bearer%20{token}"):
        refused = anybody.get(f"/ws/ws/{wrong}")
        assert refused.status_code == 401
        assert refused.json()["instance"] == "/api/v1/ws/ws/***"
    assert "/ws/ws/***" in running_app.host.log
    assert token not in running_app.host.log
    assert first["url"].partition("access_token=")[2] not in running_app.host.log
    assert api.get("/ws/ws/status").status_code == 403
    async with listening(api), listening(api):
        counts = admin.get("/ws/ws/status").json()
        assert counts["total_connections"] >= 2
        assert 1 <= counts["connected_users"] < counts["total_connections"]
    left = counts["total_connections"] - 2

    def have_left() -> bool:
        return bool(admin.get("/ws/ws/status").json()["total_connections"] <= left)

    await asyncio.to_thread(wait_for, have_left, "the count to fall")


def test_progress_is_told_at_most_twice_a_second(running_app: RunningApp) -> None:
    ticket = running_app.run()
    updates = running_app.api.get(f"/tickets/{ticket['id']}/updates").json()
    seconds = [
        float(re.sub(r".*:(\d+\.\d+)Z", r"\1", m["timestamp"]))
        for m in updates
        if m["type"] == "processing_status"
    ]
    assert seconds
    assert all((b - a) % 60 >= 0.5 for a, b in pairwise(seconds))


FORGED: list[tuple[int, JsonObject]] = [
    (401, {"ce-signature": ""}),
    (401, {"ce-signature": "sha256=" + "0" * 64}),
    (401, {"ce-connectionId": "another"}),
    (401, {"ce-connectionId": ""}),
    (400, {"ce-hub": "another"}),
    (400, {"ce-type": "azure.webpubsub.sys.other"}),
    (401, {"ce-userId": "0" * 16}),
]


async def test_events_that_are_not_the_services_are_refused(running_app: RunningApp) -> None:
    api, host = running_app.log_in("victim"), running_app.host.client
    where, event = "/api/v1/ws/events", {"type": "ping"}
    async with listening(api) as listener:
        connection = str(listener.sdk._connection_id)
        mac = hmac.new(DEFAULT_KEY.encode(), connection.encode(), "sha256").hexdigest()
        genuine = {
            "ce-type": "azure.webpubsub.user.ping",
            "ce-eventName": "ping",
            "ce-hub": "tickets",
            "ce-connectionId": connection,
            "ce-userId": api.get("/users/me").json()["id"],
            "ce-signature": f"sha256={'1' * 64}, sha256={mac}",
        }
        assert host.post(where, json=event, headers=genuine).json()["type"] == "pong"
        for status, changes in FORGED:
            forged = host.post(where, json=event, headers=genuine | changes)
            assert forged.status_code == status, (changes, forged.text)
        connect = {**genuine, "ce-type": "azure.webpubsub.sys.connect"}
        cases: tuple[Any, ...] = (1, {"iat": ["nan"]}, {"iat": []})
        for claims in cases:
            assert host.post(where, json={"claims": claims}, headers=connect).status_code == 400
        gone = {**genuine, "ce-type": "azure.webpubsub.sys.disconnected"}
        assert host.post(where, json={}, headers=gone).status_code == 200
        unknown = host.post(where, json=event, headers=genuine)
        assert unknown.status_code == 401, "a connection that is not known"


def test_only_the_service_itself_may_send_events(running_app: RunningApp) -> None:
    def asked(origin: str) -> httpx2.Response:
        headers = {"WebHook-Request-Origin": origin}
        return running_app.host.client.request("OPTIONS", "/api/v1/ws/events", headers=headers)

    assert asked("127.0.0.1").headers["WebHook-Allowed-Origin"] == "127.0.0.1"
    for origin in ("evil.example.com", "", "*"):
        assert asked(origin).status_code == 403
        assert "WebHook-Allowed-Origin" not in asked(origin).headers
