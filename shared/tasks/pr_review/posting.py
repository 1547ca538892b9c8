"""The review on GitHub, posted once. That it is there is said by a signed mark that nobody sees, in
the review itself; the mark also tells a later run what was found."""

import base64
import re
from collections.abc import Callable, Iterable, Sequence

from shared.clients.github_models import PostedReview, PullRef, ReviewPayload
from shared.errors import CannotBeDone
from shared.models import Model
from shared.tasks import base
from shared.tasks.pr_review import concluding, payload, planning, report
from shared.tasks.pr_review.models import Earlier, Finding, Posted, Result

_MARK = re.compile(r"<!-- amida-review:([A-Za-z0-9+/=]+):([0-9a-f]{64}) -->")
_MOST_TOLD = 60
_MOST_TITLE = 100

Sign = Callable[[str], str]


class Mark(Model):
    """What a posted review says of itself: which attempt at which ticket posted it, and what it
    found."""

    key: str
    findings: list[Earlier]

    def text(self, sign: Sign) -> str:
        data = base64.b64encode(self.model_dump_json().encode()).decode()
        return f"<!-- amida-review:{data}:{sign(data)} -->"


async def post(context: base.WorkContext, item: base.Item) -> Posted:
    """Post the review unless it is there. Raises TryLater, after which it may be there."""
    result, facts = await concluding.draft(context), await planning.facts(context)
    key = f"{context.ticket.id}/{context.ticket.attempt}"
    try:
        reviews = await context.tools.github.reviews(facts.ref)
        marked = list(_marked(reviews, context.tools.sign))
        earlier = {one.fingerprint: one for _, mark in marked for one in mark.findings}
        for review, mark in marked:
            if mark.key == key:
                return Posted(url=review.html_url)
        return await _posted(context, facts.ref, key, result, earlier)
    except CannotBeDone as error:
        return Posted(reason=error.reason)


async def _posted(
    context: base.WorkContext,
    ref: PullRef,
    key: str,
    result: Result,
    earlier: dict[str, Earlier],
) -> Posted:
    present = {finding.fingerprint for finding in result.findings}
    posted = Posted(
        still_open=[one for one in earlier.values() if one.fingerprint in present],
        gone=[one for one in earlier.values() if one.fingerprint not in present],
    )
    told = result.model_copy(update={"posted": posted})
    body = report.markdown(told, payload.without_comment(result, earlier))
    mark = Mark(key=key, findings=_remembered(result.findings)).text(context.tools.sign)
    wanted = payload.review(result, body, mark, earlier)
    review = await _send(context, ref, wanted)
    return posted.model_copy(update={"url": review.html_url, "comments": len(wanted.comments)})


async def _send(context: base.WorkContext, ref: PullRef, wanted: ReviewPayload) -> PostedReview:
    """A pull request that has moved on may not take comments on its former lines: then the body
    tells of them alone."""
    github = context.tools.github
    try:
        return await github.post_review(ref, wanted)
    except CannotBeDone:
        if not wanted.comments:
            raise
    return await github.post_review(ref, wanted.model_copy(update={"comments": []}))


def _marked(reviews: Iterable[PostedReview], sign: Sign) -> Iterable[tuple[PostedReview, Mark]]:
    """The reviews that are ours, whatever others pretend to be."""
    for review in reviews:
        for data, signature in _MARK.findall(review.body):
            if sign(data) == signature:
                yield review, Mark.model_validate_json(base64.b64decode(data))


def _remembered(findings: Sequence[Finding]) -> list[Earlier]:
    return [
        Earlier(
            file=finding.file,
            line=finding.start_line,
            title=finding.title[:_MOST_TITLE],
            fingerprint=finding.fingerprint,
        )
        for finding in findings[:_MOST_TOLD]
    ]
