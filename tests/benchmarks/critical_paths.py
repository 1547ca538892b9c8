"""What a ticket of each type takes from its POST to its end, beside what nobody can do without:
what the longest chain of calls of the model takes by itself, as many at a time as may be, and what
it takes to read or fetch what they are about.

All of that is measured without the app: the model is asked the same by a plain client, so are
GitHub and Snowflake, one request after another, and documents are read in this process.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from infra.local.azurite import Azurite, Ports
from infra.local.demo import SAMPLE
from shared.documents.chunks import cut_chunks
from shared.documents.extraction import extract
from shared.documents.file_types import PDF
from shared.sandbox.runner import Limits
from tests.benchmarks import documents, papers, questions, reviews
from tests.benchmarks.slow import Slowly
from tests.benchmarks.tickets import end_of
from tests.benchmarks.verdicts import Row, judge_most
from tests.support.files import pdfs
from tests.support.hosts.durable_api import FINISHED
from tests.support.product.workflow import ANSWER, answering
from tests.support.running_app import JsonObject, RunningApp, custom, run_app
from tests.support.servers.github import GitHubServer, github_server
from tests.support.servers.model import Body, Script
from tests.support.servers.relay import Relay, relay
from tests.support.servers.snowflake import local_snowflake
from tests.support.tasks.analyses import Reader, form_of
from tests.support.tasks.papers import Author
from tests.support.tasks.questions import Writer
from tests.support.tasks.reviewer import Reviewer

LATENCY, AT_ONCE, TRIES = 0.5, 8, 3
SHARE, BESIDE = 1.05, 0.1
"""How much longer than the bare path a ticket may take, and how many seconds more."""
CHUNK, PAGES, WORDS = 6_000, 200, 2_500
SETTINGS = {
    "MAX_PARALLEL_WORK": str(AT_ONCE),
    "CHUNK_TOKENS": str(CHUNK),
    "REVIEW_BATCH_TOKENS": str(reviews.BUDGET),
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",
    "SWEEP_AFTER_SECONDS": "60",
}
Post = Callable[[int], httpx2.Response]
"""Opens the ticket of a try, which is about something new."""


@dataclass(frozen=True)
class Case:
    """A kind of ticket: what the model says to it, how it is opened, and what must be read for it
    (in s, without the app)."""

    name: str
    script: Callable[[], Script]
    post: Post
    read: Callable[[], float] = lambda: 0.0


def measure() -> Iterator[Row]:
    """Rows of (what, measured, target, verdict), each as soon as it is known."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        azurite = stack.enter_context(Azurite(folder / "azurite", Ports(0, 0, 0)))
        github = stack.enter_context(github_server())
        snowflake = stack.enter_context(relay(stack.enter_context(local_snowflake())))
        # A proxy would take time.
        direct = {"STORAGE_CONNECTION": azurite.connection_string}
        others = github.settings | snowflake.settings()
        running_app = stack.enter_context(
            run_app(azurite.connection_string, folder / "host", **SETTINGS, **others, **direct)
        )
        for case in _cases(running_app, github, snowflake, folder):
            yield _judge(running_app, case)


def _cases(
    running_app: RunningApp, github: GitHubServer, snowflake: Relay, folder: Path
) -> Iterator[Case]:
    yield Case("custom", partial(answering, ANSWER), lambda _: _post(running_app, custom()))
    reader = partial(Reader, documents.read_claims)
    for name, pages in (("small", 1), (f"{PAGES} pages", PAGES)):
        data = pdfs.report(pages)
        post = partial(_analyse, running_app, data)
        yield Case(f"doc_analysis, {name}", reader, post, partial(_read, data))
    reviewer = partial(Reviewer, reviews.find_fault)
    for name, lines in (("small", 60), ("large", 20_000)):
        url = github.serve(reviews.make_change(folder / name, lines))
        post = partial(_review, running_app, github, url)
        yield Case(f"pr_review, {name}", reviewer, post, partial(_fetch, github))
    author = partial(Author, write=papers.write_often_honestly)
    sources = partial(_read, SAMPLE.read_bytes())
    yield Case("paper_writing", author, partial(_write, running_app), sources)
    ask = partial(_ask, running_app, snowflake)
    writer = partial(Writer, (questions.SQL,))
    yield Case("snowflake_query", writer, ask, partial(_query, snowflake))


