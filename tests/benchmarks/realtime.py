"""Many who listen to many tickets at once, and what the API costs while the service is away."""

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
from azure.messaging.webpubsubclient.models import WebPubSubProtocolType

from infra.local.azurite import Azurite, Ports
from infra.local.webpubsub import connection_string
from tests.benchmarks.memory import peak, reset_peak
from tests.benchmarks.verdicts import Row, judge, judge_most
from tests.support.ports import find_free_port
from tests.support.running_app import RunningApp, custom, run_app
from tests.support.servers.realtime import Listener, client_at, negotiated, run_with_realtime

USERS = 10
CLIENTS_EACH = 20
TICKETS_EACH = 10
CALLS = 60
SECONDS = 300.0
_SETTINGS = {"SWEEP_AFTER_SECONDS": "60", "SWEEP_SCHEDULE": "0 * * * * *"}


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    return [*_crowd(), _while_away()]


def _crowd() -> list[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_with_realtime(azurite.connection_string, Path(folder) / "app", **_SETTINGS) as running,
    ):
        app = running[0]
        app.run()  # what is loaded at the first use is not counted
        before = reset_peak(app.host.pid)
        seconds, heard, lost = asyncio.run(_listen(app))
        more = (peak(app.host.pid) - before) / 1024
    name = f"{USERS * CLIENTS_EACH} clients, {USERS * TICKETS_EACH} tickets at once"
    measured = f"{seconds:.1f} s, {heard} messages heard, + {more:.0f} MB"
    return [
        judge(name, measured, "<= 60 s, <= 100 MB", seconds <= 60 and more <= 100),
        judge_most("messages lost", lost, 0, "of them"),
    ]


async def _listen(app: RunningApp) -> tuple[float, int, int]:
    """Seconds until everybody has heard the end of all their tickets; messages heard and lost."""
    users = [app.log_in(f"user-{number}") for number in range(USERS)]
    async with AsyncExitStack() as stack:
        listeners: list[list[Listener]] = []
        for api in users:
            urls = [negotiated(api)["url"] for _ in range(CLIENTS_EACH)]
            opening = (
                stack.enter_async_context(client_at(url, WebPubSubProtocolType.JSON_RELIABLE))
                for url in urls
            )
            listeners.append(list(await asyncio.gather(*opening)))
        begin = time.perf_counter()
        tickets = await asyncio.gather(*(asyncio.to_thread(_open, api) for api in users))
        await asyncio.gather(
            *(
                listener.until_ended(ticket_id, SECONDS)
                for own, mine in zip(listeners, tickets, strict=True)
                for listener in own
                for ticket_id in mine
            )
        )
        seconds = time.perf_counter() - begin
        counts = [
            (len(listener.of(ticket_id)), listener.of(ticket_id)[-1]["seq"])
            for own, mine in zip(listeners, tickets, strict=True)
            for listener in own
            for ticket_id in mine
        ]
        await asyncio.gather(*(one.sdk.close() for own in listeners for one in own))
    heard = sum(count for count, _ in counts)
    return seconds, heard, sum(last for _, last in counts) - heard


def _open(api: httpx2.Client) -> list[str]:
    answers = [api.post("/tickets", json=custom(), timeout=120) for _ in range(TICKETS_EACH)]
    return [str(answer.json()["id"]) for answer in answers]


def _while_away() -> Row:
    """POST and PUT beside an app that has no realtime service at all, in turns."""
    away = connection_string(find_free_port())
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        Azurite(Path(folder) / "azurite-2", Ports(0, 0, 0)) as other,
        run_app(azurite.connection_string, Path(folder) / "without", **_SETTINGS) as without,
        run_app(
            other.connection_string,
            Path(folder) / "away",
            WEBPUBSUB_CONNECTION_STRING=away,
            **_SETTINGS,
        ) as with_it,
    ):
        _times(without), _times(with_it)
        pairs = [(_times(without), _times(with_it)) for _ in range(CALLS)]
    base, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    more = f" ({ours * 1000:.1f} and {base * 1000:.1f} ms)"
    return judge_most("PUT, Web PubSub away", ours / base, 1.1, "x that without one", more)


def _times(app: RunningApp) -> float:
    """Seconds that a change of a ticket takes which waits for files."""
    body = {"title": "Papers", "task_type": "doc_analysis", "task_data": {}}
    path = f"/tickets/{app.api.post('/tickets', json=body).json()['id']}"
    begin = time.perf_counter()
    for number in range(5):
        assert app.api.put(path, json={"title": f"Title {number}"}).status_code == 200
    return (time.perf_counter() - begin) / 5
