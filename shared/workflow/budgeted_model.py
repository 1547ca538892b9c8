"""The model, as somebody who asks it only while its ticket has tokens left."""

from typing import TypeVar

from shared.clients.llm.output import AnswerForm
from shared.clients.llm.stream import TextListener
from shared.documents.tokens import estimate
from shared.models import Answer, Call, Question, Record, StoredTicket
from shared.quotas.token_budgets import TokenBudgets
from shared.tasks.language_model import LanguageModel

T = TypeVar("T")


class BudgetedModel:
    """`model`, for one attempt at a ticket."""

    def __init__(self, model: LanguageModel, budgets: TokenBudgets, ticket: StoredTicket) -> None:
        self._model = model
        self._budgets = budgets
        self._ticket = ticket

    @property
    def deployment(self) -> str:
        return self._model.deployment

    async def complete(
        self,
        form: AnswerForm[T],
        question: Question,
        record: Record,
        listener: TextListener | None = None,
    ) -> Answer[T]:
        """Raises StepError."""
        if not await self._budgets.concern(self._ticket):
            return await self._model.complete(form, question, record, listener)
        asked = [question.system, question.user, *question.material.values()]
        reckoned = sum(map(estimate, asked))
        budget = await self._budgets.take(self._ticket, reckoned)

        async def count(call: Call) -> None:
            nonlocal reckoned
            budget.taken += call.prompt_tokens + call.completion_tokens - reckoned
            reckoned = 0
            await record(call)

        try:
            return await self._model.complete(form, question, count, listener)
        finally:
            budget.taken -= reckoned  # Nothing, once a call has been counted.
