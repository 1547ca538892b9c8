"""What a review is asked for, and its result."""

from enum import StrEnum
from typing import Annotated

from pydantic import StrictBool, StringConstraints

from shared.diffs.patches import LineKind
from shared.models import Model, Side, Words
from shared.tasks import base
from shared.tasks.task_data import MAX_REQUEST


class TaskData(base.TaskData):
    """`pr_url` is the address of the pull request's page. With `post_review` the review is posted
    there as well."""

    max_tokens = {"additional_instructions": MAX_REQUEST}

    pr_url: Annotated[Words, StringConstraints(max_length=2048)]
    additional_instructions: str | None = None
    post_review: StrictBool = False


class Category(StrEnum):
    BUG = "bug"
    SECURITY = "security"
    PERFORMANCE = "performance"
    MAINTAINABILITY = "maintainability"
    TEST = "test"
    DOCS = "docs"


class Severity(StrEnum):
    """The most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Confidence(StrEnum):
    """The surest first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES, CONFIDENCES = list(Severity), list(Confidence)


class Verdict(StrEnum):
    APPROVE = "approve"
    COMMENT = "comment"
    REQUEST_CHANGES = "request_changes"


class SuggestedChange(Model):
    """Lines of the head, and what to put in their place."""

    existing: str
    improved: str


class Suggestion(SuggestedChange):
    """A change that applies to the head: its lines `start_line` to `end_line`, which go when
    `improved` is empty. `parses` says whether the file was seen to parse with it; None where that
    cannot be told, as of a language for which no parser is at hand."""

    start_line: int
    end_line: int
    parses: bool | None


class Spot(Model):
    """Lines of a file (inclusive), of the base (LEFT) or of the head (RIGHT)."""

    file: str
    side: Side
    start_line: int
    end_line: int


class HunkLine(Model):
    """A line of a diff: ` `, `+` or `-`, and its numbers in the base and at the head."""

    kind: LineKind
    old: int | None
    new: int | None
    text: str


class Finding(Spot):
    """What is wrong where. `evidence_quote` are the lines themselves, the first of many; `hunk`
    are they and those around them, as the diff has them;
    `also_at` are other places of the same finding; `fingerprint` stays when lines move;
    `commentable` is False where the diff is not GitHub's own, which takes no comment there;
    `checked` is False where no second look was taken."""

    severity: Severity
    category: Category
    confidence: Confidence
    title: str
    body: str
    evidence_quote: str
    hunk: list[HunkLine] = []
    suggestion: Suggestion | None = None
    fingerprint: str
    commentable: bool = True
    checked: bool = True
    also_at: list[Spot] = []


class Left(Model):
    """A file that was not reviewed, or not all of it, and why."""

    path: str
    reason: str


class Coverage(Model):
    """Every changed file is in one of the lists, but for `unlisted`, how many GitHub does not name.
    `lines` were changed in the files that were reviewed; `complete` is whether all was seen that is
    for review. Of files that were reviewed `since` that head only what changed is read again. The
    other numbers count findings: whose quote is not in the diff, that the second
    look refuted, that said the same as another; of those that are told, how many had no second
    look; and how many are left out because they are too many."""

    files: int
    lines: int
    reviewed: list[str]
    partial: list[Left]
    skipped: list[Left]
    unlisted: int
    complete: bool
    since: str | None = None
    findings_unplaced: int = 0
    findings_refuted: int = 0
    findings_merged: int = 0
    findings_unchecked: int = 0
    findings_left_out: int = 0
    suggestions_dropped: int = 0


class Earlier(Model):
    """A finding that an earlier review of the same pull request told of."""

    file: str
    line: int
    title: str
    fingerprint: str


class Posted(Model):
    """The comment on GitHub that tells the review, with so many new comments on lines, and what
    became of what the last one found; `url` is None when it could not be posted, for the `reason`.
    `head_now` is the head of the pull request by then, where that is another."""

    url: str | None = None
    reason: str | None = None
    comments: int = 0
    head_now: str | None = None
    still_open: list[Earlier] = []
    gone: list[Earlier] = []


class Result(base.Result):
    """`effort` is from 1, read in passing, to 5; `security` are those of the findings."""

    verdict: Verdict
    effort: int
    findings: list[Finding]
    security: list[Finding]
    coverage: Coverage
    head_sha: str
    pr_url: str
    posted: Posted | None = None
    review_analysis: str
