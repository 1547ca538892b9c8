"""A review as GitHub takes it: a body, and comments on lines of the diff."""

from collections.abc import Collection, Iterator

from shared.clients.github.models import MAX_BODY, ReviewComment, ReviewPayload
from shared.models import Side
from shared.tasks.pr_review import report
from shared.tasks.pr_review.models import Finding, Result
from shared.text.markdown import cut, fence_code, quiet

MAX_COMMENTS = 40
_CUT = "\n… (cut: the whole review is in the result of its ticket)"


def render_payload(result: Result) -> str:
    return review(result).model_dump_json(exclude_none=True)


def review(
    result: Result, known: Collection[str] = (), most_comments: int = MAX_COMMENTS, mark: str = ""
) -> ReviewPayload:
    """What is `known`, by fingerprint, is not told again; what gets no comment is in the body,
    which ends with `mark`."""
    lines = choose_commented(result, known)[:most_comments]
    told = {*known, *(finding.fingerprint for finding in lines)}
    others = [finding for finding in result.findings if finding.fingerprint not in told]
    body = cut(quiet(report.markdown(result, others)), MAX_BODY - len(mark) - 2, _CUT)
    return ReviewPayload(
        commit_id=result.head_sha,
        body=f"{body}\n\n{mark}".strip(),
        comments=[_comment(finding) for finding in lines],
    )


def choose_commented(result: Result, known: Collection[str]) -> list[Finding]:
    """The findings that get a comment on their lines."""
    news = (finding for finding in result.findings if finding.fingerprint not in known)
    return [finding for finding in news if finding.commentable][:MAX_COMMENTS]


def _comment(finding: Finding) -> ReviewComment:
    """On the lines of the finding, or on those that its suggestion replaces."""
    start, line, side = finding.start_line, finding.end_line, finding.side
    if finding.suggestion:
        start, line, side = finding.suggestion.start_line, finding.suggestion.end_line, Side.RIGHT
    several = {"start_line": start, "start_side": side} if start < line else {}
    body = quiet("\n".join(_words(finding)))
    return ReviewComment(path=finding.file, body=body, line=line, side=side, **several)


def _words(finding: Finding) -> Iterator[str]:
    yield report.render_heading(finding)
    yield ""
    yield from report.body(finding)
    if finding.suggestion:
        yield ""
        # Without a line in it, the block removes lines; an empty line would take their place.
        improved = finding.suggestion.improved
        yield fence_code(improved, "suggestion") if improved else "```suggestion\n```"
