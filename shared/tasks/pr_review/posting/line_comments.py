"""Findings on their lines: in one review, each comment with a mark by which it is found again."""

from collections.abc import Mapping, Sequence

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import PostedComment, PullRef, ReviewPayload
from shared.clients.github.responses import Unprocessable
from shared.tasks.pr_review.models import Finding
from shared.tasks.pr_review.payload import make_comment
from shared.tasks.pr_review.posting.marks import Sign, find_sealed, seal

_FINDING, _FIXED = "finding", "fixed"
_MAX_REFUSED = 14
"""Refusals after which no more comments are tried: one bad among forty is found with seven."""


class LineComments:
    """Of one pull request, whose name is part of every mark."""

    def __init__(self, pull: str, sign: Sign, comments: Sequence[PostedComment]) -> None:
        self._pull = pull
        self._sign = sign
        self.first: dict[str, int] = {}
        """The comment of a finding, by the finding's id; the oldest, as marks can be copied."""
        self.fixed: set[str] = set()
        """Findings that a reply says to be fixed."""
        for comment in sorted(comments, key=lambda one: one.id):
            if comment.in_reply_to_id is None:
                for finding in self._read(_FINDING, comment):
                    self.first.setdefault(finding, comment.id)
            else:
                self.fixed.update(self._read(_FIXED, comment))

    def mark_fixed(self, finding: str) -> str:
        return seal(_FIXED, f"{self._pull} {finding}", self._sign)

    async def post_findings(
        self, github: GitHubClient, ref: PullRef, head: str, findings: Mapping[str, Finding]
    ) -> set[str]:
        """Comments for those that have none yet; the ids of all that have one then. Where GitHub
        refuses a comment, which it does not name, the others are found by halving. Raises
        StepError."""
        waiting = [[name for name in findings if name not in self.first]]
        done = set(findings) & set(self.first)
        refused = 0
        while waiting and refused < _MAX_REFUSED:
            ids = waiting.pop(0)
            if not ids:
                continue
            try:
                await github.post_review(ref, self._payload(head, {i: findings[i] for i in ids}))
                done.update(ids)
            except Unprocessable:
                refused += 1
                middle = len(ids) // 2
                waiting = [ids[:middle], ids[middle:], *waiting] if middle else waiting
        return done

    def _payload(self, head: str, findings: Mapping[str, Finding]) -> ReviewPayload:
        count = f"{len(findings)} new finding{'s' if len(findings) > 1 else ''}"
        return ReviewPayload(
            commit_id=head,
            body=f"{count} at `{head[:12]}`.",
            comments=[
                make_comment(finding, seal(_FINDING, f"{self._pull} {name}", self._sign))
                for name, finding in findings.items()
            ],
        )

    def _read(self, kind: str, comment: PostedComment) -> list[str]:
        """The findings that our marks in a comment name."""
        texts = (text.split(" ") for text in find_sealed(kind, comment.body, self._sign))
        return [name for pull, name in texts if pull == self._pull]
