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


_Diffs = dict[tuple[int, str], FileDiff]
_Checked = Applied | Refusal | None
"""None where nothing is proposed, or a file that is needed cannot be had."""


class Suggestions:
    """Those of the findings of one pull request. A whole file is read only where there is a parser
    for it and what the diff shows of it does not parse by itself: each once, and few."""

    def __init__(self, context: Context[TaskData]) -> None:
        self._context = context

    async def settle_suggestions(self, candidates: Sequence[Candidate]) -> list[Finding]:
        """The findings, each with its suggestion if that holds. They are judged side by side."""
        diffs = await self._load_diffs(candidates)
        checked = await asyncio.gather(*(self._check(one, diffs) for one in candidates))
        pairs = list(zip(candidates, checked, strict=True))
        paths = dict.fromkeys(one.file for one, made in pairs if _needs_file(one, made))
        texts = await self._read_heads(list(paths)[:_MAX_FILES_READ])

        async def settle(one: Candidate, made: _Checked) -> Finding:
            if _needs_file(one, made):
                text = texts.get(one.file)
                made = None if text is None else await self._check(one, diffs, text)
            suggestion = None
            if isinstance(made, Applied):
                suggestion = _make_suggestion(diffs[one.batch, one.file], made)
            return one.make_finding().model_copy(update={"suggestion": suggestion})

        return await asyncio.gather(*(settle(*pair) for pair in pairs))

    async def _load_diffs(self, candidates: Sequence[Candidate]) -> _Diffs:
        numbers = sorted({one.batch for one in candidates if one.proposal})
        batches = await asyncio.gather(
            *(ReviewBatch.load(self._context.artifacts, number) for number in numbers)
        )
        return {
            (number, diff.path): diff
            for number, batch in zip(numbers, batches, strict=True)
            for diff in batch.diffs()
        }

    async def _check(self, one: Candidate, diffs: _Diffs, head_text: str | None = None) -> _Checked:
        if (wanted := one.proposal) is None:
            return None
        check = self._context.use(SuggestionChecks).check
        diff = diffs[one.batch, one.file]
        return await check(diff, wanted.existing, wanted.improved, head_text, one.start_line)

    async def _read_heads(self, paths: Sequence[str]) -> dict[str, str | None]:
        """None where a file cannot be had: nothing is suggested for it."""
        if not paths:
            return {}
        facts = await Facts.load(self._context.artifacts)
        github = self._context.use(GitHubClient)

        async def read(path: str) -> str | None:
            try:
                return await github.file_text(facts.ref, path, facts.head_sha)
            except StepError:
                return None

        return dict(zip(paths, await asyncio.gather(*map(read, paths)), strict=True))


def _needs_file(one: Candidate, made: _Checked) -> bool:
    """Whether the diff alone does not tell if a suggestion holds."""
    is_open = isinstance(made, Applied) and not made.judged and is_known(one.file)
    return is_open or made is Refusal.UNKNOWN_NAME


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
