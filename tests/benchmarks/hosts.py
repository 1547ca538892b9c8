"""What a ticket takes on each host: the local one, and the Durable extension that Azure runs."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.verdicts import Row, judge_most, tell
from tests.support.hosts.durable_extension import find_durable_host
from tests.support.hosts.process import HostKind, wait_for
from tests.support.running_app import ENDED, RunningApp, custom, run_app

SINGLE = 15
TOGETHER = 50
IDLE_SECONDS = 40
AS_SHIPPED = {"SWEEP_SCHEDULE": "0 * * * * *", "SWEEP_AFTER_SECONDS": "60"}
_LIMITS = {HostKind.LOCAL: (80, 2.5), HostKind.REAL: (250, 7.5)}
"""Ms of a ticket, and seconds of as many as are opened together; the model answers at once."""


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target."""
    kinds = [kind for kind in HostKind if kind is not HostKind.REAL or find_durable_host()]
    if HostKind.REAL not in kinds:
        yield tell("tickets on the Durable extension", "it is not here")
    with ExitStack() as stack:
        apps = {kind: _start(kind, stack) for kind in kinds}
        yield from _time_single(apps)
        for kind, running_app in apps.items():
            yield _time_crowd(kind, running_app)
        time.sleep(IDLE_SECONDS)
        for kind, running_app in apps.items():
            what = f"{kind}: a ticket after {IDLE_SECONDS} s without one"
            yield tell(what, f"{_time(running_app)[1]:.2f} s")


def _start(kind: HostKind, stack: ExitStack) -> RunningApp:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    azurite = stack.enter_context(Azurite(folder / "azurite", Ports(0, 0, 0)))
    storage = azurite.connection_string  # A proxy would take time.
    settings = AS_SHIPPED | {"STORAGE_CONNECTION": storage}
    running_app = stack.enter_context(run_app(storage, folder / "host", kind, **settings))
    running_app.run()
    return running_app


def _time_single(apps: dict[HostKind, RunningApp]) -> Iterator[Row]:
    """By turns."""
    times: dict[HostKind, list[tuple[float, float]]] = {kind: [] for kind in apps}
    for _ in range(SINGLE):
        for kind, running_app in apps.items():
            times[kind].append(_time(running_app))
    for kind, taken in times.items():
        post, whole = (1000 * statistics.median(column) for column in zip(*taken, strict=True))
        more = f", its POST {post:.0f} ms"
        yield judge_most(f"{kind}: POST to completed", whole, _LIMITS[kind][0], "ms", more)


def _time_crowd(kind: HostKind, running_app: RunningApp) -> Row:
    begin = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        tickets = list(pool.map(lambda _: running_app.open()["id"], range(TOGETHER)))
    wait_for(lambda: _all_ended(running_app, tickets), "all tickets", 300)
    took = time.perf_counter() - begin
    return judge_most(f"{kind}: {TOGETHER} tickets at once", took, _LIMITS[kind][1], "s")


def _time(running_app: RunningApp) -> tuple[float, float]:
    """Seconds of the POST, and from it to the end of the ticket."""
    begin = time.perf_counter()
    answer = running_app.api.post("/tickets", json=custom())
    posted = time.perf_counter()
    running_app.until_ended(answer.json()["id"])
    return posted - begin, time.perf_counter() - begin


def _all_ended(running_app: RunningApp, tickets: list[str]) -> bool:
    page = running_app.api.get("/tickets", params={"per_page": 100}).json()["tickets"]
    ended = {one["id"] for one in page if one["status"] in ENDED}
    return ended >= set(tickets)
