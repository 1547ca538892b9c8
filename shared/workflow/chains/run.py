"""A chain under way: what it is about, and what of it is kept for whoever must go on with it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.models import StoredTicket
from shared.models.clock import Clock
from shared.storage.outages import insist
from shared.tasks.base import TaskType
from shared.tickets.attempts import Attempt
from shared.workflow.chains.artifacts import ChainArtifacts
from shared.workflow.messages import AttemptRef, RoundBegins

_HANDED = "handed"
"""What is kept with a round beside it; what older versions kept is the round alone."""


@dataclass(slots=True, kw_only=True)
class ChainRun:
    """A chain at an attempt, which began with a `step`. `is_whole` if nothing of the attempt was
    done before it."""

    ref: AttemptRef
    step: str
    ticket: StoredTicket
    task_type: TaskType[Any, Any]
    attempt: Attempt
    artifacts: ChainArtifacts
    is_whole: bool
    began: float
    read_at: float = 0.0

    async def keep_round(self, begins: RoundBegins, clock: Clock) -> None:
        """Keep a round before it is done, and what is handed on to it: what made it may not run
        again after that."""
        reached = {**begins, _HANDED: self.artifacts.list_handed()}
        await insist(partial(self.attempt.store_chain, self.step, reached), clock)

    async def find_round(self) -> RoundBegins | None:
        """The round that a chain from this step had reached, with what was handed on to it; None
        where it came to none."""
        reached = await self.attempt.load_chain(self.step)
        if reached is None:
            return None
        self.artifacts.restore(reached.pop(_HANDED, {}))
        found: RoundBegins = reached
        return found
