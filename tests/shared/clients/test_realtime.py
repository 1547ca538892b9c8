"""Realtime over the stand-in: what is sent, to whom, and that losing it costs nothing."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from infra.local.serving import take_port
from infra.local.webpubsub import connection_string
from infra.local.webpubsub.app import application
from shared.clients.realtime import Realtime
from shared.models import Notice, Priority, Progress, Status, StoredTicket, now, rfc3339
from shared.settings.realtime import RealtimeSettings
from shared.tickets.notifications import Notifications
from tests.support.servers.serving import served


@pytest.fixture
def port() -> Iterator[int]:
    with served(application()) as (taken,):
        yield taken


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


def sent(port: int) -> list[tuple[str, dict[str, Any]]]:
    """The path and the message of each call."""
    calls = httpx2.get(f"http://127.0.0.1:{port}/__calls").json()["calls"]
    return [(call["path"].partition("/hubs/")[2], call["body"]) for call in calls]


async def test_both_readers_hear_each_message_with_its_number(port: int) -> None:
    realtime = Realtime(RealtimeSettings(connection_string=connection_string(port)))
    progress = Progress(stage="working", done=1, total=2, percent=50)
    told = ticket(seq=7, status=Status.PROCESSING, progress=progress)

    await Notifications(realtime).send(told, (Notice.PROCESSING_STATUS, Notice.TICKET_UPDATE))

    calls = sent(port)
    paths = ["tickets/users/ann/:send", "tickets/users/bob/:send"]
    assert [path for path, _ in calls] == paths * 2
    assert calls[0][1] == {
        "type": "processing_status",
        "ticket_id": "t1",
        "status": "processing",
        "details": {"stage": "working", "done": 1, "total": 2, "percent": 50},
        "timestamp": rfc3339(told.updated_at),
        "seq": 6,
    }
    update = calls[2][1]
    assert (update["type"], update["seq"]) == ("ticket_update", 7)
    assert update["data"]["status"] == "processing"
    assert "confidential" not in str(calls)


async def test_a_service_that_is_away_costs_one_short_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with take_port(0, "nobody") as nobody:
        away = connection_string(nobody.getsockname()[1])
    notices = Notifications(Realtime(RealtimeSettings(connection_string=away)))
    begin = time.perf_counter()
    for _ in range(50):
        await notices.send(ticket(), (Notice.TICKET_UPDATE,))
    assert time.perf_counter() - begin < 3
    assert caplog.text.count("Realtime is away") == 1


async def test_without_a_service_nothing_is_tried() -> None:
    realtime = Realtime(RealtimeSettings())
    assert not realtime.is_on
    await Notifications(realtime).send(ticket(), (Notice.TICKET_UPDATE,))
