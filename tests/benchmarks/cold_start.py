"""What a new process makes people wait for: its first answer, and its first ticket."""

import statistics
import tempfile
import time
from pathlib import Path

from infra.local.azurite import Azurite, Ports
from tests.support.running_app import RunningApp, run_app

RUNS = 7
PAUSE_SECONDS = 3
"""From the first answer to the first ticket: somebody signs in and writes it."""
Row = tuple[str, str, str]


def measure() -> list[Row]:
    """Rows of (what, measured, target)."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(azurite.connection_string, Path(folder) / "host") as running_app,
    ):
        starts, firsts, laters = zip(*(_start(running_app) for _ in range(RUNS)), strict=True)
    start, first, later = (statistics.median(times) for times in (starts, firsts, laters))
    told = f"{first:.2f} s, a later one {later:.2f} s"
    return [
        ("process start to its first answer", f"{start:.2f} s", ""),
        (f"its first ticket, {PAUSE_SECONDS} s later", told, f"<= {later + 0.1:.2f} s"),
    ]


def _start(running_app: RunningApp) -> tuple[float, float, float]:
    """Seconds to the first answer, of the first ticket and of a later one."""
    running_app.host.stop()
    begin = time.perf_counter()
    running_app.restart()
    running_app.api.get("/users/me").raise_for_status()
    answered = time.perf_counter() - begin
    time.sleep(PAUSE_SECONDS)
    return answered, _time_ticket(running_app), _time_ticket(running_app)


def _time_ticket(running_app: RunningApp) -> float:
    begin = time.perf_counter()
    running_app.run()
    return time.perf_counter() - begin
