"""Pull requests reviewed from ticket to result: real git histories behind the GitHub stand-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.rendering import show_code as shown_line
from shared.models import NewTicket, Side, StoredTicket, StoredUser, validate_model
from shared.workflow.messages import StartInput
from tests.support.git.history import History
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.workflow import order_of, run, shown
from tests.support.servers.github import TOKEN, GitHubServer
from tests.support.servers.model import ModelServer
from tests.support.tasks.reviewer import JsonObject, Reviewer

Files = Mapping[str, str | bytes]


@dataclass
class Reviews:
    """Where pull requests are reviewed for one user."""

    app: AppUnderTest
    github: GitHubServer
    history: History
    owner: StoredUser = field(default_factory=user)
    reviewer: Reviewer = field(default_factory=Reviewer)

    def __post_init__(self) -> None:
        self.use()

    @property
    def model(self) -> ModelServer:
        return self.app.model

    def use(self, batch_tokens: int = 12_000, token: str = TOKEN, **settings: str) -> None:
        """Work with batches of that size, that token for GitHub and such settings from now on."""
        wanted = {"GITHUB_TOKEN": token, "REVIEW_BATCH_TOKENS": str(batch_tokens), **settings}
        self.app = self.app.another(**{**self.github.settings, **wanted})
        self.model.reset(self.reviewer)

    def change(self, base: Files, head: Mapping[str, str | bytes | None], **serve: Any) -> str:
        """The address of a pull request that makes `head` of `base`; None removes a file."""
        self.history.commit(dict(base))
        self.history.branch("feature")
        self.push(head)
        return self.github.serve(self.history, **serve)

    def push(self, files: Mapping[str, str | bytes | None]) -> str:
        """Another commit of the pull request."""
        for name in [name for name, content in files.items() if content is None]:
            (self.history.folder / name).unlink()
        return self.history.commit({k: v for k, v in files.items() if v is not None})

    async def open(self, url: str, **more: Any) -> StartInput:
        """A ticket that asks for a review."""
        body = {"title": "T", "task_type": "pr_review", "task_data": {"pr_url": url, **more}}
        return order_of(
            (
                await self.app.ticket_opening.open_ticket(
                    by(self.owner), validate_model(NewTicket, body)
                )
            ).ticket
        )

    async def review(self, url: str, **more: Any) -> JsonObject:
        """The result of a ticket that asks for a review."""
        order = await self.open(url, **more)
        end = await run(self.app.activities, order)
        assert end["kind"] == "done", end
        return (await self.shown(order)).result_data

    async def failure(self, url: str) -> str:
        """Why such a ticket fails."""
        end = await run(self.app.activities, await self.open(url))
        assert end["kind"] == "failure", end
        return str(end["reason"])

    async def shown(self, order: StartInput) -> StoredTicket:
        return await shown(self.app, order)

    def diffs(self) -> dict[str, FileDiff]:
        """The files of the pull request, as git has them."""
        rows = self._api("pulls/1/files?per_page=100")
        return {
            row["filename"]: file_diff(row["filename"], row["status"], row.get("patch"))
            for row in rows
        }

    def posted(self, number: int = 1) -> list[JsonObject]:
        """What was posted."""
        return self._api(f"pulls/{number}/reviews?per_page=100")

    def comments(self) -> list[JsonObject]:
        return self._api("pulls/1/comments?per_page=100")

    def said(self, number: int = 1) -> list[JsonObject]:
        """What was said below the pull request."""
        return self._api(f"issues/{number}/comments?per_page=100")

    def resolved(self) -> list[bool]:
        """Whether the threads are resolved, in the order in which they were begun."""
        query = {
            "query": "reviewThreads",
            "variables": {"owner": "ann", "name": "app", "number": 1},
        }
        answer = httpx2.post(
            f"{self.github.origin}/api/graphql", json=query, headers={"Authorization": "Bearer a"}
        ).json()
        threads = answer["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"]
        return [thread["isResolved"] for thread in threads]

    def posts(self, end: str = "/reviews") -> list[int]:
        """How GitHub answered each attempt to post a review, or to something that ends so."""
        calls = httpx2.get(f"{self.github.origin}/__calls").json()["calls"]
        return [
            call["status"]
            for call in calls
            if call["method"] == "POST" and call["path"].endswith(end)
        ]

    def _api(self, path: str) -> list[JsonObject]:
        rows: list[JsonObject] = httpx2.get(
            f"{self.github.origin}/api/v3/repos/ann/app/{path}"
        ).json()
        return rows


def check_placed(finding: JsonObject, diffs: dict[str, FileDiff]) -> None:
    """The finding points at lines of the diff, and they are its evidence."""
    side, start, end = Side(finding["side"]), finding["start_line"], finding["end_line"]
    diff = diffs[finding["file"]]
    assert diff.commentable(side, end, start), finding
    lines = [shown_line(line.text) for line in diff.lines(side, start, end)]
    assert finding["evidence_quote"].split("\n") == lines[:20]
