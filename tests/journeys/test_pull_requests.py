"""A pull request from POST to its review, through the whole app."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

from tests.support.git.history import History
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp, run_app
from tests.support.servers.github import TOKEN, GitHubServer
from tests.support.servers.model import Body, Thinking
from tests.support.tasks.reviewer import BASE, HEAD, Reviewer, proposed

GUARD, PAGE = "require_admin(user)", "start = page * 20"


@pytest.fixture(scope="module")
def running_app(
    storage: str, github: GitHubServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("running_app")
    with run_app(storage, folder, **github.settings) as running:
        yield running


@pytest.fixture
def url(running_app: RunningApp, github: GitHubServer, tmp_path: Path) -> str:
    """A pull request with two faults, which the reviewer finds; no other test has its code."""
    running_app.model.reset(
        Reviewer(lambda _: [proposed(GUARD, category="security"), proposed(PAGE)])
    )
    history = History(tmp_path / "app")
    history.commit({"shop/orders.py": BASE, "yarn.lock": "1\n"})
    history.branch("feature")
    history.commit({"shop/orders.py": f"{HEAD}# {tmp_path.name}\n", "yarn.lock": "2\n"})
    return github.serve(history)


def opened(running_app: RunningApp, **task_data: Any) -> str:
    """The id of a ticket that asks for a review."""
    body = {"title": "Orders, faster", "task_type": "pr_review", "task_data": task_data}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def reviewed(running_app: RunningApp, **task_data: Any) -> JsonObject:
    ticket = running_app.until_ended(opened(running_app, **task_data))
    assert ticket["status"] == "completed", ticket["error_message"]
    return ticket


def posted(github: GitHubServer) -> list[JsonObject]:
    path = f"{github.origin}/api/v3/repos/ann/app/pulls/1/reviews"
    reviews: list[JsonObject] = httpx2.get(path, timeout=60).json()
    return reviews


def test_a_pull_request_is_reviewed_and_the_review_posted(
    running_app: RunningApp, github: GitHubServer, url: str
) -> None:
    ticket = reviewed(running_app, pr_url=url, post_review=True)
    result = ticket["result_data"]
    assert (result["verdict"], len(result["findings"])) == ("request_changes", 2)
    assert result["coverage"]["reviewed"] == ["shop/orders.py"]
    assert result["coverage"]["skipped"] == [{"path": "yarn.lock", "reason": "lock file"}]
    [review] = posted(github)
    assert httpx2.get(review["html_url"], timeout=60).status_code == 200
    path = f"{github.origin}/api/v3/repos/ann/app/issues/1/comments"
    [told] = httpx2.get(path, timeout=60).json()
    assert result["posted"]["url"] == told["html_url"]
    assert httpx2.get(told["html_url"], timeout=60).status_code == 200
    assert result["usage"]["calls"] == len(running_app.model.bodies) == 2
    assert ticket["progress"]["percent"] == 100

    history = json.dumps(running_app.durable.history(f"{ticket['id']}-1"))
    assert len(history) <= 16 * 1024
    assert "page * 20" not in history, "code goes by blobs"


def test_the_result_comes_in_every_form(running_app: RunningApp, url: str) -> None:
    ticket = reviewed(running_app, pr_url=url)
    path = f"/tickets/{ticket['id']}/result"
    assert ticket["result_data"]["formats"] == [
        "json",
        "md",
        "html",
        "docx",
        "sarif",
        "github-review",
    ]
    text = running_app.api.get(path, params={"format": "md"})
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    analysis, _, course = text.text.partition("\n\n---\n\n## What took how long\n")
    assert analysis == ticket["result_data"]["review_analysis"].rstrip()
    assert "the model" in course
    log = running_app.api.get(path, params={"format": "sarif"})
    assert log.headers["content-type"].startswith("application/sarif+json")
    assert [one["ruleId"] for one in log.json()["runs"][0]["results"]] == ["security", "bug"]
    payload = running_app.api.get(path, params={"format": "github-review"}).json()
    assert (payload["event"], len(payload["comments"])) == ("COMMENT", 2)
    assert running_app.api.get(path, params={"format": "csv"}).status_code == 406


def test_an_unchanged_pull_request_is_not_paid_for_twice(running_app: RunningApp, url: str) -> None:
    first = reviewed(running_app, pr_url=url)
    again = reviewed(running_app, pr_url=url)
    assert len(running_app.model.bodies) == 2
    assert (again["tokens_used"], again["result_data"]["usage"]["calls"]) == (0, 0)
    assert again["result_data"]["findings"] == first["result_data"]["findings"]


def test_what_is_not_there_fails_with_the_reason(running_app: RunningApp, url: str) -> None:
    ticket = running_app.until_ended(opened(running_app, pr_url=f"{url}9"))
    assert ticket["status"] == "failed"
    assert "no such pull request" in ticket["error_message"]
    assert running_app.model.bodies == []


def test_a_private_repository_looks_like_none_from_everywhere(
    running_app: RunningApp, github: GitHubServer, tmp_path: Path
) -> None:
    history = History(tmp_path / "app")
    history.commit({"plans.py": BASE})
    history.branch("feature")
    history.commit({"plans.py": HEAD})
    url = github.serve(history, token=TOKEN, title="Buy the competitor")
    running_app.model.reset()

    def seen(pr_url: str) -> list[str]:
        """All that the API says of such a ticket, but for ids, times and hashes, and of its course
        what was done to it rather than waited for."""
        ticket_id = opened(running_app, pr_url=pr_url)
        running_app.until_ended(ticket_id)
        parts = ("", "/events", "/updates")
        texts = [running_app.api.get(f"/tickets/{ticket_id}{part}").text for part in parts]
        course = running_app.api.get(f"/tickets/{ticket_id}/timeline").json()["entries"]
        texts += [json.dumps(entry) for entry in course if entry["detail"]]
        own = rf"{ticket_id}|\d{{4}}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{{64}}|{pr_url}"
        times = r'"(\w+_)?seconds": ?[\d.e-]+|"\w+_at_seconds":[\d.]+'
        return [re.sub(times, "", re.sub(own, "", text)) for text in texts]

    assert seen(url) == seen(f"{url}9")
    assert running_app.model.bodies == []


def test_task_data_that_does_not_fit_is_refused(running_app: RunningApp) -> None:
    for task_data in ({}, {"pr_url": ""}, {"pr_url": "x", "post_review": "perhaps"}):
        body = {"title": "T", "task_type": "pr_review", "task_data": task_data}
        assert running_app.api.post("/tickets", json=body).status_code == 422
    elsewhere = {"pr_url": "http://169.254.169.254/latest/meta-data"}
    answer = running_app.api.post("/tickets", json=body | {"task_data": elsewhere})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["task_data", "pr_url"]
    assert "must look like" in answer.json()["detail"]


def test_a_busy_github_is_waited_for(
    running_app: RunningApp, github: GitHubServer, url: str
) -> None:
    busy = [JSONResponse({}, 429, {"Retry-After": "1"})]
    github.script = lambda *_: busy.pop() if busy else None
    ticket = reviewed(running_app, pr_url=url)
    assert "Waiting: GitHub's rate limit is used up" in ticket["processing_logs"]


def test_a_cancelled_review_is_not_posted(
    running_app: RunningApp, github: GitHubServer, url: str
) -> None:
    asked, reviewer = Event(), Reviewer(lambda _: [proposed(PAGE)])

    def think_at_the_second_look(number: int, body: Body) -> Response | None:
        return reviewer(number, body) if number == 1 else Thinking(asked)

    running_app.model.reset(think_at_the_second_look)
    ticket_id = opened(running_app, pr_url=url, post_review=True)
    assert asked.wait(60)
    cancelled = running_app.api.post(f"/tickets/{ticket_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    wait_for(
        lambda: running_app.durable.status(f"{ticket_id}-1")["runtimeStatus"] == "Terminated",
        "the workflow to end",
    )
    assert posted(github) == []
    assert running_app.read(ticket_id)["status"] == "cancelled"
