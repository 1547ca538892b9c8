"""Documents through the whole app, against a model that always takes as long: time, calls, memory,
and what the same document costs the second time."""

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.azurite import Azurite, Ports
from shared.documents.chunks import cut_chunks
from shared.documents.extraction import extract
from shared.documents.file_types import PDF
from shared.documents.tokens import estimate
from shared.sandbox.runner import Limits
from tests.benchmarks.memory import peak, reset_peak
from tests.benchmarks.slow import Slowly
from tests.benchmarks.verdicts import Row, judge, judge_most
from tests.support.files import pdfs
from tests.support.hosts.durable_api import FINISHED
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.model import Body
from tests.support.tasks.analyses import JsonObject, Reader, claim, form_of, material, tokens

PAGES, AT_ONCE, LATENCY = 200, 8, 1.0
CLAIMS, CHUNK = 15, 6_000
TRIES = 3
BLOB_POLL = "/uploads"
_FLAT = 20
"""MB that a document of ten times the pages may take more."""
SETTINGS = {
    "MAX_PARALLEL_WORK": str(AT_ONCE),
    "CHUNK_TOKENS": str(CHUNK),
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",
    "SWEEP_AFTER_SECONDS": "60",
}


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target, each as soon as it is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
    ):
        connection, data = azurite.connection_string, pdfs.report(PAGES)
        # Counting the calls takes a proxy, which takes time.
        direct = {"STORAGE_CONNECTION": connection, "AzureWebJobsStorage": connection}
        with run_app(connection, Path(folder) / "timed", **SETTINGS, **direct) as running_app:
            _run(running_app, pdfs.report(1))  # makes the tables
            yield from _time(running_app, data)
        with run_app(connection, Path(folder) / "counted", **SETTINGS) as running_app:
            _run(running_app, pdfs.report(1))
            yield from _counts(_run(running_app, data))
            yield from _memory(running_app)


@dataclass
class Run:
    """What one document took; `history` has the bytes of each round."""

    result: dict[str, Any]
    seconds: float
    bodies: list[Body]
    storage_calls: int
    history: list[int]

    def asked(self, form: str) -> list[Body]:
        return [body for body in self.bodies if form_of(body) == form]


def _run(running_app: RunningApp, data: bytes, latency: float = 0.0, instructions: str = "") -> Run:
    running_app.model.reset(Slowly(Reader(read_claims), latency))
    body: dict[str, Any] = {"title": "T", "task_type": "doc_analysis"}
    body["task_data"] = {"instructions": instructions}
    form: list[Any] = [("ticket", (None, json.dumps(body), "application/json"))]
    ticket = running_app.api.post("/tickets", files=[*form, ("files", ("a.pdf", data))]).json()
    running_app.storage.reset()
    _wait(running_app, f"{ticket['id']}-1")
    calls = [call for call in running_app.storage.calls if not call.path.endswith(BLOB_POLL)]
    ticket = running_app.read(ticket["id"])
    if ticket["status"] != "completed":
        raise RuntimeError(ticket["error_message"])
    return Run(
        result=ticket["result_data"],
        seconds=ticket["processing_time_seconds"],
        bodies=list(running_app.model.bodies),
        storage_calls=len(calls),
        history=_history(running_app, f"{ticket['id']}-1"),
    )


def _wait(running_app: RunningApp, instance: str) -> None:
    """Looking at the ticket would be storage calls, and looking often would cost it time."""
    while running_app.durable.status(instance)["runtimeStatus"] not in FINISHED:
        time.sleep(0.5)


def read_claims(text: str) -> list[JsonObject]:
    """As many as the model is asked for."""
    lines = text.splitlines()
    return [claim(line) for line in lines[:: len(lines) // CLAIMS + 1]]


def _history(running_app: RunningApp, instance: str) -> list[int]:
    """Bytes of the events up to and with each answer of `combine`."""
    store = sqlite3.connect(running_app.host.state / "durable.sqlite")
    query = "select number, ref, name, event from history where instance = ? order by position"
    rounds, ends = [0], set()
    for number, ref, name, event in store.execute(query, (instance,)):
        rounds[-1] += len(event.encode())
        if name == "doc_analysis_combine":
            ends.add(number)
        elif ref in ends:
            rounds.append(0)
    return rounds


def _time(running_app: RunningApp, data: bytes) -> Iterator[Row]:
    reading = min(_reading(data) for _ in range(TRIES))
    runs = [_run(running_app, data, LATENCY, f"Try {number}.") for number in range(TRIES)]
    best = min(runs, key=lambda run: run.seconds)
    waves = -(-len(best.asked("Analysis")) // AT_ONCE)
    path = reading + LATENCY * (waves + len(best.history) - 2)
    what = f"document of {PAGES} pages, model {LATENCY:g} s"
    ratio = round(best.seconds / path, 2)
    yield judge_most(what, ratio, 1.1, "x its critical path", f", {best.seconds:.2f} s")
    again = _run(running_app, data, LATENCY, "Try 0.")
    told = f"{len(again.bodies)} model calls, {again.seconds:.2f} s"
    yield judge("  the same document again", told, "0 model calls", not again.bodies)


def _reading(data: bytes) -> float:
    """Seconds to read the document and to cut it."""
    start = time.perf_counter()
    cut_chunks(asyncio.run(extract(PDF, "a.pdf", data, Limits())), CHUNK, CHUNK // 25)
    return time.perf_counter() - start


def _counts(run: Run) -> Iterator[Row]:
    maps, merges = run.asked("Analysis"), run.asked("Conclusion")
    chunks = run.result["coverage"]["chunks"]
    holds = len(maps) <= chunks and len(merges) <= 3
    yield judge("  model calls", f"{len(maps)} + {len(merges)}", f"<= {chunks} + 3", holds)
    source = run.result["coverage"]["characters"] / len("".join(map(material, maps)))
    read = sum(estimate(material(body)) for body in maps) * source
    limit = round(1.1 * read + 400 * len(maps))
    yield judge_most("  input for its chunks", sum(map(tokens, maps)), limit, "tokens")
    each = f", {run.storage_calls / len(run.bodies):.1f} a model call"
    yield judge_most("  storage", run.storage_calls, 200, "calls", each)
    history = ", ".join(f"{size / 1024:.1f}" for size in run.history)
    holds = max(run.history) <= 16 * 1024
    yield judge("  workflow history by round", f"{history} KB", "<= 16 KB", holds)


def _memory(running_app: RunningApp) -> Iterator[Row]:
    """What a long document takes beside a short one."""
    more = []
    for pages in (PAGES * 3 // 10, PAGES * 3):
        before = reset_peak(running_app.host.pid)
        _run(running_app, pdfs.report(pages))
        more.append((peak(running_app.host.pid) - before) / 1024)
    what, beside = (
        f"memory of the app, {PAGES * 3} pages",
        f", {more[0]:.0f} MB for a tenth of them",
    )
    yield judge_most(what, more[1], max(more[0], 0) + _FLAT, "MB more at the peak", beside)
