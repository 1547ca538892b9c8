"""What the review before this one told, as the comment below the pull request keeps it."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Self

from shared.clients.github.models import PostedComment, PullRef
from shared.diffs.quotes import fold_line
from shared.models import Model
from shared.tasks.pr_review.models import (
    Category,
    Confidence,
    Earlier,
    Finding,
    Severity,
    Spot,
)
from shared.tasks.pr_review.posting.marks import Sign, find_sealed, seal

_KIND = "summary"
_MAX_MARK = 30_000
_MAX_BODY, _MAX_SUMMARY = 1_200, 1_000
_MAX_EVIDENCE = 20
_MAX_SPOTS = 5


class ToldFinding(Spot):
    """A finding that was told; `id` is that of its comment's mark, `lines` are short hashes of its
    evidence. Whether its words are proved earlier versions did not ask."""

    id: str
    severity: Severity
    category: Category
    confidence: Confidence
    title: str
    body: str
    fingerprint: str
    commentable: bool
    checked: bool
    lines: list[str]
    also_at: list[Spot] = []
    is_proved: bool = False

    @classmethod
    def of(cls, finding: Finding, finding_id: str) -> Self:
        known = finding.model_dump(exclude={"hunk", "suggestion", "evidence_quote"})
        return cls.model_validate(
            known
            | {
                "id": finding_id,
                "is_proved": True,
                "lines": hash_lines(finding.evidence_quote.split("\n")),
                "body": finding.body[:_MAX_BODY],
                "also_at": known["also_at"][:_MAX_SPOTS],
            }
        )

    def name(self) -> Earlier:
        return Earlier(
            file=self.file, line=self.start_line, title=self.title, fingerprint=self.fingerprint
        )


class LastReview(Model):
    """Of which pull request, base branch (and commit of it, which earlier versions did not tell),
    head and request a review was, and the `run`: the how manyth it is. `key` is the attempt at a
    ticket that told it; `whole` whether everything was read and told, so that what does not change
    need not be read again. `summary` is that of the last review of the whole change. `gone` and
    `still_open` are what it told of the one before, `head_now` is the head of the pull request by
    then, if another."""

    pull: str
    base: str
    base_sha: str = ""
    head: str
    request: str
    run: int
    key: str
    whole: bool
    summary: str
    findings: list[ToldFinding]
    comments: int = 0
    head_now: str | None = None
    still_open: list[Earlier] = []
    gone: list[Earlier] = []

    def make_mark(self, sign: Sign) -> str:
        """Bounded: of very many findings the texts are cut first, then the last are forgotten, and
        the next review reads everything again."""
        short = self.model_copy(update={"summary": self.summary[:_MAX_SUMMARY]})
        mark = seal(_KIND, short.model_dump_json(), sign)
        if len(mark) <= _MAX_MARK:
            return mark
        fewer = self.findings[: len(self.findings) // 2]
        return self.model_copy(
            update={"findings": fewer, "whole": False, "still_open": [], "gone": []}
        ).make_mark(sign)


def find_last_reviews(
    comments: Iterable[PostedComment], sign: Sign, pull: str
) -> list[tuple[PostedComment, LastReview]]:
    """Those that our comments keep, the newest first; a mark copied from elsewhere names another
    pull request, and one copied here is no newer than ours."""
    found = [
        (comment, review)
        for comment in comments
        for text in find_sealed(_KIND, comment.body, sign)
        if (review := LastReview.model_validate_json(text)).pull == pull
    ]
    return sorted(found, key=lambda one: (-one[1].run, one[0].id))


def name_pull(ref: PullRef) -> str:
    return f"{ref.owner}/{ref.repo}#{ref.number}".lower()


def hash_lines(lines: Sequence[str]) -> list[str]:
    """Of the first lines, in 8 hexadecimal digits each; white space does not count."""
    return [
        sha256(fold_line(line).encode(errors="surrogatepass")).hexdigest()[:8]
        for line in lines[:_MAX_EVIDENCE]
    ]
