"""A review as GitHub takes it: a body, and comments on lines of the diff."""

from collections.abc import Iterator

from shared.clients.github.models import MAX_BODY, ReviewComment, ReviewPayload
from shared.models import Side
from shared.tasks.pr_review import report
from shared.tasks.pr_review.models import Finding, Result
from shared.text.markdown import cut, fence_code, quiet

MAX_COMMENTS = 40
CUT = "\n… (cut: the whole review is in the result of its ticket)"
_MAX_COMMENT = 30_000


def render_payload(result: Result) -> str:
    """What gets no comment on its lines is told in the body."""
    on_lines = [finding for finding in result.findings if finding.commentable][:MAX_COMMENTS]
    others = [finding for finding in result.findings if finding not in on_lines]
    payload = ReviewPayload(
        commit_id=result.head_sha,
        body=cut(quiet(report.markdown(result, others)), MAX_BODY, CUT),
        comments=[make_comment(finding) for finding in on_lines],
    )
    return payload.model_dump_json(exclude_none=True)


def make_comment(finding: Finding, mark: str = "") -> ReviewComment:
    """On the lines of the finding, or on those that its suggestion replaces."""
    start, line, side = finding.start_line, finding.end_line, finding.side
    if finding.suggestion:
        start, line, side = finding.suggestion.start_line, finding.suggestion.end_line, Side.RIGHT
    several = {"start_line": start, "start_side": side} if start < line else {}
    body = cut(quiet("\n".join(_words(finding))), _MAX_COMMENT, CUT)
    return ReviewComment(
        path=finding.file, body=f"{body}\n\n{mark}".strip(), line=line, side=side, **several
    )


def _words(finding: Finding) -> Iterator[str]:
    yield report.render_heading(finding)
    yield ""
    yield from report.body(finding)
    if finding.suggestion:
        yield ""
        # Without a line in it, the block removes lines; an empty line would take their place.
        improved = finding.suggestion.improved
        yield fence_code(improved, "suggestion") if improved else "```suggestion\n```"
