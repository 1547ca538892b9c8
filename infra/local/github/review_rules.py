"""What GitHub asks of a review that is posted; one bad comment refuses all of it, unnamed."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.github.pulls import Limits, Present, shown_patch

_MOST_CHARACTERS = 65_536
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_NOT_IN_DIFF = "Pull request review thread line must be part of the diff"
_OTHER_HUNK = "Pull request review thread start line must be part of the same hunk as the line."
_BAD_PATH = "Pull request review thread path is invalid"

Body = Annotated[str, Field(min_length=1, max_length=_MOST_CHARACTERS)]
Places = dict[tuple["Side", int], tuple[int, int]]
"""The hunk, and the place within it, of each line of a diff."""


class RefusedError(Exception):
    """An error answer: its status, its message and what it lists as `errors`."""

    def __init__(self, status: int, message: str, *errors: str) -> None:
        super().__init__(message)
        self.status = status
        self.errors = list(errors)


class Side(StrEnum):
    """LEFT is the text before, RIGHT the text after."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"


class Comment(BaseModel):
    """`position`, which GitHub is giving up, is not served."""

    model_config = ConfigDict(extra="forbid")

    path: str
    body: Body
    line: int
    side: Side = Side.RIGHT
    start_line: int | None = None
    start_side: Side | None = None


class Event(StrEnum):
    """Pending reviews, those without an event, are not served."""

    COMMENT = "COMMENT"
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"

    @property
    def state(self) -> str:
        done = {"COMMENT": "COMMENTED", "APPROVE": "APPROVED"}
        return done.get(self.value, "CHANGES_REQUESTED")


class Review(BaseModel):
    """The body of `POST …/pulls/{number}/reviews`."""

    model_config = ConfigDict(extra="forbid")

    commit_id: str | None = None
    body: Annotated[str, Field(max_length=_MOST_CHARACTERS)] = ""
    event: Event
    comments: list[Comment] = []


def checked(body: bytes, now: Present, limits: Limits) -> Review:
    """The review in `body`, its `commit_id` filled in. Raises RefusedError."""
    try:
        review = Review.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise RefusedError(400, "Problems parsing JSON") from error
        place = ".".join(map(str, first["loc"]))
        raise RefusedError(422, "Validation Failed", f"{place}: {first['msg']}") from error
    if not review.body and review.event is not Event.APPROVE:
        raise RefusedError(422, "Unprocessable Entity", f"Body is required for {review.event}")
    commit = review.commit_id or now.head
    if commit not in now.hosted.repository.commits(now.base, now.head):
        raise RefusedError(422, "Unprocessable Entity", "The commit_id is not part of the pull")
    changes = now.hosted.repository.changes(now.merge_base, commit)
    patches = {change.path: shown_patch(change, limits) for change in changes}
    for comment in review.comments:
        _check(comment, patches)
    return review.model_copy(update={"commit_id": commit})


def _check(comment: Comment, patches: dict[str, str | None]) -> None:
    if comment.path not in patches:
        raise RefusedError(422, "Unprocessable Entity", _BAD_PATH)
    places = _places(patches[comment.path] or "")
    end = places.get((comment.side, comment.line))
    if end is None:
        raise RefusedError(422, "Unprocessable Entity", _NOT_IN_DIFF)
    if comment.start_line is None:
        return
    start = places.get((comment.start_side or comment.side, comment.start_line))
    if start is None or start[0] != end[0] or start >= end:
        raise RefusedError(422, "Unprocessable Entity", _OTHER_HUNK)


def _places(patch: str) -> Places:
    places: Places = {}
    hunk = left = right = 0
    for number, line in enumerate(patch.split("\n")):
        header = _HUNK.match(line)
        if header:
            hunk, left, right = hunk + 1, int(header[1]), int(header[2])
            continue
        if line[:1] in (" ", "-"):
            places[Side.LEFT, left] = (hunk, number)
            left += 1
        if line[:1] in (" ", "+"):
            places[Side.RIGHT, right] = (hunk, number)
            right += 1
    return places


def error_json(error: RefusedError) -> dict[str, Any]:
    """GitHub's error body."""
    about = {"message": str(error), "status": str(error.status)}
    return about | ({"errors": error.errors} if error.errors else {})
