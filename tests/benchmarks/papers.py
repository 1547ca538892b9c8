"""Papers of three lengths through the whole app, by an author who always takes as long and makes
one section in four too short at first."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.azurite import Azurite, Ports
from infra.local.demo import SAMPLE
from tests.benchmarks.slow import Slowly
from tests.benchmarks.verdicts import Row, judge, judge_most, tell
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.model import Body
from tests.support.tasks.analyses import JsonObject, form_of
from tests.support.tasks.papers import TITLES, Asked, Author, honest, prose, written

LATENCY = 0.5
AT_ONCE = 8
LENGTHS = (1_000, 2_500, 10_000)
REQUIREMENTS = ["Say what is charged.", "Say how it ends."]


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target, each as soon as it is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(
            azurite.connection_string,
            Path(folder) / "running_app",
            SWEEP_SCHEDULE="0 0 0 1 1 *",
            MAX_PARALLEL_WORK=str(AT_ONCE),
        ) as running_app,
    ):
        running_app.model.reset(Slowly(Author(write=write_often_honestly), LATENCY))
        _run(running_app, 400)  # makes the tables
        for words in LENGTHS:
            yield from _rows(words, _run(running_app, words))


@dataclass
class Run:
    """What one paper took."""

    result: JsonObject
    seconds: float
    bodies: list[Body]

    def calls(self, form: str) -> int:
        return sum(form_of(body) == form for body in self.bodies)


def write_often_honestly(asked: Asked) -> JsonObject:
    """One section in four is too short at first."""
    if asked.again or TITLES.index(asked.title) % 4:
        return honest(asked)
    return written(prose(asked.title, asked.words // 2))


def _run(running_app: RunningApp, words: int) -> Run:
    running_app.model.bodies.clear()
    data = {"topic": f"Harbour services, {words}", "length": words, "requirements": REQUIREMENTS}
    body = {"title": "T", "task_type": "paper_writing", "task_data": data}
    form: list[Any] = [
        ("ticket", (None, json.dumps(body), "application/json")),
        ("files", (SAMPLE.name, SAMPLE.read_bytes(), "application/pdf")),
    ]
    ticket_id = running_app.api.post("/tickets", files=form).json()["id"]
    running_app.durable.wait(f"{ticket_id}-1", seconds=240)
    ticket = running_app.read(ticket_id)
    if ticket["status"] != "completed":
        raise RuntimeError(ticket["error_message"])
    return Run(
        result=ticket["result_data"],
        seconds=ticket["processing_time_seconds"],
        bodies=list(running_app.model.bodies),
    )


def _rows(words: int, run: Run) -> Iterator[Row]:
    what = f"paper, {words:,} words"
    usage, chunks = run.result["usage"], run.calls("Reading")
    sections = len(run.result["word_counts"]["sections"])
    most = 1 + sections + int(0.3 * sections + 0.999) + 3 + chunks
    told = f", {chunks} of them for sources"
    yield judge_most(f"{what}, model calls", usage["calls"], most, "calls", told)
    tokens = f"{usage['prompt_tokens']:,} in, {usage['completion_tokens']:,} out"
    yield tell(f"{what}, tokens as the model counts", tokens)
    got, held = run.result["word_counts"]["got"], all(o["held"] for o in run.result["targets"])
    measured, holds = f"{got:,}; every target held: {held}", abs(got - words) <= words / 10 and held
    yield judge(f"{what}, words", measured, f"{words:,} ± 10 %", holds)
    yield tell(f"{what}, calls of {LATENCY:g} s", f"{run.seconds:.1f} s")
