"""Suggestions judged in a process of its own, as a parser may be made to crash or to tire."""

import json
import logging
from collections.abc import Mapping
from typing import Self

from shared.diffs.changes import FileDiff
from shared.diffs.suggestions import Refusal, Suggestion
from shared.sandbox.runner import Limits, run_in_child

LIMITS = Limits(seconds=20, megabytes=512)

log = logging.getLogger(__name__)


class SuggestionChecks:
    """Judges suggestions within these limits."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits

    @classmethod
    def from_environment(cls, _: Mapping[str, str]) -> Self:
        return cls()

    async def check(
        self,
        diff: FileDiff,
        existing: str,
        improved: str,
        head_text: str | None = None,
        near_line: int | None = None,
    ) -> Suggestion | Refusal:
        """As `check_suggestion`; what cannot be judged within the limits breaks the file."""
        asked = {
            "diff": [diff.path, diff.status.value, diff.patch, diff.previous_path],
            "existing": existing,
            "improved": improved,
            "head_text": head_text,
            "near_line": near_line,
        }
        data = json.dumps(asked).encode()
        try:
            returned, output = await run_in_child(
                "shared.diffs.suggestion_worker", "", "", data, self._limits
            )
        except (TimeoutError, ValueError):
            returned, output = -1, b""
        if returned != 0:
            log.warning("the judge of a suggestion ended with %d", returned)
            return Refusal.BREAKS
        made = json.loads(output)
        if isinstance(made, str):
            return Refusal(made)
        return Suggestion(**{**made, "lines": tuple(made["lines"])})
