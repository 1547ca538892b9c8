"""The audit trail of everything, as an administrator searches and verifies it."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from tests.support.files import files
from tests.support.hosts.process import wait_for
from tests.support.running_app import PASSWORD, JsonObject, RunningApp, run_app

ADMIN = "root@example.com"
NOTE = ("note.txt", files.TEXT.encode())


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    settings = {"BOOTSTRAP_ADMIN_EMAIL": ADMIN, "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def admin(running_app: RunningApp) -> httpx2.Client:
    return admin_of(running_app)


def admin_of(running_app: RunningApp) -> httpx2.Client:
    return running_app.sign_in(ADMIN)


@pytest.fixture
def ticket(running_app: RunningApp) -> str:
    """A ticket with a file, at its end."""
    made = running_app.run()["id"]
    added = running_app.api.post(f"/tickets/{made}/attachments", files={"file": NOTE})
    assert added.status_code == 201
    return str(made)


def search(admin: httpx2.Client, **filters: str) -> list[JsonObject]:
    """All pages."""
    events: list[JsonObject] = []
    for _ in range(100):
        answer = admin.get("/audit", params=filters)
        assert answer.status_code == 200, answer.text
        events += answer.json()["events"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return events
        filters["cursor"] = cursor
    raise AssertionError("there is no end of pages")


def ids(events: list[JsonObject]) -> list[str]:
    return [event["id"] for event in events]


def test_an_event_says_who_did_what_from_where(running_app: RunningApp, ticket: str) -> None:
    events = running_app.api.get(f"/tickets/{ticket}/events").json()
    assert [event["action"] for event in events] == [
        "ticket_created",
        "ticket_started",
        "ticket_completed",
        "attachment_added",
    ]
    last = events[-1]
    assert last["entity_type"] == "attachment"
    assert last["ticket_id"] == ticket
    assert last["user_id"] == running_app.api.get("/users/me").json()["id"]
    assert last["ip_address"] == "127.0.0.1"
    assert last["user_agent"].startswith("python-httpx2")
    assert last["new_values"]["filename"] == "note.txt"
    assert events[0]["previous_hash"] == ""
    for before, after in pairwise(events):
        assert after["previous_hash"] == before["hash"]
    assert "freezes" not in str(events)


def test_the_search_finds_tickets_and_users_newest_first(
    running_app: RunningApp, admin: httpx2.Client, ticket: str
) -> None:
    running_app.log_in("grace")
    events = search(admin)
    times = [event["timestamp"] for event in events]
    assert times == sorted(times, reverse=True)
    assert len(set(ids(events))) == len(events)
    known = {event["action"] for event in events}
    assert {"ticket_created", "attachment_added", "user_created", "login_succeeded"} <= known
    mine = [event for event in events if event["ticket_id"] == ticket]
    assert ids(mine)[::-1] == ids(running_app.api.get(f"/tickets/{ticket}/events").json())


def test_every_filter_holds(running_app: RunningApp, admin: httpx2.Client, ticket: str) -> None:
    everything = search(admin)
    me = running_app.api.get("/users/me").json()["id"]
    attachment = running_app.read(ticket)["attachments"][0]["id"]
    middle = everything[len(everything) // 2]["timestamp"]

    def expected(**values: str) -> list[str]:
        fits: Any = values.items()
        return [e["id"] for e in everything if all(e[name] == value for name, value in fits)]

    for filters in (
        {"entity_type": "ticket", "entity_id": ticket},
        {"entity_type": "attachment"},
        {"entity_type": "attachment", "entity_id": attachment},
        {"entity_type": "user"},
        {"user_id": me},
        {"action": "ticket_completed"},
        {"action": "attachment_added", "user_id": me},
    ):
        found = ids(search(admin, **filters))
        assert found, filters
        assert found == expected(**filters), filters
    since = ids(search(admin, since=middle))
    until = ids(search(admin, until=middle))
    assert since == [e["id"] for e in everything if e["timestamp"] >= middle]
    assert until == [e["id"] for e in everything if e["timestamp"] < middle]
    assert search(admin, entity_type="ticket", entity_id="nothing") == []


def test_pages_join_without_gaps_and_at_bounded_cost(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    ticket = running_app.run()["id"]
    for batch in range(4):
        given = [("files", (f"{batch}-{n}.txt", f"{batch} {n}".encode())) for n in range(20)]
        assert running_app.api.post(f"/tickets/{ticket}/attachments", files=given).is_success
    me = running_app.api.get("/users/me").json()["id"]
    first = admin.get("/audit", params={"user_id": me}).json()
    calls = running_app.storage_calls(lambda _: admin.get("/audit", params={"user_id": me}))
    owners = {event["ticket_id"].split("-")[0] for event in search(admin) if event["ticket_id"]}
    assert len(first["events"]) == 50
    assert first["next_cursor"]
    assert calls <= 3 + len(owners)
    found = search(admin, user_id=me)
    assert len(set(ids(found))) == len(found) >= 81
    assert ids(found)[:50] == ids(first["events"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"cursor": "x"}, 400),
        ({"cursor": "log_' or 1 eq 1"}, 400),
        ({"action": "dance"}, 422),
        ({"entity_type": "planet"}, 422),
        ({"since": "yesterday"}, 422),
    ],
)
def test_a_bad_search_is_refused(admin: httpx2.Client, query: dict[str, str], status: int) -> None:
    assert admin.get("/audit", params=query).status_code == status


def test_only_administrators_search_and_verify(running_app: RunningApp, ticket: str) -> None:
    assert running_app.api.get("/audit").status_code == 403
    assert running_app.api.get("/audit/verify", params={"ticket_id": ticket}).status_code == 403
    assert httpx2.get(f"{running_app.host.base_url}/api/v1/audit", timeout=60).status_code == 401


def verify(admin: httpx2.Client, ticket: str) -> JsonObject:
    answer = admin.get("/audit/verify", params={"ticket_id": ticket})
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


class Rows:
    """Somebody at the table itself."""

    def __init__(self, running_app: RunningApp, ticket: str) -> None:
        service = TableServiceClient.from_connection_string(running_app.storage.upstream)
        self.table = service.get_table_client("tickets")
        self.owner, _, self.rest = ticket.partition("-")

    def change(self, number: int, **values: str) -> None:
        key = {"PartitionKey": self.owner, "RowKey": f"event_{self.rest}_{number:06d}"}
        self.table.update_entity(key | values)

    def delete(self, number: int) -> None:
        self.table.delete_entity(self.owner, f"event_{self.rest}_{number:06d}")


def test_an_untouched_trail_is_valid(admin: httpx2.Client, ticket: str) -> None:
    assert verify(admin, ticket) == {
        "ticket_id": ticket,
        "user_id": None,
        "valid": True,
        "events": 4,
        "first_invalid": None,
        "reason": None,
        "sealed_until": None,
        "keyed": True,
    }


@pytest.mark.parametrize(
    ("damage", "first_invalid"),
    [
        (lambda rows: rows.change(2, description="Nothing happened."), 2),
        (lambda rows: rows.change(3, user_id="somebody"), 3),
        (lambda rows: rows.delete(1), 2),
        (lambda rows: rows.delete(3), 4),
        (lambda rows: rows.delete(4), 4),
        (lambda rows: [rows.delete(n) for n in (1, 2, 3, 4)], 1),
    ],
)
def test_tampering_shows(
    running_app: RunningApp, admin: httpx2.Client, ticket: str, damage: Any, first_invalid: int
) -> None:
    damage(Rows(running_app, ticket))
    found = verify(admin, ticket)
    assert found["valid"] is False
    assert found["first_invalid"] == f"{ticket}.{first_invalid:06d}"


def test_the_trail_outlives_the_ticket_and_its_end_is_known(
    running_app: RunningApp, admin: httpx2.Client, ticket: str
) -> None:
    assert running_app.api.delete(f"/tickets/{ticket}").status_code == 204
    assert verify(admin, ticket)["valid"]
    last = search(admin, entity_type="ticket", entity_id=ticket)[0]
    assert last["action"] == "ticket_deleted"
    Rows(running_app, ticket).delete(5)
    assert verify(admin, ticket)["first_invalid"] == f"{ticket}.000005"


def test_there_is_nothing_to_verify_of_what_never_was(admin: httpx2.Client, ticket: str) -> None:
    for absent in (re.sub(".$", "x", ticket), ticket[:-4] + "0000", "../", ""):
        answer = admin.get("/audit/verify", params={"ticket_id": absent})
        assert answer.status_code == (404 if absent else 422), absent


def test_digests_know_of_a_deleted_ticket_that_nothing_is_left_of(
    own_storage: str, tmp_path: Path
) -> None:
    settings = {"BOOTSTRAP_ADMIN_EMAIL": ADMIN, "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
    with run_app(own_storage, tmp_path, AUDIT_DIGEST_SECONDS="0.1", **settings) as running:
        ticket = running.run()["id"]
        assert running.api.delete(f"/tickets/{ticket}").status_code == 204
        blobs = BlobServiceClient.from_connection_string(running.storage.upstream)
        container = blobs.get_container_client("audit-digests")

        def find_deletion() -> bool:
            names = [*container.list_blob_names(name_starts_with="digests/")]
            digests = [json.loads(container.download_blob(name).readall()) for name in names]
            return 4 in [head[0] for one in digests for head in one["heads"].get(ticket, [])]

        wait_for(find_deletion, "a digest of the deletion")
        admin = admin_of(running)
        assert verify(admin, ticket)["valid"]
        rows = Rows(running, ticket)
        for number in (1, 2, 3, 4):
            rows.delete(number)
        found = verify(admin, ticket)
        assert (found["events"], found["first_invalid"]) == (0, f"{ticket}.000001")
        me = running.api.get("/users/me").json()["id"]
        of_user = admin.get("/audit/verify", params={"user_id": me}).json()
        assert (of_user["valid"], of_user["user_id"]) == (True, me)
        assert {event["verified"] for event in search(admin)} == {True}


@pytest.mark.parametrize("query", [{}, {"ticket_id": "a", "user_id": "b"}])
def test_one_trail_is_verified_at_a_time(admin: httpx2.Client, query: dict[str, str]) -> None:
    assert admin.get("/audit/verify", params=query).status_code == 422
