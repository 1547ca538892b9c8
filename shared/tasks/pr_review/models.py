"""What passes between the steps of a review, what the model answers, and the result."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from shared.clients.github_models import PullRef
from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.patches import Side
from shared.models import Model, Words
from shared.tasks import base


class Stage(StrEnum):
    REVIEWING = "reviewing"
    CHECKING = "checking"
    POSTING = "posting"


class TaskData(base.TaskData):
    """`pr_url` is the address of the pull request's page. With `post_review` the review is posted
    there as well."""

    pr_url: Annotated[Words, StringConstraints(max_length=2048)]
    additional_instructions: Annotated[str, StringConstraints(max_length=16_000)] | None = None
    post_review: bool = False


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


class Change(Model):
    """Lines of the head, and what to put in their place."""

    existing: str
    improved: str


class Proposed(Model):
    """A finding as the model proposes it."""

    path: str
    category: Category
    severity: Severity
    confidence: Confidence
    title: str
    body: str
    evidence_quote: str
    suggestion: Change | None


class Review(Model):
    """The model's answer about one batch."""

    summary: str
    findings: list[Proposed]


class Ruling(Model):
    """What the second look says of a finding, by its number."""

    finding: int
    holds: bool
    severity: Severity
    reason: str


class Check(Model):
    """The model's answer about the findings."""

    rulings: list[Ruling]


class Suggestion(Change):
    """A change that applies to the head: its lines `start_line` to `end_line`. `parses` says
    whether the file was seen to parse with it; None where no parser for it is at hand."""

    start_line: int
    end_line: int
    parses: bool | None


class Spot(Model):
    """Lines of a file (inclusive), of the base (LEFT) or of the head (RIGHT)."""

    file: str
    side: Side
    start_line: int
    end_line: int


class Finding(Spot):
    """What is wrong where. `evidence_quote` are the lines themselves; `also_at` are other places
    of the same finding; `fingerprint` stays when lines move; `commentable` is False where the diff
    is not GitHub's own, which takes no comment there."""

    severity: Severity
    category: Category
    confidence: Confidence
    title: str
    body: str
    evidence_quote: str
    suggestion: Suggestion | None = None
    fingerprint: str
    commentable: bool = True
    also_at: list[Spot] = []


class Candidate(Finding):
    """A finding on its way: `batch` is where its diff is kept, `excerpt` the code around it, and
    `proposal` the change that is not checked yet."""

    batch: int
    excerpt: str
    proposal: Change | None = None

    def finding(self) -> Finding:
        return Finding.model_validate(self.model_dump())


class Outcome(Model):
    """What came of one batch: findings whose quote is not in the diff are dropped."""

    summary: str
    candidates: list[Candidate]
    dropped: int


class Held(Model):
    """What is left of candidates after the second look."""

    findings: list[Finding]
    refuted: int
    suggestions_dropped: int


class Facts(Model):
    """A pull request as it was read. `suspicious` is where its text talks to the reviewer."""

    ref: PullRef
    title: str
    body: str
    url: str
    head_sha: str
    instructions: str
    suspicious: list[str]
    made_here: list[str]


class Diff(Model):
    """A FileDiff, or the part of one, as it is kept."""

    path: str
    status: str
    patch: str
    previous_path: str | None

    @classmethod
    def of(cls, diff: FileDiff) -> "Diff":
        return cls(
            path=diff.path,
            status=diff.status.value,
            patch=diff.patch,
            previous_path=diff.previous_path,
        )

    def diff(self) -> FileDiff:
        return file_diff(self.path, self.status, self.patch, self.previous_path)


class Left(Model):
    """A file that was not reviewed, or not all of it, and why."""

    path: str
    reason: str


class Coverage(Model):
    """Every changed file is in one of the lists, but for `unlisted`, how many GitHub does not name.
    The numbers count findings: whose quote is not in the diff, that the second look refuted, that
    said the same as another, that were too many to be looked at again."""

    files: int
    lines: int
    reviewed: list[str]
    partial: list[Left]
    skipped: list[Left]
    unlisted: int
    findings_unplaced: int = 0
    findings_refuted: int = 0
    findings_merged: int = 0
    findings_unchecked: int = 0
    suggestions_dropped: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out that a reviewer would have read."""
        return not (self.partial or self.unlisted)


class Earlier(Model):
    """A finding of an earlier review of the same pull request that this one does not have, or has
    again."""

    file: str
    line: int
    title: str
    fingerprint: str


class Posted(Model):
    """The review on GitHub; `url` is None when it could not be posted, for the `reason`."""

    url: str | None = None
    reason: str | None = None
    comments: int = 0
    still_open: list[Earlier] = []
    gone: list[Earlier] = []


class Result(base.Result):
    verdict: Verdict
    effort: int
    findings: list[Finding]
    security: list[Finding]
    coverage: Coverage
    head_sha: str
    pr_url: str
    posted: Posted | None = None
    review_analysis: str
