"""What GitHub's REST API says and is told, as far as we read and write it.

Source: https://docs.github.com/en/rest/pulls, version 2022-11-28.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
)

from shared.models import FileStatus, Model, Side

MAX_FILES = 3000
MAX_BODY = 65_536

_OWNER, _REPO = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", r"\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}"

Sha = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$")]


def _name(value: Any) -> Any:
    """A user is told as an object; None when they are gone."""
    return value.get("login") if isinstance(value, dict) else value


Text = Annotated[str, BeforeValidator(lambda text: "" if text is None else text)]
User = Annotated[str | None, BeforeValidator(_name)]
"""A login; None for an account that was deleted."""


class PullRef(Model):
    """Which pull request; the names are safe in a path."""

    model_config = ConfigDict(frozen=True)

    owner: Annotated[str, StringConstraints(pattern=rf"^{_OWNER}$")]
    repo: Annotated[str, StringConstraints(pattern=rf"^{_REPO}$")]
    number: PositiveInt

    @property
    def repository(self) -> str:
        return f"{self.owner}/{self.repo}"

    def at(self, repository: "Repository") -> "PullRef":
        """The same number of this repository, which may have another name by now."""
        owner, _, repo = repository.full_name.partition("/")
        return PullRef(owner=owner, repo=repo, number=self.number)


class Visibility(StrEnum):
    """Whom GitHub shows a repository; `internal` is within an enterprise."""

    PUBLIC = "public"
    PRIVATE = "private"
    INTERNAL = "internal"


class Repository(Model):
    """`full_name` is `owner/name`. An older Enterprise Server tells no `visibility`."""

    full_name: Annotated[str, StringConstraints(pattern=rf"^{_OWNER}/{_REPO}$")]
    private: bool = True
    visibility: Visibility | None = None

    @property
    def is_public(self) -> bool:
        """Only of what is said to be in every word."""
        return not self.private and self.visibility in (Visibility.PUBLIC, None)


class PullState(StrEnum):
    """`merged` is told apart."""

    OPEN = "open"
    CLOSED = "closed"


class Branch(Model):
    """One end of a pull request; `repo` is None when the fork was deleted."""

    sha: Sha
    ref: str
    repo: Repository | None = None


class Pull(Model):
    """A pull request. The numbers count files and lines between the merge base and the head."""

    title: str
    body: Text = ""
    state: PullState
    draft: bool = False
    merged: bool = False
    user: User = None
    base: Branch
    head: Branch
    changed_files: NonNegativeInt
    additions: NonNegativeInt
    deletions: NonNegativeInt
    html_url: WebUrl


class NoPatch(StrEnum):
    """Why there is no patch of a file."""

    BINARY = "binary"
    EMPTY = "empty"
    SAME_TEXT = "only its name changed"
    SAME_CONTENT = "its content did not change"
    NO_LINES = "no line changed: it is binary, or only its name or mode changed"
    TOO_LARGE = "too large"
    NOT_GIVEN = "GitHub gives no patch"


class FileRow(Model):
    """A file as GitHub lists it."""

    filename: Annotated[str, Field(min_length=1)]
    status: FileStatus
    sha: str | None = None
    additions: NonNegativeInt
    deletions: NonNegativeInt
    patch: str | None = None
    previous_filename: str | None = None
    contents_url: Text = ""

    @property
    def lines(self) -> int:
        """How many lines changed."""
        return self.additions + self.deletions

    @property
    def is_bare(self) -> bool:
        """Either nothing changed in its text, or GitHub kept it to itself."""
        return not self.lines and self.patch is None


class ChangedFile(Model):
    """A file of a pull request, either with its patch (from the first `@@`) or the reason why there
    is none. A patch that was `made_here`, from both versions, may have other hunks than GitHub's:
    a review must not comment on its lines. `sha` is the blob's.
    """

    path: str
    status: FileStatus
    additions: int
    deletions: int
    previous_path: str | None = None
    sha: str | None = None
    patch: str | None = None
    no_patch: NoPatch | None = None
    made_here: bool = False


class ChangedFiles(Model):
    """The files of a pull request; `unlisted` is how many more it has, as GitHub names at most
    3,000."""

    files: list[ChangedFile]
    unlisted: int = 0


class ReviewComment(Model):
    """A comment on lines of the diff; `start_line` < `line`, both in the same hunk."""

    path: str
    body: str
    line: PositiveInt
    side: Side = Side.RIGHT
    start_line: PositiveInt | None = None
    start_side: Side | None = None


class ReviewEvent(StrEnum):
    """We neither approve nor refuse."""

    COMMENT = "COMMENT"


class ReviewPayload(Model):
    """A review to be posted."""

    commit_id: Sha
    body: Annotated[str, Field(min_length=1, max_length=MAX_BODY)]
    event: ReviewEvent = ReviewEvent.COMMENT
    comments: list[ReviewComment] = []


class PostedReview(Model):
    """A review that is there."""

    id: int
    user: User = None
    body: Text = ""
    state: str
    commit_id: str | None = None
    html_url: WebUrl


class Tree(Model):
    """What lies in a commit; `truncated` where GitHub does not tell all."""

    class Entry(Model):
        """A file, folder or submodule by its path."""

        path: str
        type: str
        sha: Sha

    tree: list[Entry]
    truncated: bool = False


class Comparison(Model):
    """Two commits compared, as far as we read it; `files` are at most 300."""

    class Commit(Model):
        """A commit by its name."""

        sha: Sha

    merge_base_commit: Commit
    files: list[FileRow] = []


class PostedComment(Model):
    """A comment that is there: below a pull request, or on its lines."""

    id: int
    user: User = None
    body: Text = ""
    html_url: WebUrl
    in_reply_to_id: int | None = None


class CommentBody(Model):
    """What a comment says."""

    body: Annotated[str, Field(min_length=1, max_length=MAX_BODY)]


class ReviewThread(Model):
    """A thread of comments on lines, with the id by which it is resolved, and its first comment."""

    id: str
    resolved: bool
    first_comment: int
