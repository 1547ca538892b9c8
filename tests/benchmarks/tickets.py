"""What tickets take from their POST to their end, alone and in crowds, what they cost, and what a
crash costs them."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from starlette.responses import Response

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.slow import Slowly
from tests.benchmarks.verdicts import Row, judge_least, judge_most, tell
from tests.support.hosts.durable_api import FINISHED
from tests.support.hosts.process import wait_for
from tests.support.product.workflow import ANSWER, answering
from tests.support.running_app import ENDED, JsonObject, RunningApp, custom, kill_now, run_app
from tests.support.servers.model import Body, Script
from tests.support.servers.stand_ins import stand_in

SINGLE, CLIENTS, TRIES = 30, 20, 4
LATENCIES = {0.0: 80, 0.2: 270}
"""Of the model in s, and what a ticket may take in ms."""
AS_SHIPPED = {"SWEEP_SCHEDULE": "0 * * * * *", "SWEEP_AFTER_SECONDS": "60"}
_TICKS = 100
"""Of the processor's time in a second, as Linux counts it."""
_LIMITS = {"custom": (12, 2), "one-chunk document": (18, 3), "sample review": (25, 5)}
"""Storage calls, and activities."""
_BLOB_POLL = "/uploads"
_PAUSE_SECONDS = 0.25


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        azurite = stack.enter_context(Azurite(folder / "azurite", Ports(0, 0, 0)))
        connection = azurite.connection_string
        direct = AS_SHIPPED | {"STORAGE_CONNECTION": connection}  # A proxy would take time.
        with run_app(connection, folder / "timed", **direct) as running_app:
            running_app.run()
            yield from _time_single(running_app)
            yield tell("memory (PSS), idle", f"{_memory(running_app):.0f} MB")
            yield from _time_crowd(running_app, 200, 0.2, 20)
            yield from _time_crowd(running_app, 800, 0.0, 25)
            yield tell("memory (PSS), after 1,000 tickets", f"{_memory(running_app):.0f} MB")
            yield _read_late_files(running_app)
            yield _time_recovery(running_app)
        github = stack.enter_context(
            stand_in("infra.local.github", "--state", str(folder / "reviews.json"))
        )
        model = stack.enter_context(stand_in("infra.local.model"))
        counted = AS_SHIPPED | {
            "MODEL_BASE_URL": f"{model}/v1",
            "GITHUB_API_URL": f"{github}/api/v3",
        }
        with run_app(connection, folder / "counted", **counted) as running_app:
            yield from _count_calls(running_app, github)


def _wait_for(seconds: float) -> Script:
    """A model that takes so long."""
    return Slowly(answering(ANSWER), seconds)


def _time_single(running_app: RunningApp) -> Iterator[Row]:
    """By turns; from before the POST to the end that the ticket names, by the clock of both."""
    times: dict[float, list[float]] = {latency: [] for latency in LATENCIES}
    for _ in range(SINGLE):
        for latency, taken in times.items():
            running_app.model.reset(_wait_for(latency))
            begin = time.time()
            ticket = running_app.run()
            taken.append(end_of(ticket["completed_at"]) - begin)
    for latency, limit in LATENCIES.items():
        what = f"POST to completed, model {latency * 1000:g} ms"
        yield judge_most(what, 1000 * statistics.median(times[latency]), limit, "ms")


