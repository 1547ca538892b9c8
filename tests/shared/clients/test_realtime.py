"""Realtime over the stand-in: what is sent, to whom, and that losing it costs nothing."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from infra.local.webpubsub import connection_string
from infra.local.webpubsub.app import application
from shared.accounts.audience import department_group
from shared.clients.realtime import Realtime
from shared.models import Notice, Priority, Progress, Status, StoredTicket, rfc3339
from shared.settings.realtime import RealtimeSettings
from shared.tickets.realtime.notifications import Notifications
from shared.tickets.realtime.updates import make_messages
from tests.support.ports import find_free_port
from tests.support.product.clock import now
from tests.support.servers.serving import served

NOTICES = (Notice.PROCESSING_STATUS, Notice.TICKET_UPDATE)


class Directory:
    """Everybody is in one department."""

    def __init__(self, department: str | None = None) -> None:
        self.department = department

    async def department_of(self, user_id: str) -> str | None:
        return self.department

    async def members_of(self, department: str) -> list[str]:
        return []


@pytest.fixture
def port() -> Iterator[int]:
    with served(application()) as (taken,):
        yield taken


def notifications(port: int, department: str | None = None) -> Notifications:
    settings = RealtimeSettings(connection_string=connection_string(port))
    return Notifications(Realtime(settings), Directory(department))


def ticket(**changes: Any) -> StoredTicket:
    moment = now()
    return StoredTicket(
        id="t1",
        title="T",
        description="",
        task_type="custom",
        priority=Priority.MEDIUM,
        task_data={"task_description": "confidential"},
        created_by="ann",
        assigned_to="bob",
        created_at=moment,
        updated_at=moment,
    ).model_copy(update=changes)


def sent(port: int) -> list[dict[str, Any]]:
    """The calls so far."""
    calls: list[dict[str, Any]] = httpx2.get(f"http://127.0.0.1:{port}/__calls").json()["calls"]
    return calls


async def test_a_message_is_sent_once_for_all_who_may_read(port: int) -> None:
    progress = Progress(stage="working", done=1, total=2, percent=50)
    told = ticket(seq=7, status=Status.PROCESSING, progress=progress)
    notices = notifications(port, "R&D 'east'")

    await notices.send(told, make_messages(told, told, NOTICES))
    await notices.drain()

    calls = sent(port)
    assert [call["path"] for call in calls] == ["/api/hubs/tickets/:send"] * 2
    department = department_group("R&D 'east'")
    groups = ("user-ann", "user-bob", department, "admins")
    filters = {call["query"]["filter"] for call in calls}
    assert filters == {" or ".join(f"'{group}' in groups" for group in groups)}
    assert calls[0]["body"] == {
        "type": "processing_status",
        "ticket_id": "t1",
        "status": "processing",
        "details": {"stage": "working", "done": 1, "total": 2, "percent": 50},
        "timestamp": rfc3339(told.updated_at),
        "seq": 6,
    }
    update = calls[1]["body"]
    assert (update["type"], update["seq"]) == ("ticket_update", 7)
    assert update["data"]["status"] == "processing"
    assert "confidential" not in str(calls)


async def test_nobody_waits_for_a_service_that_is_away_and_it_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notices = notifications(find_free_port())
    told = ticket(seq=2)
    begin = time.perf_counter()
    for _ in range(50):
        await notices.send(told, make_messages(told, told, NOTICES))
    assert time.perf_counter() - begin < 20, "its time-out would be taken fifty times"
    await notices.drain()
    assert caplog.text.count("Realtime is away") == 1


async def test_messages_after_an_outage_are_sent() -> None:
    port = find_free_port()
    notices, told = notifications(port), ticket(seq=2)
    await notices.send(told, make_messages(told, told, NOTICES))
    await notices.drain()
    with served(application(), port=port):
        async with asyncio.timeout(60):
            while not sent(port):
                await notices.send(told, make_messages(told, told, NOTICES))
                await notices.drain()
        assert sent(port)[0]["body"]["ticket_id"] == "t1"


async def test_without_a_service_nothing_is_tried() -> None:
    realtime = Realtime(RealtimeSettings())
    assert not realtime.is_on
    notices = Notifications(realtime, Directory())
    await notices.send(ticket(), make_messages(None, ticket(seq=1), (Notice.TICKET_UPDATE,)))
    await notices.drain()
