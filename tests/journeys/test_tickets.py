"""The calls about tickets, as clients make them: one test or more for each row of the contract."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.hosts.durable_api import FINISHED, JsonObject
from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, custom
from tests.support.servers.model import completion

GOOD = json.dumps({"summary": "Short.", "task_result": "# Done <img src=x onerror=alert(1)>"})


class Hanging(Response):
    """An answer that never comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


@pytest.fixture(autouse=True)
def _honest_model(running_app: RunningApp) -> None:
    running_app.model.reset(lambda *_: completion(GOOD))


def running(running_app: RunningApp) -> JsonObject:
    """A ticket whose model does not answer."""
    running_app.model.reset(lambda *_: Hanging())
    ticket = running_app.open()
    wait_for(lambda: running_app.read(ticket["id"])["status"] == "processing", "the work to begin")
    return running_app.read(ticket["id"])


def instance(running_app: RunningApp, ticket_id: str, attempt: int = 1) -> int:
    """The status code of asking for a workflow."""
    return running_app.durable.get(f"/instances/{ticket_id}-{attempt}").status_code


def workflow(running_app: RunningApp, ticket_id: str) -> str:
    return str(running_app.durable.status(f"{ticket_id}-1")["runtimeStatus"])


def test_create_names_the_place_and_the_version(running_app: RunningApp) -> None:
    answer = running_app.api.post("/tickets/", json=custom())
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/tickets/{answer.json()['id']}"
    assert answer.headers["etag"].startswith('"')


def test_list_filters_and_pages(running_app: RunningApp) -> None:
    api = running_app.log_in("lister")
    made = [
        api.post("/tickets", json={**custom(), "title": f"Number {n}"}).json()["id"]
        for n in range(3)
    ]
    first = api.get("/tickets", params={"per_page": 2, "status": "", "q": ""}).json()
    assert [ticket["id"] for ticket in first["tickets"]] == [made[2], made[1]]
    shown = {name: first[name] for name in ("total", "page", "per_page", "pages")}
    assert shown == {"total": 3, "page": 1, "per_page": 2, "pages": 2}
    params = {"per_page": 2, "cursor": first["next_cursor"]}
    second = api.get("/tickets", params=params).json()
    assert [ticket["id"] for ticket in second["tickets"]] == [made[0]]
    assert second["next_cursor"] is None
    found = api.get("/tickets", params={"q": "nUMBER 1"}).json()
    assert [ticket["id"] for ticket in found["tickets"]] == [made[1]]


def test_a_list_shows_results(running_app: RunningApp) -> None:
    ticket = running_app.run()
    page = running_app.api.get("/tickets", params={"status": "completed"}).json()
    shown = next(one for one in page["tickets"] if one["id"] == ticket["id"])
    assert shown == ticket


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("per_page=0", 422),
        ("per_page=101", 422),
        ("page=0", 422),
        ("page=x", 422),
        ("page=" + "9" * 5000, 422),
        ("status=huge", 422),
        ("priority=huge", 422),
        ("created_after=yesterday", 422),
        ("cursor=x", 400),
        ("cursor=%00", 400),
        ("task_type=x'%20or%20''eq'", 422),
        ("task_type=nonsense", 422),
        ("task_type=", 200),
        ("created_by=x'%20or%20''eq'", 200),
        ("created_after=0001-01-01T00:00:00Z&created_before=9999-12-31T00:00:00Z", 200),
        ("page=1000000", 200),
    ],
)
def test_odd_queries_are_refused_or_find_nothing(
    running_app: RunningApp, query: str, status: int
) -> None:
    assert running_app.api.get(f"/tickets?{query}").status_code == status


