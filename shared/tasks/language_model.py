"""The model as task types ask it, and as the cache of answers passes it on."""

from typing import Protocol, TypeVar

from shared.clients.llm.output import AnswerForm
from shared.clients.llm.stream import TextListener
from shared.models import Answer, Question, Record

T = TypeVar("T")


class LanguageModel(Protocol):
    """The model client, as far as a task needs it."""

    @property
    def deployment(self) -> str: ...

    async def complete(
        self,
        form: AnswerForm[T],
        question: Question,
        record: Record,
        listener: TextListener | None = None,
    ) -> Answer[T]: ...
