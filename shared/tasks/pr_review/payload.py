"""A review as GitHub takes it: a body, and comments on lines of the diff."""

import re
from collections.abc import Collection

from shared.clients.github_models import MOST_BODY, ReviewComment, ReviewPayload
from shared.markdown import fenced, inert, plain
from shared.models import Side
from shared.tasks.pr_review.models import Finding, Result

MOST_COMMENTS = 40
_CUT = "\n\n… (cut: the whole review is in the result of its ticket)"
_MENTION = re.compile(r"@(?=[A-Za-z0-9])")


def review(result: Result, body: str, mark: str = "", known: Collection[str] = ()) -> ReviewPayload:
    """`mark` is put at the end of the body; what is `known`, by fingerprint, gets no comment."""
    comments = [
        _comment(finding)
        for finding in result.findings
        if finding.commentable and finding.fingerprint not in known
    ]
    room = MOST_BODY - len(mark) - 2
    text = quiet(body)
    text = text if len(text) <= room else text[: room - len(_CUT)] + _CUT
    return ReviewPayload(
        commit_id=result.head_sha,
        body=f"{text}\n\n{mark}".strip(),
        comments=comments[:MOST_COMMENTS],
    )


def without_comment(result: Result, known: Collection[str] = ()) -> list[Finding]:
    """The findings that only the body tells."""
    able = [one for one in result.findings if one.commentable and one.fingerprint not in known]
    told = {one.fingerprint for one in able[:MOST_COMMENTS]}
    return [one for one in result.findings if one.fingerprint not in told | set(known)]


def quiet(text: str) -> str:
    """Text that calls nobody: a mention is broken by a space that is not seen."""
    return _MENTION.sub("@\u200b", text)


def _comment(finding: Finding) -> ReviewComment:
    """On the lines of the finding, or on those that its suggestion replaces."""
    start, line, side = finding.start_line, finding.end_line, Side(finding.side.value)
    words = [f"**{finding.severity.value} {finding.category.value}**: {plain(finding.title)}", ""]
    words.append(inert(finding.body))
    if finding.suggestion:
        start, line, side = finding.suggestion.start_line, finding.suggestion.end_line, Side.RIGHT
        words += ["", fenced(finding.suggestion.improved, "suggestion")]
    body = quiet("\n".join(words))
    whole = {"start_line": start, "start_side": side} if start < line else {}
    return ReviewComment(path=finding.file, body=body[:MOST_BODY], line=line, side=side, **whole)
