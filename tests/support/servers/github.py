"""A GitHub over HTTP under a test's control: it answers as the stand-in unless told otherwise."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.github.app import application
from infra.local.github.pulls import Hosted, Limits, PullRequest
from infra.local.github.repository import Repository
from shared.clients.github.client import GitHubClient
from shared.settings.github import GitHubSettings
from tests.support.git.history import History
from tests.support.servers.serving import served

TOKEN = "canary-token"
SHA = "a" * 40
_REPO = {"full_name": "ann/app", "private": False, "visibility": "public"}
_END = {"sha": SHA, "ref": "main", "repo": _REPO}
PULL = {
    "title": "A change",
    "body": None,
    "state": "closed",
    "merged": True,
    "user": {"login": "ann"},
    "base": _END,
    "head": _END | {"repo": None},
    "changed_files": 0,
    "additions": 0,
    "deletions": 0,
    "html_url": "https://github.com/ann/app/pull/1",
}

Script = Callable[[int, Request], Response | None]
"""Given the number of the call (from 1) and the call: an answer, or None for the stand-in's."""


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


def as_the_stand_in(_: int, __: Request) -> Response | None:
    """Every call is answered by the stand-in."""
    return None


class GitHubServer:
    """An ASGI app; `script` may be changed at any time. `asked` are the calls so far."""

    def __init__(self) -> None:
        self.script: Script = as_the_stand_in
        self.asked: list[Asked] = []
        self.origin = ""
        self.stand_in: ASGIApp = application([])

    def reset(self, script: Script = as_the_stand_in, stand_in: ASGIApp | None = None) -> None:
        """Forget the calls and the repositories, and follow `script` from now on."""
        self.script = script
        self.asked = []
        self.stand_in = stand_in or application([])

    def serve(
        self,
        history: History,
        limits: Limits | None = None,
        state: Path | None = None,
        title: str = "A change",
        body: str = "",
        number: int = 1,
        token: str = "",
        **more: Any,
    ) -> str:
        """The address of a pull request: `feature` into `main` of that history, which with a
        `token` is private to it."""
        pull = PullRequest(number, "main", "feature", title, body, **more)
        hosted = Hosted("ann/app", Repository(history.folder), {number: pull})
        self.reset(stand_in=application([hosted], token, limits, state))
        return f"{self.origin}/ann/app/pull/{number}"

    @property
    def settings(self) -> dict[str, str]:
        """Those of an app that reads here, and may post reviews for everybody."""
        return {
            "GITHUB_API_URL": f"{self.origin}/api/v3",
            "GITHUB_TOKEN": TOKEN,
            "REVIEW_POSTING_REPOSITORIES": '{"user": ["ann/*"]}',
        }

    def client(self, timeout: float = 20.0, token: str = TOKEN) -> GitHubClient:
        return GitHubClient(GitHubSettings(api_url=f"{self.origin}/api/v3", token=token), timeout)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.stand_in(scope, receive, send)
            return
        request = Request(scope, receive)
        headers = dict(request.headers)
        self.asked.append(Asked(request.method, request.url.path, request.url.query, headers))
        answer = self.script(len(self.asked), request) or self.stand_in
        await answer(scope, receive, send)


@contextmanager
def github_server() -> Iterator[GitHubServer]:
    """A running GitHubServer at `origin`."""
    server = GitHubServer()
    with served(server) as (port,):
        server.origin = f"http://127.0.0.1:{port}"
        yield server