def end_of(moment: str) -> float:
    """A moment of a ticket, in seconds as `time.time` gives them."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def _time_crowd(running_app: RunningApp, count: int, latency: float, limit: float) -> Iterator[Row]:
    running_app.model.reset(_wait_for(latency))
    before, begin = _processor_seconds(running_app.host.pid), time.time()
    with ThreadPoolExecutor(CLIENTS) as pool:
        tickets = list(pool.map(lambda _: running_app.open()["id"], range(count)))
        accepted = time.time() - begin
        ended = list(pool.map(partial(_await_end, running_app), tickets))
    used = _processor_seconds(running_app.host.pid) - before
    whole = max(end_of(ticket["completed_at"]) for ticket in ended) - begin
    name = f"{count} tickets, {CLIENTS} clients, model {latency * 1000:g} ms"
    yield judge_least(name, count / whole, limit, "a second")
    if latency:
        yield judge_most("… until all are accepted", accepted, 2, "s")
        yield judge_most("… processor time of the app", 1000 * used / count, 45, "ms a ticket")


def _await_end(running_app: RunningApp, ticket: str) -> JsonObject:
    """A look costs a tenth of a ticket: twenty who look all the time would be what is measured."""
    while (seen := running_app.read(ticket))["status"] not in ENDED:
        time.sleep(_PAUSE_SECONDS)
    return seen


def _processor_seconds(pid: int) -> float:
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / _TICKS


def _memory(running_app: RunningApp) -> float:
    """MB that the app's process has to itself, with its share of what it shares."""
    lines = Path(f"/proc/{running_app.host.pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def _read_late_files(running_app: RunningApp) -> Row:
    """A document that comes after its ticket is read all the same."""
    running_app.model.reset()
    read = []
    for number in range(TRIES):
        new = custom() | {"task_type": "doc_analysis", "task_data": {}}
        ticket = running_app.api.post("/tickets", json=new).raise_for_status().json()["id"]
        file = ("a.txt", f"The harbour freezes in January of year {number}.".encode())
        added = running_app.api.post(f"/tickets/{ticket}/attachments", files={"file": file})
        added.raise_for_status()
        result = running_app.until_ended(ticket)["result_data"]
        read.append(len(result["documents"]))
    return judge_least("files read that came after the POST", min(read), 1, "file")


def _time_recovery(running_app: RunningApp) -> Row:
    """kill -9 half a second into a call of two seconds; from the kill to the ticket's end."""
    asked, slow = Event(), Slowly(answering(ANSWER), 2)

    def answer(number: int, body: Body) -> Response | None:
        asked.set()
        return slow(number, body)

    running_app.model.reset(answer)
    ticket = running_app.open()["id"]
    asked.wait(30)
    time.sleep(0.5)
    begin = time.time()
    kill_now(running_app.host.pid)
    running_app.restart()
    ended = running_app.until_ended(ticket, 120)
    took, calls = end_of(ended["completed_at"]) - begin, len(running_app.model.bodies)
    told = f", {calls} calls of the model"
    return judge_most("kill -9 in a call of 2 s to the end", took, 3.5, "s", told)


def _count_calls(running_app: RunningApp, github: str) -> Iterator[Row]:
    document = {"title": "T", "task_type": "doc_analysis", "task_data": {}}
    review = {"pr_url": f"{github}/example/shop/pull/1"}
    bodies = {
        "custom": custom(),
        "one-chunk document": document,
        "sample review": {"title": "T", "task_type": "pr_review", "task_data": review},
    }
    for name, body in bodies.items():
        _run_counted(running_app, body)  # which makes tables and containers
        calls, activities = _run_counted(running_app, body)
        most_calls, most_activities = _LIMITS[name]
        yield judge_most(f"storage calls: {name}", calls, most_calls, "calls")
        yield judge_most(f"activities: {name}", activities, most_activities, "activities")


def _run_counted(running_app: RunningApp, body: dict[str, object]) -> tuple[int, int]:
    """Storage calls and activities of a ticket. Looking at it would be a storage call, too."""
    running_app.storage.reset()
    if body["task_type"] == "doc_analysis":
        form = {"ticket": (None, str(body).replace("'", '"'), "application/json")}
        text = f"The harbour freezes in January. {time.time()}".encode()
        sent = running_app.api.post("/tickets", files={**form, "files": ("a.txt", text)})
    else:
        sent = running_app.api.post("/tickets", json=body)
    instance = f"{sent.raise_for_status().json()['id']}-1"

    def has_ended() -> bool:
        return running_app.durable.status(instance)["runtimeStatus"] in FINISHED

    wait_for(has_ended, f"{instance} to end", 60)
    calls = [call for call in running_app.storage.calls if not call.path.endswith(_BLOB_POLL)]
    history = running_app.durable.history(instance)
    return len(calls), sum(event["EventType"] == "TaskCompleted" for event in history)
