"""Pull requests of three sizes through the whole app, against a model that always takes as long."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.local.azurite import Azurite, Ports
from shared.documents.tokens import estimate
from tests.benchmarks.slow import Slowly
from tests.benchmarks.verdicts import Row, judge_least, judge_most, tell
from tests.support.git.history import History
from tests.support.hosts.process import ROOT
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.github import GitHubServer, github_server
from tests.support.servers.model import Body
from tests.support.tasks.reviewer import (
    JsonObject,
    Reviewer,
    asked_form,
    diff_of,
    find_changed_lines,
    proposed,
)

LATENCY = 0.5
BUDGET, AT_ONCE = 12_000, 8
BLOB_POLL = "/uploads"
SIZES = (("small", 60), ("medium", 1_500), ("large", 20_000))


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target, each as soon as it is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        github_server() as github,
        run_app(
            azurite.connection_string,
            Path(folder) / "running_app",
            **github.settings,
            SWEEP_SCHEDULE="0 0 0 1 1 *",
            REVIEW_BATCH_TOKENS=str(BUDGET),
            MAX_PARALLEL_WORK=str(AT_ONCE),
        ) as running_app,
    ):
        running_app.model.reset(Slowly(Reviewer(find_fault), LATENCY))
        _run(
            running_app, github.serve(make_change(Path(folder) / "first", 20)), github
        )  # makes the tables
        for name, lines in SIZES:
            url = github.serve(make_change(Path(folder) / name, lines))
            yield from _rows(name, _run(running_app, url, github))


@dataclass
class Run:
    """What one review took."""

    result: JsonObject
    seconds: float
    bodies: list[Body]
    reads: int
    storage_calls: int
    history_bytes: int

    @property
    def batches(self) -> int:
        return sum(asked_form(body) == "Review" for body in self.bodies)

    @property
    def diff_tokens(self) -> int:
        return sum(estimate(diff_of(body)) for body in self.bodies if asked_form(body) == "Review")

    @property
    def latency(self) -> float:
        """Seconds that the model takes, the batches as many at a time as may be."""
        return LATENCY * (-(-self.batches // AT_ONCE) + 1)


def _run(running_app: RunningApp, url: str, github: GitHubServer) -> Run:
    running_app.model.bodies.clear()
    github.asked.clear()
    running_app.storage.reset()
    body = {"title": "T", "task_type": "pr_review", "task_data": {"pr_url": url}}
    ticket_id = running_app.api.post("/tickets", json=body).json()["id"]
    # Looking at the ticket would be storage calls.
    running_app.durable.wait(f"{ticket_id}-1", seconds=120)
    calls = [call for call in running_app.storage.calls if not call.path.endswith(BLOB_POLL)]
    ticket = running_app.read(ticket_id)
    if ticket["status"] != "completed":
        raise RuntimeError(ticket["error_message"])
    history = running_app.durable.history(f"{ticket_id}-1")
    return Run(
        result=ticket["result_data"],
        seconds=ticket["processing_time_seconds"],
        bodies=list(running_app.model.bodies),
        reads=len(github.asked),
        storage_calls=len(calls),
        history_bytes=len(json.dumps(history)),
    )


def _rows(name: str, run: Run) -> Iterator[Row]:
    lines = run.result["coverage"]["lines"]
    what = f"review, {name}: {lines:,} lines"
    most = -(-run.diff_tokens // BUDGET) + 2
    yield judge_most(f"{what}, model calls", len(run.bodies), most, "calls")
    pages = -(-run.result["coverage"]["files"] // 100)
    yield judge_most("  GitHub calls", run.reads, 2 + pages, "calls")
    told = sum(estimate(said["content"]) for body in run.bodies for said in body["messages"])
    beside = f", {told * 1000 // lines:,} per 1,000 lines"
    checked = sum(estimate(str(body["messages"][1])) for body in run.bodies[run.batches :])
    limit = (run.diff_tokens + checked) * 11 // 10 + 400 * len(run.bodies)
    yield judge_most("  input", told, limit, "tokens", beside)
    yield tell("  time", f"{run.seconds:.2f} s ({run.latency:.1f} s the model)")
    per_call = run.storage_calls / len(run.bodies)
    yield tell("  storage", f"{run.storage_calls} calls, {per_call:.1f} per model call")
    yield tell("  history of the workflow", f"{run.history_bytes / 1024:.1f} KB")
    whole = run.result["coverage"]
    named = len(whole["reviewed"]) + len(whole["partial"]) + len(whole["skipped"])
    yield judge_least("  files reviewed or named", named, whole["files"], "files")


def make_change(folder: Path, lines: int) -> History:
    """This repository's own code as a change of about so many lines, some files new, some not."""
    base: dict[str, str | bytes] = {"AGENTS.md": "SQL gets its values as parameters.\n"}
    head = dict(base)
    room = lines
    for number, path in enumerate(_sources()):
        text = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if not text:
            continue
        is_new = number % 2 == 0
        text = text[: room if is_new else room * 4]
        name = path.relative_to(ROOT).as_posix()
        head[name] = "".join(text)
        if not is_new:
            base[name] = "".join(line for at, line in enumerate(text) if at % 4)
        room -= len(text) if is_new else -(-len(text) // 4)
        if room <= 0:
            break
    history = History(folder)
    history.commit(base)
    history.branch("feature")
    history.commit(head)
    return history


def _sources() -> Iterator[Path]:
    for folder in ("shared", "functions", "infra/local", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def find_fault(diff: str) -> list[JsonObject]:
    """One fault in each batch, in the longest of its lines, and in words of its own."""
    path, quote = max(find_changed_lines(diff), key=lambda one: len(one[1]))
    return [proposed(quote, path=path, title=quote[:60])]