def test_change_honours_if_match(running_app: RunningApp) -> None:
    ticket = running_app.run()
    path = f"/tickets/{ticket['id']}"
    etag = running_app.api.get(path).headers["etag"]

    def put(match: str, **changes: Any) -> httpx2.Response:
        return running_app.api.put(path, json=changes, headers={"If-Match": match})

    changed = put(etag, title="New", priority="urgent")
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["priority"]) == ("New", "urgent")
    assert changed.headers["etag"] != etag
    assert running_app.api.get(path).headers["etag"] == changed.headers["etag"]
    assert put(etag, title="Newer").status_code == 412
    assert put(f"W/{changed.headers['etag']}", title="Newer").status_code == 412
    assert put(f'"other", {changed.headers["etag"]}', title="Newer").status_code == 200
    assert put("*", title="Newest").status_code == 200
    assert running_app.read(ticket["id"])["title"] == "Newest"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": ""}, 422),
        ({"title": None}, 422),
        ({"priority": "huge"}, 422),
        ({"status": "completed"}, 422),
        ({"status": "cancelled"}, 409),
        ({"assigned_to": "nobody"}, 422),
        ({"assigned_to": "0" * 16}, 422),
        ({"task_data": {"task_description": "x"}}, 409),
        ({"task_data": {"task_description": "x" * 2 * 1024 * 1024}}, 413),
        ([], 422),
        ({"created_by": "x", "attempt": 7, "PartitionKey": "y", "result_data": {"a": 1}}, 200),
    ],
)
def test_changes_that_are_not_allowed(running_app: RunningApp, body: Any, status: int) -> None:
    ticket = running_app.run()
    answer = running_app.api.put(f"/tickets/{ticket['id']}", json=body)
    assert answer.status_code == status, answer.text
    assert running_app.read(ticket["id"]) == ticket


def test_an_assignee_reads_and_no_more(running_app: RunningApp) -> None:
    ben = running_app.log_in("assignee")
    ben_id = ben.get("/users/me").json()["id"]
    ticket = running_app.run()
    path = f"/tickets/{ticket['id']}"
    assert ben.get(path).status_code == 404
    assert running_app.api.put(path, json={"assigned_to": ben_id}).json()["assigned_to"] == ben_id
    assert ben.get(path).status_code == 200
    assert [one["id"] for one in ben.get("/tickets").json()["tickets"]] == [ticket["id"]]
    assert ben.get(f"{path}/result").status_code == 200
    assert ben.put(path, json={"title": "Mine"}).status_code == 403
    assert ben.delete(path).status_code == 403
    for call in ("cancel", "reprocess"):
        assert ben.post(f"{path}/{call}").status_code == 403
    assert running_app.api.put(path, json={"assigned_to": None}).status_code == 200
    assert ben.get(path).status_code == 404


def test_cancel_ends_the_work_for_good(running_app: RunningApp) -> None:
    ticket = running(running_app)
    path = f"/tickets/{ticket['id']}"
    cancelled = running_app.api.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    again = running_app.api.post(f"{path}/cancel")
    assert (again.status_code, again.json()) == (200, cancelled.json())
    wait_for(lambda: workflow(running_app, ticket["id"]) in FINISHED, "the workflow to end")
    assert running_app.read(ticket["id"])["status"] == "cancelled"


def test_put_cancels_too(running_app: RunningApp) -> None:
    ticket = running(running_app)
    answer = running_app.api.put(f"/tickets/{ticket['id']}", json={"status": "cancelled"})
    assert answer.json()["status"] == "cancelled"
    wait_for(lambda: workflow(running_app, ticket["id"]) in FINISHED, "the workflow to end")


def test_what_has_ended_cannot_be_cancelled(running_app: RunningApp) -> None:
    ticket = running_app.run()
    assert running_app.api.post(f"/tickets/{ticket['id']}/cancel").status_code == 409


def test_reprocess_is_a_new_attempt(running_app: RunningApp) -> None:
    ticket = running(running_app)
    path = f"/tickets/{ticket['id']}"
    assert running_app.api.post(f"{path}/reprocess").status_code == 409
    running_app.api.post(f"{path}/cancel")
    running_app.model.reset(lambda *_: completion(GOOD))
    for attempt in (2, 3):
        again = running_app.api.post(f"{path}/reprocess")
        assert (again.status_code, again.json()["attempt"]) == (200, attempt)
        done = running_app.until_ended(ticket["id"])
        assert (done["status"], done["attempt"]) == ("completed", attempt)
        assert instance(running_app, ticket["id"], attempt) != 404


