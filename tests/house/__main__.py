"""`python -m tests.house`: how large the house is, and through how many of its files a request
goes; docs/architecture.md has what it said. With `--way`, also where a new ticket is handed on."""

import ast
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from infra.local.azurite import Azurite, Ports
from tests.house import tracing
from tests.support.files import pdfs
from tests.support.git.history import History
from tests.support.hosts.process import ROOT, wait_for
from tests.support.running_app import RunningApp, custom, run_app
from tests.support.servers.github import GitHubServer, github_server
from tests.support.tasks.reviewer import BASE, HEAD, Reviewer, proposed

QUOTES, FINDINGS = "shared/documents/quotes.py", "shared/diffs/locate.py"
Row = tuple[str, str]


def main() -> None:
    """Print the rows, those of the running app last."""
    for what, measured in (*sizes(), *entered()):
        print(f"{what:54}{measured}", flush=True)


def sizes() -> list[Row]:
    """What can be read from the source."""
    paths = sources()
    lines = sorted(path.read_text(encoding="utf-8").count("\n") for path in paths)
    functions = sorted(_function_lines(paths))
    folders: dict[Path, int] = {}
    for path in paths:
        folders[path.parent] = folders.get(path.parent, 0) + 1
    widest = max(folders, key=lambda folder: folders[folder])
    p90 = functions[len(functions) * 9 // 10]
    median = statistics.median(functions)
    return [
        ("modules", f"{len(paths)}"),
        ("lines of a module, median / most", f"{statistics.median(lines):g} / {lines[-1]}"),
        ("functions", f"{len(functions)}"),
        ("lines of a function, median / p90 / most", f"{median:g} / {p90} / {functions[-1]}"),
        ("folders", f"{len(folders)}"),
        ("files in the widest folder", f"{folders[widest]} ({widest.relative_to(ROOT)})"),
    ]


def sources() -> list[Path]:
    """The modules of the product."""
    return sorted(path for room in tracing.ROOMS for path in (ROOT / room).rglob("*.py"))


def _function_lines(paths: list[Path]) -> Iterator[int]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


def floors() -> dict[str, int]:
    """The floor of each file: the ground is 1, and a file stands above all that it imports."""
    files = {_module(path): path for path in sources()}
    graph = {name: _imported(path, set(files)) - {name} for name, path in files.items()}
    found: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        found[name] = 1 + max((found[below] for below in graph[name]), default=0)
    return {path.relative_to(ROOT).as_posix(): found[name] for name, path in files.items()}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, modules: set[str]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in modules else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & modules


def entered() -> Iterator[Row]:
    """What can be seen of the running app, which has served each kind of request before."""
    with tempfile.TemporaryDirectory() as name, _app(Path(name)) as (running_app, github, trace):
        history = History(Path(name) / "app")
        history.commit({"shop/orders.py": BASE})
        history.branch("feature")
        history.commit({"shop/orders.py": HEAD})
        review = _posted_review(github.serve(history))
        for ticket in (custom(), review):
            _run(running_app, ticket)
        _analyse(running_app)

        trace.begin(running_app)
        _run(running_app, custom())
        files, visits = trace.of("create_ticket"), trace.visits
        yield "files entered by the POST of a ticket", f"{len(files)}"
        stays, climbs = stays_and_climbs(visits, floors())
        yield "  stays and climbs of the ticket there", f"{stays}, {climbs}"
        if "--way" in sys.argv:
            yield from ((f"    {file}", f"floor {floors()[file]}") for file, _ in groupby(visits))
        trace.begin(running_app)
        _analyse(running_app)
        yield "files entered by a document, to a verified quote", f"{len(trace.until(QUOTES))}"
        again = _posted_review(github.serve(history, number=2))  # Nobody has reviewed this one yet.
        trace.begin(running_app)
        _run(running_app, again)
        yield (
            "files entered by a pull request, to a placed finding",
            f"{len(trace.until(FINDINGS))}",
        )


def stays_and_climbs(visits: list[str], floor: dict[str, int]) -> tuple[int, int]:
    """How many files in a row a value is handed to, and how often one stands above the last."""
    stays = [file for file, _ in groupby(visits)]
    return len(stays), sum(floor[before] < floor[after] for before, after in pairwise(stays))


class Trace:
    """What `tracing` has written since the last `begin`."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        folder.mkdir()
        shutil.copy(tracing.__file__, folder / "sitecustomize.py")
        (folder / "root").write_text(str(root))
        self.folder = folder

    def begin(self, running_app: RunningApp) -> None:
        """Forget what was entered before."""
        before = self._text().count("\n\n")
        os.kill(running_app.host.pid, signal.SIGUSR1)
        wait_for(lambda: self._text().count("\n\n") > before, "the trace to begin anew")

    def until(self, last: str) -> list[str]:
        """The files that were entered up to `last`, in order."""
        files = list(dict.fromkeys(file for _, file, _ in self._lines()))
        return files[: files.index(last) + 1]

    def of(self, request: str) -> set[str]:
        """The files that a request entered, what it left to others not included."""
        return {file for name, file, _ in self._lines() if name == request}

    @property
    def visits(self) -> list[str]:
        """The files that a ticket was handed to, in order."""
        return [file for _, file, handed in self._lines() if handed]

    def _lines(self) -> list[list[str]]:
        lines = self._text().rpartition("\n\n")[2].splitlines()
        return [line.split("\t") for line in lines]

    def _text(self) -> str:
        return (self.folder / "entered").read_text()


@contextmanager
def _app(folder: Path) -> Iterator[tuple[RunningApp, GitHubServer, Trace]]:
    trace = Trace(folder / "trace")
    settings = {
        "ANSWER_CACHE_DAYS": "0",
        "SWEEP_SCHEDULE": "0 0 0 1 1 *",
        "PYTHONPATH": str(trace.folder),
    }
    with (
        Azurite(folder / "azurite", Ports(0, 0, 0)) as azurite,
        github_server() as github,
        run_app(
            azurite.connection_string,
            folder / "running_app",
            **github.settings,
            **settings,
        ) as running_app,
    ):
        yield running_app, github, trace


def _posted_review(url: str) -> dict[str, Any]:
    data = {"pr_url": url, "post_review": True}
    return {"title": "T", "task_type": "pr_review", "task_data": data}


def _analyse(running_app: RunningApp) -> None:
    body = {"title": "T", "task_type": "doc_analysis", "task_data": {}}
    form: list[Any] = [("ticket", (None, json.dumps(body), "application/json"))]
    answer = running_app.api.post("/tickets", files=[*form, ("files", ("a.pdf", pdfs.report(3)))])
    _until_completed(running_app, answer.json()["id"])


def _run(running_app: RunningApp, body: dict[str, Any]) -> None:
    if body["task_type"] == "pr_review":
        running_app.model.reset(Reviewer(lambda _: [proposed("start = page * 20")]))
    _until_completed(running_app, running_app.api.post("/tickets", json=body).json()["id"])
    running_app.model.reset()


def _until_completed(running_app: RunningApp, ticket_id: str) -> None:
    """Looking at the ticket would enter files as well."""
    status = running_app.durable.wait(f"{ticket_id}-1", seconds=120)
    if status["output"] != "done":
        raise RuntimeError(f"the ticket was not completed: {status}")


if __name__ == "__main__":
    main()
