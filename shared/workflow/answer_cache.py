"""Answers of the model that need not be paid for twice: the same question of the same owner.

An answer lies at `answers/{owner}/{hash of deployment, form and question}.json`. The ledger of each
ticket that used it names it, before it is stored, so that deleting a ticket removes what was learnt
from its documents; whoever else would have used it asks again.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from pydantic_core import to_jsonable_python

from shared.clients.blobs import Container
from shared.clients.llm.output import AnswerForm
from shared.clients.llm.stream import TextListener
from shared.errors import SchemaMismatch
from shared.models import Answer, Call, Question, Record
from shared.models.clock import Clock
from shared.storage.outages import insist
from shared.tasks.language_model import LanguageModel
from shared.text import strict_json

T = TypeVar("T")
_PREFIX = "answers/"


class Answers:
    """Remembers the answers of `model` for `days`; 0 remembers nothing."""

    def __init__(
        self, container: Container, model: LanguageModel, days: int, *, clock: Clock
    ) -> None:
        self._container = container
        self._model = model
        self._days = days
        self._clock = clock

    @property
    def is_on(self) -> bool:
        return self._days > 0

    def of(self, owner: str, model: LanguageModel | None = None) -> LanguageModel:
        """The model, or `model` in its place, as somebody who remembers for this owner what it
        said."""
        asked = model or self._model
        if not self.is_on:
            return asked
        return _Remembering(self._container, asked, owner, clock=self._clock)

    async def forget(self, names: Iterable[str]) -> None:
        """Doing it again does no harm."""
        for name in names:
            await self._container.delete(name)

    async def expire(self) -> int:
        """Forget what is too old; how many answers that were."""
        before = self._clock.now() - timedelta(days=self._days)
        listed = await self._container.list_blobs(_PREFIX)
        late = [name for name, written in listed if written < before]
        await self.forget(late)
        return len(late)


class _Remembering:
    def __init__(
        self, container: Container, model: LanguageModel, owner: str, *, clock: Clock
    ) -> None:
        self._container = container
        self._model = model
        self._owner = owner
        self._clock = clock

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
        name = f"{_PREFIX}{self._owner}/{self._key(form, question)}.json"
        known = await self._find_known(form, name)
        if known is not None:
            call = Call(
                id=secrets.token_hex(8),
                model=known.model,
                answer=name,
                reused=True,
                started_at=self._clock.now(),
                seconds=0,
            )
            await record(call)
            return known

        async def note(call: Call) -> None:
            await record(call.model_copy(update={"answer": name}))

        answer = await self._model.complete(form, question, note, listener)
        value = to_jsonable_python(answer.value)
        kept = {"model": answer.model, "value": value}
        await insist(lambda: self._container.write_json(name, kept), self._clock)
        return answer

    async def _find_known(self, form: AnswerForm[T], name: str) -> Answer[T] | None:
        stored = await self._container.read_json(name)
        if stored is None:
            return None
        try:
            return Answer(await form.check(stored["value"]), stored["model"])
        except SchemaMismatch:  # What is asked of an answer has become stricter.
            return None

    def _key(self, form: AnswerForm[T], question: Question) -> str:
        asked = [question.system, question.user, dict(question.material)]
        content = [self.deployment, form.name, form.schema, *asked]
        return sha256(strict_json.dumps(content)).hexdigest()
