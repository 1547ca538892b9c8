"""How long an attempt at a ticket may be made to wait for services outside.

Imported by the orchestrator: nothing here looks at a clock, the environment or the network.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from shared.workflow.messages import AttemptEnd, MustWait, StartInput, Waited, fail_with

_OTHERS = ""
"""The account of services that have none of their own."""


class WaitBudget:
    """How long an attempt may be made to wait: `limits` in seconds by service, `others` for all
    that have none of their own, together; in at most MAX_WAITS pauses.

    A pause is what the other side asked for, and at least `first` seconds, doubled with each pause
    in a row up to LONGEST; and up to JITTER of that longer, so that tickets which an outage stopped
    together do not come back together. By how much is reckoned from `key` and the number of the
    pause: a replay of the workflow gets the same.
    """

    MAX_WAITS = 180
    LONGEST = 120.0
    JITTER = 0.2

    def __init__(
        self, *, first: float, others: float, limits: Mapping[str, float], key: str
    ) -> None:
        self._first = first
        self.limits = limits
        self._seconds = {**limits, _OTHERS: others}
        self._key = key
        self._waits = 0
        self.spent: dict[str, float] = {}
        self.unbooked: list[dict[str, Any]] = []

    def pause(self, row: int, waits: Sequence[MustWait]) -> float | MustWait:
        """Seconds to wait before the try that follows pause number `row` (from 0) in a row; or
        that one of `waits` with which patience is at its end."""
        for account in {self._account(wait) for wait in waits}:
            insisted = (w.get("insisted", 0.0) for w in waits if self._account(w) == account)
            self._spend(account, max(insisted))
        wanted: dict[str, float] = {}
        for wait in waits:
            account, asked = self._account(wait), wait["seconds"] or 0.0
            left = self._seconds[account] - self.spent[account]
            if left <= 0 or asked > left or self._waits >= self.MAX_WAITS:
                return wait
            seconds = min(self._pause(row, asked), left)
            wanted[account] = max(wanted.get(account, 0.0), seconds)
        for account, seconds in wanted.items():
            self._spend(account, seconds)
        self._waits += 1
        return float(max(wanted.values()))

    def _pause(self, row: int, asked: float) -> float:
        own = min(self._first * 2.0**row, self.LONGEST)
        share = crc32(f"{self._key}/{self._waits}".encode()) / 2**32
        return max(own, asked) * (1 + self.JITTER * share)

    def _account(self, wait: MustWait) -> str:
        service = wait.get("service", "")
        return service if service in self.limits else _OTHERS

    def _spend(self, account: str, seconds: float) -> None:
        self.spent[account] = round(self.spent.get(account, 0.0) + seconds, 3)


def budget_of(order: StartInput) -> WaitBudget:
    """That of an attempt which begins."""
    key = f"{order['ticket_id']}-{order['attempt']}"
    limits = order.get("max_waits") or {}
    return WaitBudget(first=order["first_wait"], others=order["most_wait"], limits=limits, key=key)


def put_off(given: list[Any], wait: MustWait, seconds: float, budget: WaitBudget) -> list[Any]:
    """The input of a step that is tried again, which reports how long it had to wait, and books
    what was left."""
    waited = Waited(seconds=seconds, service=wait.get("service", ""))
    left = wait.get("unbooked", [])
    more = {"waited": waited, "spent": {**budget.spent}, "unbooked": left}
    return [{**given[0], **more}, *given[1:]]


def lose_patience(wait: MustWait, budget: WaitBudget) -> AttemptEnd:
    """The ticket has waited for a service as long as it may."""
    service = wait.get("service", "")
    limit = f" ({service.upper()}_MAX_WAIT_SECONDS)" if service in budget.limits else ""
    return fail_with(f"{wait['reason']} It did not get better in time{limit}.", "timeout")
