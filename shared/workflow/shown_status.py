"""What the instance of an attempt shows to whoever looks at workflows, in the platform's own pages.

Imported by the orchestrator: nothing here looks at a clock, the environment or the network.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.workflow.messages import RoundFacts, find_percent

_FIELDS: Final = {"stage": "planning", "done": 0, "total": 0, "percent": 0}


class ShownStatus:
    """The progress of the ticket, in its own form, handed to `show` whenever it changes; the
    percentage never goes back, and the last status names the end."""

    def __init__(self, show: Callable[[Mapping[str, Any]], None]) -> None:
        self._show = show
        self._last: dict[str, Any] = _FIELDS

    def tell(self, stage: str, **changes: int) -> None:
        """Show this stage, with what is known of it: `done` of `total`, `percent`."""
        percent = max(self._last["percent"], changes.get("percent", 0))
        self._last = {**self._last, "stage": stage, **changes, "percent": percent}
        self._show(self._last)

    def tell_round(self, facts: RoundFacts, done: int) -> None:
        """Show how many pieces of a round are done."""
        percent = find_percent(facts, done)
        self.tell(facts["stage"], done=done, total=facts["total"], percent=percent)

    def tell_completed(self) -> None:
        """As a ticket is then."""
        self.tell("completed", done=1, total=1, percent=100)
