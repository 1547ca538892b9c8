"""What is said of a pull request beside reviews: comments below it, replies, threads that are
resolved. GraphQL is answered as far as threads need it, by the names that a query holds."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.github.pulls import Present
from infra.local.github.review_rules import RefusedError
from infra.local.github.reviews import Reviews

_THREAD = re.compile(r"PRRT_(\d+)")


class Said(BaseModel):
    """The body of a comment or a reply."""

    model_config = ConfigDict(extra="forbid")

    body: str = Field(min_length=1, max_length=65_536)


class Query(BaseModel):
    """A GraphQL request."""

    query: str
    variables: dict[str, Any] = {}


def read_said(body: bytes) -> str:
    """Raises RefusedError."""
    try:
        return Said.model_validate_json(body).body
    except ValidationError as error:
        raise RefusedError(422, "Validation Failed", str(error.errors()[0]["msg"])) from error


def read_query(body: bytes) -> Query:
    """Raises RefusedError."""
    try:
        return Query.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(400, "Problems parsing JSON") from error


def threads_json(reviews: Reviews, now: Present, after: str | None) -> dict[str, Any]:
    """A page of the threads of a pull request, as `reviewThreads` tells them: each begins with a
    comment that is no reply."""
    comments = [one for one in reviews.comments(now) if not one.get("in_reply_to_id")]
    start = int(after or 0)
    page = comments[start : start + 100]
    nodes = [
        {
            "id": f"PRRT_{one['id']}",
            "isResolved": reviews.is_resolved(now, one["id"]),
            "comments": {"nodes": [{"databaseId": one["id"], "body": one["body"]}]},
        }
        for one in page
    ]
    end = start + len(page)
    info = {"hasNextPage": end < len(comments), "endCursor": str(end)}
    threads = {"nodes": nodes, "pageInfo": info}
    return {"data": {"repository": {"pullRequest": {"reviewThreads": threads}}}}


def thread_number(query: Query) -> int | None:
    """The first comment of the thread that a mutation names, by its number."""
    given = query.variables.get("id", query.variables.get("threadId", query.query))
    match = _THREAD.search(str(given))
    return int(match[1]) if match else None
