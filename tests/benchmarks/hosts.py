"""What a ticket takes on each host: the local one, and the Durable extension that Azure runs."""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.local.azurite import Azurite, Ports
from tests.support.hosts.durable_extension import find_durable_host
from tests.support.hosts.process import HostKind, wait_for
from tests.support.running_app import ENDED, RunningApp, custom, run_app

SINGLE = 15
TOGETHER = 60
IDLE_SECONDS = 40
AS_SHIPPED = {"SWEEP_SCHEDULE": "0 * * * * *", "SWEEP_AFTER_SECONDS": "60"}
Row = tuple[str, str, str]


def measure() -> list[Row]:
    """Rows of (what, measured, target)."""
    rows: list[Row] = []
    for kind in HostKind:
        if kind is HostKind.REAL and find_durable_host() is None:
            rows.append(("tickets on the Durable extension", "it is not here", ""))
            continue
        with (
            tempfile.TemporaryDirectory() as folder,
            Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
            run_app(
                azurite.connection_string, Path(folder) / "host", kind, **AS_SHIPPED
            ) as running_app,
        ):
            rows += _measured(running_app, kind)
    return rows


def _measured(running_app: RunningApp, kind: HostKind) -> list[Row]:
    running_app.run()
    posts, wholes = zip(*(_timed(running_app) for _ in range(SINGLE)), strict=True)
    post, whole = (statistics.median(times) for times in (posts, wholes))
    begin = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        tickets = list(pool.map(lambda _: running_app.open()["id"], range(TOGETHER)))
    wait_for(lambda: _all_ended(running_app, tickets), "all tickets", 300)
    together = time.perf_counter() - begin
    time.sleep(IDLE_SECONDS)
    _, idle = _timed(running_app)
    return [
        (f"{kind}: POST a ticket, POST to its end", f"{post * 1000:.0f} ms, {whole:.2f} s", ""),
        (f"{kind}: {TOGETHER} tickets at once", f"{together:.1f} s", ""),
        (f"{kind}: a ticket after {IDLE_SECONDS} s without one", f"{idle:.2f} s", ""),
    ]


def _timed(running_app: RunningApp) -> tuple[float, float]:
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