def _judge(running_app: RunningApp, case: Case) -> Row:
    """A first ticket makes tables, and imports what its type needs."""
    script = Slowly(case.script(), LATENCY)
    times = []
    for number in range(TRIES + 1):
        running_app.model.reset(script)
        times.append(_time(running_app, partial(case.post, number)))
    bodies = list(running_app.model.bodies)
    depth = count_depth(bodies)
    bare = case.read() + depth * _ask_alone(running_app, bodies[0])
    took = median(times[1:])
    told = f"; bare {bare:.2f} s, {depth} calls deep, x {took / bare:.2f}"
    return judge_most(f"path of {case.name}", took, round(SHARE * bare + BESIDE, 2), "s", told)


def count_depth(bodies: list[Body]) -> int:
    """How many calls the longest chain has: those of one kind that came one after the other go
    together, as many as may."""
    runs = [len([*run]) for _, run in groupby(bodies, form_of)]
    return sum(-(-length // AT_ONCE) for length in runs)


def _time(running_app: RunningApp, post: Callable[[], httpx2.Response]) -> float:
    begin = time.time()
    ticket = post().raise_for_status().json()["id"]
    # Looking at the ticket would cost it time.
    while running_app.durable.status(f"{ticket}-1")["runtimeStatus"] not in FINISHED:
        time.sleep(0.2)
    ended = running_app.read(ticket)
    if ended["status"] != "completed":
        raise RuntimeError(ended["error_message"])
    return end_of(ended["completed_at"]) - begin


def _ask_alone(running_app: RunningApp, body: Body) -> float:
    """Seconds that a plain client waits for the model."""
    taken = []
    with httpx2.Client(timeout=30) as client:
        for _ in range(TRIES):
            begin = time.perf_counter()
            address = f"{running_app.model.base_url}/chat/completions"
            client.post(address, json=body).raise_for_status()
            taken.append(time.perf_counter() - begin)
    return median(taken)


def _post(running_app: RunningApp, body: JsonObject) -> httpx2.Response:
    return running_app.api.post("/tickets", json=body)


def _post_file(
    running_app: RunningApp, body: JsonObject, name: str, data: bytes
) -> httpx2.Response:
    form: list[Any] = [("ticket", (None, json.dumps(body), "application/json"))]
    form.append(("files", (name, data)))
    return running_app.api.post("/tickets", files=form)


def _analyse(running_app: RunningApp, data: bytes, number: int) -> httpx2.Response:
    given = {"instructions": f"Try {number}."}
    body = {"title": "T", "task_type": "doc_analysis", "task_data": given}
    return _post_file(running_app, body, "a.pdf", data)


def _read(data: bytes) -> float:
    """Seconds to read a document and to cut it, the best of some."""
    taken = []
    for _ in range(TRIES):
        begin = time.perf_counter()
        cut_chunks(asyncio.run(extract(PDF, "a.pdf", data, Limits())), CHUNK, CHUNK // 25)
        taken.append(time.perf_counter() - begin)
    return min(taken)


def _review(
    running_app: RunningApp, github: GitHubServer, url: str, number: int
) -> httpx2.Response:
    github.asked.clear()
    given = {"pr_url": url, "additional_instructions": f"Try {number}."}
    return _post(running_app, {"title": "T", "task_type": "pr_review", "task_data": given})


def _fetch(github: GitHubServer) -> float:
    """Seconds of what the last ticket asked of GitHub."""
    asked, begin = list(github.asked), time.perf_counter()
    with httpx2.Client(base_url=github.origin, timeout=30) as client:
        for one in asked:
            client.request(one.method, f"{one.path}?{one.query}", headers=one.headers)
    return time.perf_counter() - begin


def _write(running_app: RunningApp, number: int) -> httpx2.Response:
    given = {
        "topic": f"Harbour services, {number}",
        "length": WORDS,
        "requirements": papers.REQUIREMENTS,
    }
    body = {"title": "T", "task_type": "paper_writing", "task_data": given}
    return _post_file(running_app, body, SAMPLE.name, SAMPLE.read_bytes())


def _ask(running_app: RunningApp, snowflake: Relay, _: int) -> httpx2.Response:
    snowflake.asked.clear()
    given = {"query_request": questions.QUESTION}
    return _post(running_app, {"title": "T", "task_type": "snowflake_query", "task_data": given})


def _query(snowflake: Relay) -> float:
    """Seconds of what the last ticket asked of Snowflake."""
    asked, begin = list(snowflake.asked), time.perf_counter()
    for sql in asked:
        snowflake.run(sql)
    return time.perf_counter() - begin
