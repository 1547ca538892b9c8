"""Suggestions: only one that applies to the head, and leaves well-formed what was, is made."""

import asyncio
from collections.abc import Sequence

from shared.clients.github.client import GitHubClient
from shared.diffs.changes import FileDiff
from shared.diffs.suggestion_checks import SuggestionChecks
from shared.diffs.suggestions import Refusal
from shared.diffs.suggestions import Suggestion as Applied
from shared.diffs.syntax import is_known
from shared.errors import StepError
from shared.models import Side
from shared.tasks.base import Context
from shared.tasks.pr_review.artifacts import Candidate, Facts, ReviewBatch
from shared.tasks.pr_review.models import Finding, Suggestion, TaskData

_MAX_FILES_READ = 5
_MAX_CHARACTERS = 10_000


class Suggestions:
    """Those of the findings of one pull request. A whole file is read only where there is a parser
    for it and what the diff shows of it does not parse by itself: each once, and few."""

    def __init__(self, context: Context[TaskData]) -> None:
        self._context = context
        self._texts: dict[str, str | None] = {}

    async def settle_suggestions(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """The findings, each with its suggestion if that holds."""
        numbers = sorted({one.batch for one in candidates if one.proposal})
        batches = await asyncio.gather(
            *(ReviewBatch.load(self._context.artifacts, number) for number in numbers)
        )
        diffs = {
            (number, diff.path): diff
            for number, batch in zip(numbers, batches, strict=True)
            for diff in batch.diffs()
        }
        return [
            candidate.make_finding().model_copy(
                update={"suggestion": await self._suggestion(candidate, diffs)}
            )
            for candidate in candidates
        ]

    async def _suggestion(
        self, candidate: Candidate, diffs: dict[tuple[int, str], FileDiff]
    ) -> Suggestion | None:
        if candidate.proposal is None:
            return None
        diff = diffs[candidate.batch, candidate.file]
        wanted, near = candidate.proposal, candidate.start_line
        check = self._context.use(SuggestionChecks).check
        applied = await check(diff, wanted.existing, wanted.improved, near_line=near)
        is_open = isinstance(applied, Applied) and not applied.judged and is_known(diff.path)
        if is_open or applied is Refusal.UNKNOWN_NAME:
            text = await self._head_text(diff.path)
            if text is None:
                return None
            applied = await check(diff, wanted.existing, wanted.improved, text, near)
        return _make_suggestion(diff, applied) if isinstance(applied, Applied) else None

    async def _head_text(self, path: str) -> str | None:
        """None where the file cannot be had: nothing is suggested for it."""
        if path not in self._texts and len(self._texts) < _MAX_FILES_READ:
            facts = await Facts.load(self._context.artifacts)
            github = self._context.use(GitHubClient)
            try:
                self._texts[path] = await github.file_text(facts.ref, path, facts.head_sha)
            except StepError:
                self._texts[path] = None
        return self._texts.get(path)


def _make_suggestion(diff: FileDiff, applied: Applied) -> Suggestion | None:
    lines = diff.lines(Side.RIGHT, applied.start_line, applied.line)
    improved = "\n".join(applied.lines)
    if len(improved) > _MAX_CHARACTERS:
        return None
    return Suggestion(
        existing="\n".join(line.text for line in lines),
        improved=improved,
        start_line=applied.start_line,
        end_line=applied.line,
        parses=True if applied.judged else None,
    )
