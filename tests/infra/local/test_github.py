"""The GitHub stand-in keeps to GitHub's rules, over any git repository."""

import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from infra.local.github import sample
from infra.local.github.app import application
from infra.local.github.pulls import Hosted, Limits, PullRequest
from infra.local.github.repository import Repository
from tests.support.git.history import History
from tests.support.servers.stand_ins import served, stand_in

TIMEOUT = 20
TEXT = "".join(f"line {number}\n" for number in range(1, 41))
API = "/api/v3/repos/ann/app"
PULL = f"{API}/pulls/1"
RAW = {"Accept": "application/vnd.github.raw+json"}
TOKEN = {"Authorization": "Bearer secret"}


@pytest.fixture
def history(tmp_path: Path) -> History:
    """`a.txt` with two hunks: a line is replaced (3), and one is added (31); and a binary file."""
    made = History(tmp_path / "app")
    made.commit({"a.txt": TEXT, "docs/b.txt": "b\n", "x <b>.txt": "x\n"})
    made.branch("feature")
    edited = TEXT.replace("line 3\n", "LINE 3\n").replace("line 30\n", "line 30\nnew\n")
    made.commit({"a.txt": edited, "picture": b"\0\1", "x <b>.txt": "<script>\n"})
    return made


@asynccontextmanager
async def github(history: History, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a stand-in that has `feature` into `main` as pull request 1."""
    pull = PullRequest(1, "main", "feature", "A <b>change</b>", "Why")
    app = application([Hosted("ann/app", Repository(history.folder), {1: pull})], **options)
    async with (
        served(app) as url,
        httpx2.AsyncClient(base_url=url, timeout=TIMEOUT, headers=TOKEN) as client,
    ):
        yield client


def review(**changes: Any) -> dict[str, Any]:
    return {"body": "Well done.", "event": "COMMENT", "comments": []} | changes


def comment(**changes: Any) -> dict[str, Any]:
    return {"path": "a.txt", "body": "Why?", "line": 3, "side": "RIGHT"} | changes


async def test_a_pull_request_is_a_pair_of_revisions_as_they_are_now(history: History) -> None:
    async with github(history) as client:
        pull = (await client.get(PULL)).json()
        assert (pull["title"], pull["body"], pull["state"]) == ("A <b>change</b>", "Why", "open")
        assert pull["base"]["sha"] == history.sha("main")
        assert pull["head"]["sha"] == history.sha("feature")
        counts = [pull[name] for name in ("changed_files", "additions", "deletions", "commits")]
        assert counts == [3, 3, 2, 1]
        pushed = history.commit({"a.txt": TEXT})
        pull = (await client.get(PULL)).json()
        assert (pull["head"]["sha"], pull["changed_files"]) == (pushed, 2)


@pytest.mark.parametrize(
    "path", [f"{API}/pulls/2", "/api/v3/repos/ann/other/pulls/1", f"{API}/issues/1", "/api/v3/user"]
)
async def test_what_there_is_not_is_404(history: History, path: str) -> None:
    async with github(history) as client:
        assert (await client.get(path)).status_code == 404


async def test_files_come_in_pages_with_links(history: History) -> None:
    history.commit({f"many/{number:03}": "x\n" for number in range(120)})
    async with github(history) as client:
        first = await client.get(f"{PULL}/files?per_page=500")
        assert len(first.json()) == 100
        last = await client.get(first.links["next"]["url"])
        assert len(last.json()) == 23
        assert set(first.links) == {"next", "last"}
        assert set(last.links) == {"prev", "first"}
        assert len((await client.get(f"{PULL}/files")).json()) == 30
        assert len((await client.get(f"{PULL}/files?per_page=x&page=0")).json()) == 30
        assert (await client.get(f"{PULL}/files?page=9")).json() == []
        paged = await client.get(f"{PULL}/files?per_page=1&page=2")
        assert paged.json() == first.json()[1:2]


async def test_rows_lose_counts_and_patch_when_a_page_is_full(history: History) -> None:
    async with github(history, limits=Limits(page_lines=10)) as client:
        full = (await client.get(f"{PULL}/files")).json()
        alone = (await client.get(f"{PULL}/files?per_page=1&page=3")).json()
    assert [(row["filename"], row["changes"], "patch" in row) for row in full] == [
        *(("a.txt", 3, True), ("picture", 0, False), ("x <b>.txt", 0, False))
    ]
    assert (alone[0]["changes"], alone[0]["patch"]) == (2, "@@ -1 +1 @@\n-x\n+<script>")


@pytest.mark.parametrize(
    ("limits", "files", "patches"),
    [
        (Limits(), 3, 2),
        (Limits(files=2), 2, 1),
        (Limits(patch_lines=5), 3, 1),
        (Limits(patch_bytes=5), 3, 0),
    ],
)
async def test_limits_are_those_that_were_given(
    history: History, limits: Limits, files: int, patches: int
) -> None:
    async with github(history, limits=limits) as client:
        rows = (await client.get(f"{PULL}/files")).json()
        assert (await client.get(PULL)).json()["changed_files"] == 3
    assert (len(rows), sum("patch" in row for row in rows)) == (files, patches)


async def test_contents_blobs_and_comparisons(history: History) -> None:
    history.go("main")
    base = history.commit({"later.txt": "on main\n"})
    head, fork = history.sha("feature"), history.sha("feature~1")
    async with github(history) as client:
        where = f"{API}/contents/a.txt?ref={head}"
        described = (await client.get(where)).json()
        raw = await client.get(where, headers=RAW)
        assert base64.b64decode(described["content"]) == raw.content
        assert raw.content == history.text("feature", "a.txt")
        assert raw.headers["content-type"].startswith("application/vnd.github.raw+json")
        blob = await client.get(f"{API}/git/blobs/{described['sha']}", headers=RAW)
        assert blob.content == raw.content
        assert (await client.get(f"{API}/git/blobs/{'0' * 40}")).status_code == 404
        folder = await client.get(f"{API}/contents/docs?ref=main", headers=RAW)
        assert folder.headers["content-type"] == "application/json"
        assert [entry["path"] for entry in folder.json()] == ["docs/b.txt"]
        root = (await client.get(f"{API}/contents/?ref={fork}")).json()
        assert [entry["type"] for entry in root] == ["file", "dir", "file"]
        for absent in ("none", "../app/a.txt", "a.txt/b", ":(top)a.txt"):
            assert (await client.get(f"{API}/contents/{absent}?ref=main")).status_code == 404
        for nowhere in ("0" * 40, "none", "--help", "main;x", "-x"):
            answer = await client.get(f"{API}/contents/a.txt", params={"ref": nowhere})
            assert answer.status_code == 404
        compared = (await client.get(f"{API}/compare/{base}...{head}")).json()
        assert compared["merge_base_commit"]["sha"] == fork
        assert (compared["ahead_by"], compared["behind_by"]) == (1, 1)
        assert len(compared["files"]) == 3
        second = (await client.get(f"{API}/compare/main...feature?per_page=1&page=2")).json()
        assert "files" not in second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body": ""}, "Body is required"),
        ({"body": "x" * 65_537}, "at most 65536"),
        ({"event": None}, "event"),
        ({"event": "PRAISE"}, "event"),
        ({"unknown": 1}, "unknown"),
        ({"commit_id": "0" * 40}, "commit_id"),
        ({"comments": [comment(path="none")]}, "path is invalid"),
        ({"comments": [comment(path="docs/b.txt", line=1)]}, "path is invalid"),
        ({"comments": [comment(path="picture", line=1)]}, "part of the diff"),
        ({"comments": [comment(), comment(line=20)]}, "part of the diff"),
        ({"comments": [comment(line=0)]}, "part of the diff"),
        ({"comments": [comment(line=34, side="LEFT")]}, "part of the diff"),
        ({"comments": [comment(line=35)]}, "part of the diff"),
        ({"comments": [comment(start_line=3)]}, "same hunk"),
        ({"comments": [comment(start_line=4)]}, "same hunk"),
        ({"comments": [comment(line=31, start_line=3)]}, "same hunk"),
        ({"comments": [comment(start_line=20)]}, "same hunk"),
        ({"comments": [comment(side="MIDDLE")]}, "side"),
        ({"comments": [comment(body="")]}, "body"),
        ({"comments": [comment(position=1)]}, "position"),
    ],
)
async def test_a_review_that_breaks_a_rule_is_refused_as_a_whole(
    history: History, changes: dict[str, Any], message: str
) -> None:
    async with github(history) as client:
        answer = await client.post(f"{PULL}/reviews", json=review(**changes))
        assert answer.status_code == 422
        assert message in answer.json()["errors"][0]
        assert (await client.get(f"{PULL}/reviews")).json() == []
        assert (await client.get(f"{PULL}/comments")).json() == []


async def test_a_review_that_is_no_json_is_400(history: History) -> None:
    async with github(history) as client:
        assert (await client.post(f"{PULL}/reviews", content=b"{")).status_code == 400


async def test_a_review_is_there_after_a_restart(history: History, tmp_path: Path) -> None:
    good = [
        comment(),
        comment(line=3, side="LEFT"),
        comment(line=33, side="LEFT"),
        comment(line=34, start_line=28, start_side="RIGHT"),
        comment(line=3, start_line=3, start_side="LEFT"),
        comment(path="x <b>.txt", line=1),
    ]
    state, head = tmp_path / "reviews.json", history.sha("feature")
    async with github(history, state=state) as client:
        posted = await client.post(f"{PULL}/reviews", json=review(comments=good, commit_id=head))
        assert posted.status_code == 200
        assert (await client.post(f"{PULL}/reviews", json=review())).status_code == 200
    async with github(history, state=state) as client:
        reviews = (await client.get(f"{PULL}/reviews")).json()
        comments = (await client.get(f"{PULL}/comments")).json()
        assert [one["id"] for one in reviews] == [1, 2]
        assert reviews[0] == posted.json()
        assert reviews[0]["state"] == "COMMENTED"
        assert reviews[1]["commit_id"] == head
        assert [(one["path"], one["line"], one["side"]) for one in comments] == [
            (one["path"], one["line"], one["side"]) for one in good
        ]
        assert len({one["id"] for one in comments}) == len(good)
        assert {one["pull_request_review_id"] for one in comments} == {1}
        history.commit({"a.txt": TEXT})
        moved = (await client.get(f"{PULL}/comments")).json()
        assert {one["line"] for one in moved} == {None}


async def test_a_token_is_asked_for(history: History) -> None:
    async with github(history, token="right") as client:
        bad = await client.get(PULL)
        assert (bad.status_code, bad.json()["message"]) == (401, "Bad credentials")
        assert (await client.get(PULL, headers={"Authorization": ""})).status_code == 404
        right = {"Authorization": "Bearer right"}
        assert (await client.get(PULL, headers=right)).status_code == 200
        assert (await client.get("/api/v3/meta", headers={"Authorization": ""})).is_success
    async with github(history) as client:
        nobody = {"Authorization": ""}
        assert (await client.get(PULL, headers=nobody)).status_code == 200
        refused = await client.post(f"{PULL}/reviews", json=review(), headers=nobody)
        assert refused.status_code == 401


async def test_what_has_not_changed_is_free_and_the_rest_is_counted(history: History) -> None:
    async with github(history, rate_limit=2) as client:
        first = await client.get(PULL)
        assert first.headers["x-ratelimit-remaining"] == "1"
        same = await client.get(PULL, headers={"If-None-Match": first.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["x-ratelimit-remaining"] == "1"
        history.commit({"a.txt": TEXT})
        other = await client.get(PULL, headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200
        over = await client.get(PULL)
        assert (over.status_code, over.headers["x-ratelimit-remaining"]) == (403, "0")
        assert int(over.headers["x-ratelimit-reset"]) > 0
        assert "rate limit" in over.json()["message"]
        calls = (await client.get("/__calls")).json()
        assert [call["status"] for call in calls["calls"]] == [200, 304, 200, 403]


async def test_calls_are_recorded_without_what_they_said(history: History) -> None:
    async with github(history) as client:
        await client.post(f"{PULL}/reviews", json=review(body="A secret"))
        calls = (await client.get("/__calls")).json()
    [call] = calls["calls"]
    assert (call["method"], call["path"], call["status"]) == ("POST", f"{PULL}/reviews", 200)
    assert len(call["sha256"]) == 64
    assert "secret" not in json.dumps(calls)


async def test_people_see_a_page_on_which_all_is_text(history: History) -> None:
    async with github(history) as client:
        await client.post(f"{PULL}/reviews", json=review(body="<img>", comments=[comment()]))
        page = await client.get("/ann/app/pull/1")
    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;script&gt;" in page.text
    assert "a.txt, line 3" in page.text
    for tag in ("<script>", "<img>", "<b>"):
        assert tag not in page.text


def test_the_sample_is_the_same_everywhere(tmp_path: Path) -> None:
    made = sample.build(tmp_path)
    shas = [made.repository.commit(name) for name in (sample.PULL.base, sample.PULL.head)]
    assert shas == [
        "b26a0370172bfbe31f59ef061efeab6e88d621b2",
        "92297a11cec79f58ffdcf64ef8e1304f53a72c94",
    ]


def test_without_arguments_it_serves_the_sample() -> None:
    with stand_in("infra.local.github") as url:
        assert httpx2.get(f"{url}/api/v3/meta").is_success
        pull = httpx2.get(f"{url}/api/v3/repos/example/shop/pulls/1").json()
        rows = httpx2.get(f"{url}/api/v3/repos/example/shop/pulls/1/files").json()
    assert pull["html_url"] == f"{url}/example/shop/pull/1"
    found = {row["filename"]: row["patch"] for row in rows}
    assert "-    require_admin(user)" in found["shop/admin.py"]
    assert "WHERE title LIKE '%{words}%'" in found["shop/orders.py"]


def test_repositories_and_pulls_are_named_on_the_command_line(history: History) -> None:
    repo = ["--repo", f"ann/app={history.folder}"]
    pulls = ["--pull", "ann/app#1=main..feature:A title: two", "--pull", "ann/app#2=feature..main"]
    with stand_in("infra.local.github", *repo, *pulls) as url:
        titles = [httpx2.get(f"{url}{API}/pulls/{number}").json()["title"] for number in (1, 2)]
    assert titles == ["A title: two", "main into feature"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repo", "app=."], "not OWNER/NAME=PATH"),
        (["--repo", "ann/app=/nowhere"], "git rev-parse failed in /nowhere"),
        (["--pull", "ann/app#1=main..feature"], "no --repo ann/app=PATH"),
        (["--repo", "ann/app={folder}", "--pull", "ann/app#1=main"], "not OWNER/NAME#NUMBER"),
        (["--repo", "ann/app={folder}", "--pull", "ann/app#1=main..none"], "no revision"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(
    history: History, arguments: list[str], message: str
) -> None:
    given = [text.replace("{folder}", str(history.folder)) for text in arguments]
    done = started(given)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_machine_without_git_is_told_so(tmp_path: Path) -> None:
    done = started([], env={"PATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the GitHub stand-in needs git: install it and try again\n"


def started(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local.github", "--port", "0", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT, check=False, **options
    )
