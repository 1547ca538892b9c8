"""What telemetry costs: processor time of the app's process for the same requests and tickets, with
it and without, in turns."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.verdicts import Row, judge_most
from tests.support.running_app import RunningApp, run_app

READS = 100
TICKETS = 10
ROUNDS = 5


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        settings = {"TELEMETRY_FILE": str(place / "told.jsonl")}
        with _running(place / "off", {}) as off, _running(place / "on", settings) as on:
            for app in (off, on):
                _work(app)  # Libraries are loaded.
            time.sleep(2)
            costs: dict[str, list[float]] = {"off": [], "on": []}
            for _ in range(ROUNDS):
                costs["off"].append(_work(off))
                costs["on"].append(_work(on))
    silent, told = statistics.median(costs["off"]), statistics.median(costs["on"])
    what, more = f"telemetry: {READS} reads, {TICKETS} tickets", f" ({silent * 1000:.0f} ms)"
    return [judge_most(what, told / silent, 1.25, "x the processor time without", more)]


@contextmanager
def _running(folder: Path, settings: dict[str, str]) -> Iterator[RunningApp]:
    quiet = {"SWEEP_SCHEDULE": "0 0 0 1 1 *", "SWEEP_AFTER_SECONDS": "60", **settings}
    with (
        Azurite(folder / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(azurite.connection_string, folder / "app", **quiet) as app,
    ):
        yield app


def _work(app: RunningApp) -> float:
    """Seconds of processor time."""
    process = psutil.Process(app.host.pid)
    before = process.cpu_times()
    ticket = app.open()
    for _ in range(READS):
        app.read(ticket["id"])
    opened = [app.open()["id"] for _ in range(TICKETS)]
    for one in opened:
        app.until_ended(one)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system
