"""What a new process makes people wait for: its first answer, its first ticket, and what the one
before it had begun."""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from starlette.responses import Response

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.verdicts import Row, judge_most, tell
from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.model import Body, Thinking

RUNS = 7
WAITING = 1_000
_SETTINGS = {"SWEEP_SCHEDULE": "0 * * * * *", "SWEEP_AFTER_SECONDS": "60"}
"""As shipped."""
PAUSE_SECONDS = 3
"""From the first answer to the first ticket: somebody signs in and writes it."""


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(azurite.connection_string, Path(folder) / "host", **_SETTINGS) as running_app,
    ):
        starts, firsts, laters = zip(*(_start(running_app) for _ in range(RUNS)), strict=True)
        restart = _restart(running_app)
    start, first, later = (statistics.median(times) for times in (starts, firsts, laters))
    what, more = f"its first ticket, {PAUSE_SECONDS} s later", f", a later one {later:.2f} s"
    return [
        tell("process start to its first answer", f"{start:.2f} s"),
        judge_most(what, first, round(later + 0.1, 2), "s", more),
        judge_most(f"kill -9 to progress, {WAITING:,} tickets wait", restart, 1.5, "s"),
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


def _restart(running_app: RunningApp) -> float:
    """Seconds from a kill to the model's being asked for the rest of a ticket, the median."""
    body = {"title": "Papers to come", "task_type": "doc_analysis"}
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(
            lambda _: running_app.api.post("/tickets", json=body), range(WAITING)
        ):
            assert answer.status_code == 201, answer.text
    return statistics.median(_kill(running_app) for _ in range(RUNS))


def _kill(running_app: RunningApp) -> float:
    asked, release = Event(), Event()

    def think(_: int, __: Body) -> Response:
        asked.set()
        return Thinking(release)

    running_app.model.reset(think)
    running_app.open()
    wait_for(asked.is_set, "the model's being asked")
    asked.clear()
    begin = time.perf_counter()
    running_app.host.kill()
    running_app.restart()
    wait_for(asked.is_set, "its being asked again")
    took = time.perf_counter() - begin
    release.set()
    return took
