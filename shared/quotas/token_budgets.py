"""How many tokens the calls of the model in this process may still use, by attempt.

An attempt is granted tokens in blocks, by storage; what its calls take from a block is kept here.
The tokens of a question are estimated and taken before it is asked, those of its answer are known
afterwards: the calls under way when a limit is reached may pass it by their answers.
"""

from collections import OrderedDict
from dataclasses import dataclass

from shared.models import StoredTicket
from shared.quotas.service import Quotas
from shared.storage.locks import Locks

_REMEMBERED = 1_000


@dataclass(slots=True)
class TokenBudget:
    """Of one attempt in this process: what was granted, what its calls have taken."""

    granted: int = 0
    taken: int = 0


class TokenBudgets:
    """What a process that ends had left over is given back with the end of the attempt."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._budgets: OrderedDict[str, TokenBudget] = OrderedDict()
        self._locks = Locks()

    async def concern(self, ticket: StoredTicket) -> bool:
        """Whether the tokens of a ticket's attempt are limited."""
        return await self._quotas.needs_budget(ticket)

    async def take(self, ticket: StoredTicket, tokens: int) -> TokenBudget:
        """Take the tokens of a question; the budget in which to count its answer. Raises
        PermanentFailure, and NotFound once the attempt has ended."""
        key = f"{ticket.id}_{ticket.attempt}"
        budget = self._budgets.setdefault(key, TokenBudget())
        self._budgets.move_to_end(key)
        if len(self._budgets) > _REMEMBERED:
            self._budgets.popitem(last=False)
        async with self._locks.of(key):
            need = budget.taken + tokens - budget.granted
            if need > 0:
                budget.granted += await self._quotas.grant_tokens(ticket, need)
            budget.taken += tokens
        return budget