def test_delete_leaves_nothing_but_its_trail(running_app: RunningApp) -> None:
    ticket = running(running_app)
    path = f"/tickets/{ticket['id']}"
    total = running_app.api.get("/tickets").json()["total"]
    assert running_app.api.delete(path).status_code == 204
    for call in (running_app.api.get, running_app.api.delete):
        assert call(path).status_code == 404
    assert running_app.api.get("/tickets").json()["total"] == total - 1
    wait_for(lambda: instance(running_app, ticket["id"]) == 404, "the history to go")


def test_a_repeated_request_has_the_same_answer(running_app: RunningApp) -> None:
    headers = {"Idempotency-Key": "one-of-twenty"}
    running_app.model.reset(lambda *_: Hanging())

    def post(_: int) -> httpx2.Response:
        return running_app.api.post("/tickets", json=custom(), headers=headers)

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
    other = running_app.api.post("/tickets", json=custom(context="x"), headers=headers)
    assert other.status_code == 422
    long = running_app.api.post("/tickets", json=custom(), headers={"Idempotency-Key": "x" * 256})
    assert long.status_code == 400
    elsewhere = running_app.log_in("another").post("/tickets", json=custom(), headers=headers)
    assert elsewhere.headers["location"] != answers[0].headers["location"]


def test_results_in_the_forms_that_there_are(running_app: RunningApp) -> None:
    answer = running_app.api.post("/tickets", json={**custom(), "title": 'A "b"\r\nc: d/../é'})
    ticket = running_app.until_ended(answer.json()["id"])
    path = f"/tickets/{ticket['id']}/result"
    plain = running_app.api.get(path)
    assert plain.json() == ticket["result_data"]
    assert plain.headers["content-disposition"] == 'attachment; filename="A-b-c-d.json"'
    text = running_app.api.get(path, params={"format": "md"})
    assert text.text.startswith("# Done &lt;img src=x onerror=alert(1)>\n\n---\n\n")
    for form in ("md", "html"):
        shown = running_app.api.get(path, params={"format": form}).text
        assert "What took how long" in shown
        assert "steps without the model" in shown
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert text.headers["x-content-type-options"] == "nosniff"
    refused = running_app.api.get(path, params={"format": "csv"})
    assert refused.status_code == 406
    assert "json, md" in refused.json()["detail"]


def test_there_is_no_result_before_the_end(running_app: RunningApp) -> None:
    ticket = running(running_app)
    assert running_app.api.get(f"/tickets/{ticket['id']}/result").status_code == 409


CALLS = [
    ("GET", ""),
    ("PUT", ""),
    ("DELETE", ""),
    ("POST", "/cancel"),
    ("POST", "/reprocess"),
    ("GET", "/result"),
]


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_absent_and_foreign_are_the_same(running_app: RunningApp, method: str, call: str) -> None:
    ticket = running_app.run()
    eve = running_app.log_in("eve")
    body = {"title": "x"} if method == "PUT" else None
    bodies = []
    odd = ["x", "'", "a" * 1025, "\U0001f600", "a#b", "a?b", "..\\", "\x01"]
    absent = [ticket["id"][:-8] + "00000000", *odd]
    for ticket_id in (ticket["id"], *absent):
        answer = eve.request(method, f"/tickets/{quote(ticket_id, safe='')}{call}", json=body)
        assert answer.status_code == 404, (ticket_id, answer.text)
        bodies.append(answer.json()["detail"])
    assert len(set(bodies)) == 1
    assert running_app.read(ticket["id"]) == ticket


def test_reading_costs_one_storage_call_and_changing_two(running_app: RunningApp) -> None:
    ticket = running_app.run()
    path = f"/tickets/{ticket['id']}"
    running_app.api.put(path, json={"title": "This hour's first change"})

    def put(number: int) -> None:
        body = {"priority": "low", "title": f"{number}"}
        assert running_app.api.put(path, json=body).status_code == 200

    assert running_app.storage_calls(lambda _: running_app.api.get(path)) == 1
    assert running_app.storage_calls(put) == 2
