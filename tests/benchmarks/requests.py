"""What requests take for somebody with few tickets and for somebody with many, by turns."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.storage import fill
from tests.benchmarks.verdicts import Row, judge_most, tell
from tests.support.product.app import make_app
from tests.support.running_app import PASSWORD, RunningApp, custom, run_app

FEW, MANY, ROUNDS = 100, 20_000, 30
# A ticket that waits for files: its workflow does nothing but wait.
_WAITING = custom() | {"task_type": "doc_analysis", "task_data": {}}
_LIMITS = {
    "GET by id": (4, 4),
    "list of 20": (8, 10),
    "list of 20, last page by page=": (8, 30),
    "list of 20, by cursor": (8, 10),
    "POST until 201": (10, 10),
}
"""In ms, of few tickets and of many."""


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target. Each has a storage of their own, as
    Azurite looks at all rows of a table, whoever asks."""
    owners = {"few": FEW, "many": MANY}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clients = {
            name: stack.enter_context(_run_app(folder / name, name, count))
            for name, count in owners.items()
        }
        yield from _compare(clients, owners)
        yield tell("login", f"{_time_login(clients['few']):.0f} ms")


@contextmanager
def _run_app(folder: Path, owner: str, count: int) -> Iterator[httpx2.Client]:
    """A client of somebody who has so many tickets."""
    with Azurite(folder / "azurite", Ports(0, 0, 0)) as azurite:
        connection = azurite.connection_string
        # A proxy would take time.
        settings = {"STORAGE_CONNECTION": connection, "SWEEP_SCHEDULE": "0 0 0 1 1 *"}
        with run_app(connection, folder / "host", **settings) as running_app:
            client = running_app.log_in(owner)
            user_id = client.get("/users/me").json()["id"]
            asyncio.run(_fill(running_app, connection, user_id, count))
            yield client


async def _fill(running_app: RunningApp, connection: str, owner: str, count: int) -> None:
    async with make_app(connection, running_app.model, own="") as app:
        await fill(app.table, owner, count)


def _compare(clients: dict[str, httpx2.Client], owners: dict[str, int]) -> Iterator[Row]:
    calls = {name: _calls(clients[name], count) for name, count in owners.items()}
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for what in _LIMITS:
            for name in owners:
                begin = time.perf_counter()
                calls[name][what]().raise_for_status()
                times.setdefault((what, name), []).append(time.perf_counter() - begin)
    for what, limits in _LIMITS.items():
        for (name, count), limit in zip(owners.items(), limits, strict=True):
            told = 1000 * statistics.median(times[what, name])
            yield judge_most(f"{what}, {count:,} tickets", told, limit, "ms")


def _calls(api: httpx2.Client, count: int) -> dict[str, Callable[[], httpx2.Response]]:
    first = api.get("/tickets").raise_for_status().json()
    ticket, cursor, last = first["tickets"][0]["id"], first["next_cursor"], count // 20
    return {
        "GET by id": lambda: api.get(f"/tickets/{ticket}"),
        "list of 20": lambda: api.get("/tickets"),
        "list of 20, last page by page=": lambda: api.get("/tickets", params={"page": last}),
        "list of 20, by cursor": lambda: api.get("/tickets", params={"cursor": cursor}),
        "POST until 201": lambda: api.post("/tickets", json=_WAITING),
    }


def _time_login(client: httpx2.Client) -> float:
    """The median in ms."""
    times = []
    for _ in range(ROUNDS // 3):
        begin = time.perf_counter()
        given = {"username": "few", "password": PASSWORD}
        client.post("/auth/login", data=given).raise_for_status()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)
