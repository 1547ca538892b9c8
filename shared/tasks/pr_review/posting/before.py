"""What the plan has learnt of the review before this one, kept for the steps after it."""

from collections.abc import Sequence
from typing import Self

from shared.diffs.changes import FileDiff
from shared.diffs.delta import Delta
from shared.tasks.pr_review.artifacts import Artifact, Candidate, Diff
from shared.tasks.pr_review.posting.last_review import LastReview


class Before(Artifact):
    """`changed` is what differs between the head of that review and this one, None where that is
    not known and everything is read again; `holding` and `doubtful` are its findings that are still
    there (see `carrying`)."""

    last: LastReview
    changed: list[Diff] | None = None
    holding: list[Candidate] = []
    doubtful: list[Candidate] = []

    @property
    def delta(self) -> Delta | None:
        return None if self.changed is None else Delta(one.read() for one in self.changed)

    @classmethod
    def between(cls, last: LastReview, diffs: Sequence[FileDiff] | None) -> Self:
        """Of that review, and the files that differ since, if they are known."""
        return cls(last=last, changed=None if diffs is None else [Diff.of(one) for one in diffs])
