"""Suggestions: only one that applies to the head, and leaves well-formed what was, is made."""

from shared.diffs.changes import FileDiff
from shared.diffs.suggestions import Refusal, check_suggestion
from shared.diffs.suggestions import Suggestion as Applied
from shared.diffs.syntax import parses
from shared.errors import CannotBeDone
from shared.models import Side
from shared.tasks import base
from shared.tasks.pr_review import planning
from shared.tasks.pr_review.models import Candidate, Finding, Suggestion


async def settled(context: base.Context, candidate: Candidate) -> Finding:
    """The finding, with its suggestion if that holds. The whole file is read only where a parser
    for it is at hand and what the diff shows of it does not parse by itself."""
    finding, proposal = candidate.finding(), candidate.proposal
    if proposal is None:
        return finding
    diffs = await planning.batch(context, candidate.batch)
    diff = next(diff for diff in diffs if diff.path == candidate.file)
    wanted, near = (proposal.existing, proposal.improved), candidate.start_line
    checked = check_suggestion(diff, *wanted, near_line=near)
    if isinstance(checked, Applied) and not checked.judged and _has_parser(diff.path):
        text = await _head_text(context, diff.path)
        checked = check_suggestion(diff, *wanted, head_text=text, near_line=near)
    if isinstance(checked, Refusal):
        return finding
    return finding.model_copy(update={"suggestion": _suggestion(diff, checked)})


def _has_parser(path: str) -> bool:
    return parses(path, "") is not None


async def _head_text(context: base.Context, path: str) -> str | None:
    """None where the file cannot be had: its suggestion is then judged by the diff alone."""
    facts = await planning.facts(context)
    try:
        return await context.tools.github.file_text(facts.ref, path, facts.head_sha)
    except CannotBeDone:
        return None


def _suggestion(diff: FileDiff, applied: Applied) -> Suggestion:
    lines = diff.lines(Side.RIGHT, applied.start_line, applied.line)
    return Suggestion(
        existing="\n".join(line.text for line in lines),
        improved="\n".join(applied.lines),
        start_line=applied.start_line,
        end_line=applied.line,
        parses=True if applied.judged else None,
    )
