"""The review on GitHub, posted once. That it is there is said by a signed mark that nobody sees, in
the review itself; the mark also tells a later run what was found."""

import base64
import hmac
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import PostedReview, PullRef, ReviewPayload
from shared.errors import PermanentFailure, RetryLater
from shared.models import Model
from shared.tasks.base import NoItem, Stage, WorkContext
from shared.tasks.pr_review import payload
from shared.tasks.pr_review.artifacts import Draft, Facts
from shared.tasks.pr_review.models import Earlier, Finding, Posted, Result, TaskData
from shared.tasks.pr_review.rights import check_posting
from shared.tasks.signer import Signer
from shared.telemetry.spans import Service

_MARK = re.compile(r"<!-- amida-review-1:([A-Za-z0-9+/=]+):([0-9a-f]{64}) -->")
_MAX_MARK = 16_000
_MAX_NAME, _MAX_TITLE = 200, 100

Sign = Callable[[str], str]


class Mark(Model):
    """What a posted review says of itself: of which pull request and head it is, which attempt at
    which ticket posted it, whether with comments on lines, and what was found."""

    pull: str
    head: str
    key: str
    inline: bool
    findings: list[Earlier]

    def text(self, sign: Sign) -> str:
        """Bounded: of very many findings the last are forgotten."""
        packed = zlib.compress(self.model_dump_json().encode())
        data = base64.b64encode(packed).decode()
        if len(data) > _MAX_MARK:
            fewer = self.findings[: len(self.findings) // 2]
            return self.model_copy(update={"findings": fewer}).text(sign)
        return f"<!-- amida-review-1:{data}:{sign(data)} -->"


@dataclass(frozen=True, slots=True)
class Since:
    """What is known of a pull request from our reviews before this one."""

    marks: Sequence[tuple[PostedReview, Mark]]

    @property
    def known(self) -> dict[str, Earlier]:
        """All that was ever told, by fingerprint."""
        return {one.fingerprint: one for _, mark in self.marks for one in mark.findings}

    def compare_result(self, result: Result) -> Posted:
        """What became of it. Gone is what the last review had."""
        present = {finding.fingerprint for finding in result.findings}
        last = self.marks[-1][1].findings if self.marks else []
        return Posted(
            still_open=[one for one in self.known.values() if one.fingerprint in present],
            gone=[one for one in last if one.fingerprint not in present],
        )

    def said(self, result: Result) -> str | None:
        """The address of the last review, if that said the same of the same head."""
        if not self.marks:
            return None
        review, mark = self.marks[-1]
        same = {one.fingerprint for one in mark.findings} == {
            finding.fingerprint for finding in result.findings
        }
        return review.html_url if same and mark.head == result.head_sha else None


async def post(context: WorkContext[TaskData], _: NoItem) -> Posted:
    """Post the review unless it is there. Raises RetryLater, after which it may be there, while the
    ticket may wait for GitHub: what was found is not lost because it cannot be posted."""
    try:
        return await _post_review(context)
    except PermanentFailure as error:
        return Posted(reason=error.reason)
    except RetryLater as later:
        left = context.waits_left[Service.GITHUB]
        if left <= 0 or (later.seconds or 0.0) > left:
            return Posted(reason=later.reason)
        raise


POSTING = Stage("posting", post)


async def _post_review(context: WorkContext[TaskData]) -> Posted:
    result = (await Draft.load(context.artifacts)).result
    ref = (await Facts.load(context.artifacts)).ref
    await check_posting(context, ref)
    key, pull = f"{context.ticket.id}/{context.ticket.attempt}", _name(ref)
    sign, github = context.use(Signer).sign, context.use(GitHubClient)
    before: list[tuple[PostedReview, Mark]] = []
    for review, mark in _find_marked(await github.reviews(ref), sign, pull):
        if mark.key == key:
            return _describe_posted(Since(before), result, mark, review)
        before.append((review, mark))
    since = Since(before)
    if url := since.said(result):
        return since.compare_result(result).model_copy(update={"url": url})
    findings = _summarize_findings(result.findings)
    mark = Mark(pull=pull, head=result.head_sha, key=key, inline=True, findings=findings)
    wanted = _build_payload(since, result, mark, sign)
    try:
        review = await github.post_review(ref, wanted)
    except PermanentFailure:
        # The lines of a pull request that has changed meanwhile may take no comment.
        if not wanted.comments:
            raise
        mark = mark.model_copy(update={"inline": False})
        review = await github.post_review(ref, _build_payload(since, result, mark, sign))
    return _describe_posted(since, result, mark, review)


def _build_payload(since: Since, result: Result, mark: Mark, sign: Sign) -> ReviewPayload:
    told = result.model_copy(update={"posted": since.compare_result(result)})
    limit = payload.MAX_COMMENTS if mark.inline else 0
    return payload.review(told, since.known, limit, mark.text(sign))


def _describe_posted(since: Since, result: Result, mark: Mark, review: PostedReview) -> Posted:
    comments = payload.choose_commented(result, since.known) if mark.inline else []
    return since.compare_result(result).model_copy(
        update={"url": review.html_url, "comments": len(comments)}
    )


def _name(ref: PullRef) -> str:
    return f"{ref.owner}/{ref.repo}#{ref.number}".lower()


def _find_marked(
    reviews: Iterable[PostedReview], sign: Sign, pull: str
) -> Iterator[tuple[PostedReview, Mark]]:
    """The reviews that are ours, whatever others pretend to be; a mark copied from elsewhere names
    another pull request."""
    for review in reviews:
        for data, signature in _MARK.findall(review.body):
            if hmac.compare_digest(sign(data), signature):
                mark = Mark.model_validate_json(zlib.decompress(base64.b64decode(data)))
                if mark.pull == pull:
                    yield review, mark


def _summarize_findings(findings: Sequence[Finding]) -> list[Earlier]:
    return [
        Earlier(
            file=finding.file[-_MAX_NAME:],
            line=finding.start_line,
            title=finding.title[:_MAX_TITLE],
            fingerprint=finding.fingerprint,
        )
        for finding in findings
    ]
