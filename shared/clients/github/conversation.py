"""What is said of a pull request beside reviews: comments below it, on its lines, and threads."""

from typing import Any

from pydantic import TypeAdapter

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import CommentBody, PostedComment, PullRef, ReviewThread
from shared.errors import ServiceFailure
from shared.models import Model

_COMMENT = TypeAdapter(PostedComment)
_COMMENTS = TypeAdapter(list[PostedComment])
_ANY = TypeAdapter(dict[str, Any])
_MAX_PAGES = 30

_THREADS = """\
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 100, after: $after) {
      nodes { id isResolved comments(first: 1) { nodes { databaseId } } }
      pageInfo { hasNextPage endCursor }
    }
  } }
}"""
_RESOLVE = """\
mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id isResolved } } }"""


class _Query(Model):
    query: str
    variables: dict[str, Any]


class _Page(Model):
    """A page of threads, as far as we read it."""

    class Node(Model):
        """A thread."""

        class Comments(Model):
            """Its first comment."""

            class Comment(Model):
                """Its number in the REST API; None of one that is hidden."""

                databaseId: int | None = None  # noqa: N815 - as GitHub has it

            nodes: list[Comment]

        id: str
        isResolved: bool  # noqa: N815
        comments: Comments

    class Info(Model):
        """Where the next page begins."""

        hasNextPage: bool  # noqa: N815
        endCursor: str | None = None  # noqa: N815

    nodes: list[Node]
    pageInfo: Info  # noqa: N815


class Conversation:
    """Of one pull request. Everything raises StepError; what writes raises as
    `GitHubClient.post_review`."""

    def __init__(self, github: GitHubClient, ref: PullRef) -> None:
        self._github = github
        self._ref = ref
        self._repository = f"/repos/{ref.owner}/{ref.repo}"
        self._pull = f"{self._repository}/pulls/{ref.number}"

    async def comments(self) -> list[PostedComment]:
        """Those below the pull request, oldest first."""
        path = f"{self._repository}/issues/{self._ref.number}/comments"
        return await self._github.read_all(path, _COMMENTS)

    async def line_comments(self) -> list[PostedComment]:
        """Those on lines, and replies to them, oldest first."""
        return await self._github.read_all(f"{self._pull}/comments", _COMMENTS)

    async def say(self, body: str) -> PostedComment:
        """A comment below the pull request."""
        path = f"{self._repository}/issues/{self._ref.number}/comments"
        return await self._github.write("POST", path, CommentBody(body=body), _COMMENT)

    async def say_again(self, comment: int, body: str) -> PostedComment:
        """Another text in place of that of a comment below the pull request."""
        path = f"{self._repository}/issues/comments/{comment}"
        return await self._github.write("PATCH", path, CommentBody(body=body), _COMMENT)

    async def reply(self, comment: int, body: str) -> PostedComment:
        """A reply to a comment on lines."""
        path = f"{self._pull}/comments/{comment}/replies"
        return await self._github.write("POST", path, CommentBody(body=body), _COMMENT)

    async def threads(self) -> list[ReviewThread]:
        """Those of all comments on lines."""
        found: list[ReviewThread] = []
        after: str | None = None
        ref = {"owner": self._ref.owner, "name": self._ref.repo, "number": self._ref.number}
        for _ in range(_MAX_PAGES):
            data = await self._ask(_THREADS, {**ref, "after": after})
            page = _read_page(data)
            found += [
                ReviewThread(id=node.id, resolved=node.isResolved, first_comment=first.databaseId)
                for node in page.nodes
                for first in node.comments.nodes[:1]
                if first.databaseId is not None
            ]
            after = page.pageInfo.endCursor
            if not page.pageInfo.hasNextPage:
                break
        return found

    async def resolve(self, thread: str) -> None:
        """Mark a thread as resolved; doing it again does no harm."""
        await self._ask(_RESOLVE, {"id": thread})

    async def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        asked = _Query(query=query, variables=variables)
        answer = await self._github.write("POST", self._github.graphql, asked, _ANY)
        if answer.get("errors") or not isinstance(answer.get("data"), dict):
            raise ServiceFailure("GitHub refused what was asked of threads (GraphQL).")
        data: dict[str, Any] = answer["data"]
        return data


def _read_page(data: dict[str, Any]) -> _Page:
    try:
        return _Page.model_validate(data["repository"]["pullRequest"]["reviewThreads"])
    except (KeyError, TypeError, ValueError):
        raise ServiceFailure("GitHub tells of threads in another form than its API has.") from None
