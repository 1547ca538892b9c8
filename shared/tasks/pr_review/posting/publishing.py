"""The stage that tells GitHub. All of it may run again after a kill at any call: what was done is
seen by its marks, and the comment below the pull request, which says how far the last review came,
is written last."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from shared.clients.github.client import GitHubClient
from shared.clients.github.conversation import Conversation
from shared.clients.github.models import MAX_BODY, PostedComment, PullState
from shared.diffs.delta import Delta
from shared.errors import PermanentFailure, RetryLater
from shared.tasks.base import NoItem, Stage, WorkContext
from shared.tasks.pr_review import report
from shared.tasks.pr_review.artifacts import Draft, Facts
from shared.tasks.pr_review.models import Finding, Posted, Result, TaskData
from shared.tasks.pr_review.payload import CUT, MAX_COMMENTS
from shared.tasks.pr_review.posting.before import Before
from shared.tasks.pr_review.posting.first_marks import find_known
from shared.tasks.pr_review.posting.identity import pair_findings
from shared.tasks.pr_review.posting.last_review import (
    LastReview,
    ToldFinding,
    find_last_reviews,
    name_pull,
)
from shared.tasks.pr_review.posting.line_comments import LineComments
from shared.tasks.pr_review.posting.marks import Sign
from shared.tasks.pr_review.posting.threads import close_threads
from shared.tasks.pr_review.reading.rights import check_posting
from shared.tasks.signer import Signer
from shared.telemetry.spans import Service
from shared.text.markdown import cut, quiet


async def post(context: WorkContext[TaskData], _: NoItem) -> Posted:
    """Raises RetryLater, after which something may be there, while the ticket may wait for GitHub:
    what was found is not lost because it cannot be posted."""
    try:
        return await _publish(context)
    except PermanentFailure as error:
        return Posted(reason=error.reason)
    except RetryLater as later:
        left = context.waits_left[Service.GITHUB]
        if left <= 0 or (later.seconds or 0.0) > left:
            return Posted(reason=later.reason)
        raise


POSTING = Stage("posting", post)


@dataclass(frozen=True, slots=True)
class _Course:
    """Findings by their id: all that there are now, the new ones among them, and those of the last
    review that are gone, or of whose file not all was read."""

    present: dict[str, Finding]
    new: dict[str, Finding]
    gone: list[ToldFinding]
    unseen: list[ToldFinding]


async def _publish(context: WorkContext[TaskData]) -> Posted:
    result = (await Draft.load(context.artifacts)).result
    facts = await Facts.load(context.artifacts)
    await check_posting(context, facts.ref)
    github, sign = context.use(GitHubClient), context.use(Signer).sign
    pull, key = name_pull(facts.ref), f"{context.ticket.id}/{context.ticket.attempt}"
    conversation = Conversation(github, facts.ref)
    said = find_last_reviews(await conversation.comments(), sign, pull)
    for comment, review in said:
        if review.key == key:
            return _describe(review, comment)
    now = await github.pull(facts.ref)
    if now.state is PullState.CLOSED:
        raise PermanentFailure("The pull request is closed.")
    last = said[0][1] if said else None
    known = set() if last else find_known(await github.reviews(facts.ref), sign, pull)
    course = _compare(last, await _find_delta(context, last), result, key)
    to_tell = {name: one for name, one in course.new.items() if one.fingerprint not in known}
    on_lines = [name for name, one in to_tell.items() if one.commentable][:MAX_COMMENTS]
    has_comments = bool(on_lines or (last and last.findings))
    comments = LineComments(pull, sign, await conversation.line_comments() if has_comments else [])
    wanted = {name: to_tell[name] for name in on_lines}
    commented = await comments.post_findings(github, facts.ref, result.head_sha, wanted)
    await close_threads(conversation, comments, [one.id for one in course.gone], result.head_sha)
    review = _remember(last, facts, result, course, key).model_copy(
        update={
            "pull": pull,
            "comments": len(commented),
            "head_now": now.head.sha if now.head.sha != result.head_sha else None,
        }
    )
    quietly = commented | {name for name in course.present if name in comments.first}
    quietly |= {name for name, one in course.present.items() if one.fingerprint in known}
    others = [one for name, one in course.present.items() if name not in quietly]
    body = _summarize(result, review, others, sign)
    return _describe(review, await _write_summary(conversation, said, body))


async def _find_delta(context: WorkContext[TaskData], last: LastReview | None) -> Delta | None:
    """What changed since the last review, if that is still the one that the plan knew."""
    before = await Before.find(context.artifacts)
    if before is None or last is None or before.last.key != last.key:
        return None
    return before.delta


def _compare(last: LastReview | None, delta: Delta | None, result: Result, key: str) -> _Course:
    told = last.findings if last else []
    pairs = pair_findings(told, result.findings, delta)
    course = _Course({}, {}, [], [])
    for index, finding in enumerate(result.findings):
        old = pairs.get(index)
        name = old.id if old else _make_id(key, index, finding)
        course.present[name] = finding
        if old is None:
            course.new[name] = finding
    seen = result.coverage
    missing = set() if seen.complete else {left.path for left in (*seen.partial, *seen.skipped)}
    for one in told:
        if one.id not in course.present:
            path = delta.find_path(one.file) if delta else one.file
            (course.unseen if path in missing else course.gone).append(one)
    return course


def _make_id(key: str, index: int, finding: Finding) -> str:
    """The same when the step runs again."""
    return sha256(f"{key} {index} {finding.fingerprint}".encode()).hexdigest()[:16]


def _remember(
    last: LastReview | None, facts: Facts, result: Result, course: _Course, key: str
) -> LastReview:
    """What the next review is to know of this one."""
    seen = result.coverage
    untold = seen.findings_unplaced + seen.findings_left_out
    present = [ToldFinding.of(finding, name) for name, finding in course.present.items()]
    counted = report.describe_counts(result.findings, seen)
    still = [one for one in present if one.id not in course.new]
    return LastReview(
        pull="",
        base=facts.base,
        base_sha=facts.base_sha,
        head=result.head_sha,
        request=facts.request,
        run=last.run + 1 if last else 1,
        key=key,
        whole=seen.complete and not untold and not course.unseen,
        summary=facts.summary or ("" if result.summary == counted else result.summary),
        findings=[*present, *course.unseen],
        still_open=[one.name() for one in (*still, *course.unseen)],
        gone=[one.name() for one in course.gone],
    )


def _summarize(result: Result, review: LastReview, others: Sequence[Finding], sign: Sign) -> str:
    """The comment below the pull request; what has a comment of its own is not told in full."""
    mark = review.make_mark(sign)
    told = result.model_copy(update={"posted": _describe(review, None)})
    text = quiet(report.summarize_review(told, others))
    return f"{cut(text, MAX_BODY - len(mark) - 2, CUT).rstrip()}\n\n{mark}"


async def _write_summary(
    conversation: Conversation, said: Sequence[tuple[PostedComment, LastReview]], body: str
) -> PostedComment:
    """In place of the one that is there: the oldest that we may change."""
    for comment in sorted((comment for comment, _ in said), key=lambda one: one.id):
        try:
            return await conversation.say_again(comment.id, body)
        except PermanentFailure:  # A copy that somebody else made.
            continue
    return await conversation.say(body)


def _describe(review: LastReview, comment: PostedComment | None) -> Posted:
    return Posted(
        url=comment.html_url if comment else None,
        comments=review.comments,
        still_open=review.still_open,
        gone=review.gone,
        head_now=review.head_now,
    )
