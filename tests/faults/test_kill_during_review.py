"""kill -9 during the review of a pull request: what is done is not done again, and GitHub gets one
review."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.support.git.history import History
from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, kill_now, run_app
from tests.support.servers.github import GitHubServer, github_server
from tests.support.servers.model import Body, Thinking
from tests.support.tasks.reviewer import JsonObject, Reviewer, asked_form, diff_of, proposed

FILES, FAULT = 6, "return a - 39"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with github_server() as server:
        yield server


@pytest.fixture
def running_app(storage: str, github: GitHubServer, tmp_path: Path) -> Iterator[RunningApp]:
    settings = {
        **github.settings,
        "REVIEW_BATCH_TOKENS": "900",
    }
    with run_app(storage, tmp_path / "running_app", **settings) as running:
        yield running


@pytest.fixture
def url(github: GitHubServer, tmp_path: Path) -> str:
    """A pull request of several batches."""
    text = "\n\n".join(f"def f{n}(a):\n    return a - {n}" for n in range(40)) + "\n"
    history = History(tmp_path / "app")
    history.commit({"README": "Sums.\n"})
    history.branch("feature")
    history.commit({f"m{n}/sums.py": text for n in range(FILES)})
    return github.serve(history)


def findings(diff: str) -> list[JsonObject]:
    return [proposed(FAULT)] if FAULT in diff else []


def opened(running_app: RunningApp, url: str) -> str:
    data = {"pr_url": url, "post_review": True}
    body = {"title": "T", "task_type": "pr_review", "task_data": data}
    return str(running_app.api.post("/tickets", json=body).json()["id"])


def check_one_review(running_app: RunningApp, github: GitHubServer, ticket_id: str) -> None:
    ticket = running_app.until_ended(ticket_id)
    assert ticket["status"] == "completed", ticket["error_message"]
    path = f"{github.origin}/api/v3/repos/ann/app"
    [_] = httpx2.get(f"{path}/pulls/1/reviews", timeout=60).json()
    [told] = httpx2.get(f"{path}/issues/1/comments", timeout=60).json()
    assert ticket["result_data"]["posted"]["url"] == told["html_url"]
    assert ticket["result_data"]["posted"]["comments"] > 0


def test_only_the_batch_that_was_interrupted_is_asked_for_again(
    running_app: RunningApp, github: GitHubServer, url: str
) -> None:
    asked, lock, reviewer = Event(), Lock(), Reviewer(findings)

    def think_over_one(number: int, body: Body) -> Response | None:
        with lock:
            is_first = (
                asked_form(body) == "Review" and "m3/" in diff_of(body) and not asked.is_set()
            )
        return Thinking(asked) if is_first else reviewer(number, body)

    running_app.model.reset(think_over_one)
    ticket_id = opened(running_app, url)
    assert asked.wait(60)
    progress = wait_for(lambda: _all_but_one(running_app, ticket_id), "all batches but one")
    kill_now(running_app.host.pid)
    running_app.restart()
    check_one_review(running_app, github, ticket_id)
    asked_for = [diff_of(body) for body in running_app.model.bodies if asked_form(body) == "Review"]
    assert len(asked_for) == progress["total"] + 1
    assert len(set(asked_for)) == progress["total"]
    again = next(diff for diff in asked_for if asked_for.count(diff) == 2)
    assert "m3/" in again


def _all_but_one(running_app: RunningApp, ticket_id: str) -> JsonObject | None:
    progress: JsonObject = running_app.read(ticket_id)["progress"]
    waits = progress["stage"] == "reviewing" and progress["done"] == progress["total"] - 1
    return progress if waits and progress["total"] > 2 else None


class TakenByTheDead(Response):
    """GitHub takes the review, and whoever posted it dies before the answer."""

    def __init__(self, running_app: RunningApp, github: GitHubServer, killed: Event) -> None:
        super().__init__()
        self._pid, self._github, self._killed = running_app.host.pid, github, killed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer nobody."""

        async def nowhere(_: Message) -> None:
            """Nobody hears it."""

        await self._github.stand_in(scope, receive, nowhere)
        kill_now(self._pid)
        self._killed.set()


def test_killed_when_the_review_was_taken_it_is_there_once(
    running_app: RunningApp, github: GitHubServer, url: str
) -> None:
    running_app.model.reset(Reviewer(findings))
    killed = Event()

    def kill_once(_: int, request: Request) -> Response | None:
        is_first = request.method == "POST" and not killed.is_set()
        return TakenByTheDead(running_app, github, killed) if is_first else None

    github.script = kill_once
    ticket_id = opened(running_app, url)
    assert killed.wait(60)
    calls = len(running_app.model.bodies)
    running_app.restart()
    check_one_review(running_app, github, ticket_id)
    assert len(running_app.model.bodies) == calls
