"""The language model, over the OpenAI chat API. Nothing else speaks to it.

No call is retried here: what is worth another try is raised as RetryLater, so that the workflow
waits and no worker does; what is not is raised as PermanentFailure with a reason for people.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx2
import openai
from azure.core.exceptions import AzureError
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from shared.clients.http import CONNECT_SECONDS, read_certificates
from shared.clients.llm import responses
from shared.clients.llm.output import AnswerForm
from shared.clients.llm.responses import Completion, model_away
from shared.clients.llm.stream import TextListener, assemble
from shared.errors import (
    BadSchema,
    PermanentFailure,
    RetryLater,
    SchemaMismatch,
    UnusableAnswer,
)
from shared.models import Answer, Call, Question, Record, message
from shared.models.clock import Clock
from shared.settings.model import ModelSettings
from shared.telemetry.metrics import record as measure
from shared.telemetry.names import Attribute, Metric, SpanName
from shared.telemetry.spans import OutsideCall, Service, outside_call

log = logging.getLogger(__name__)

T = TypeVar("T")
REACH_SECONDS = 15.0
"""One that is loaded when it is first asked takes a while."""

_REPAIR = """\
That answer does not fit: {fault}. Answer again: the whole answer, only JSON, as asked for."""


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """When the model last answered a ticket, by the monotonic clock, and how long that took."""

    at: float
    seconds: float


class ModelClient:
    """Asks one deployment. `sign_in` gives a token where the settings want the app's identity."""

    def __init__(
        self,
        settings: ModelSettings,
        clock: Clock,
        sign_in: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._clock = clock
        self.deployment = settings.deployment
        self.last_answer: LastAnswer | None = None
        self._timeout = settings.timeout
        self._max_output_tokens = settings.max_output_tokens
        timeout = httpx2.Timeout(settings.timeout, connect=min(CONNECT_SECONDS, settings.timeout))
        self._client = AsyncOpenAI(
            base_url=settings.base_url,
            api_key=sign_in or settings.api_key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=DefaultAsyncHttpxClient(timeout=timeout, verify=read_certificates()),
        )

    async def complete(
        self,
        form: AnswerForm[T],
        question: Question,
        record: Record,
        listener: TextListener | None = None,
    ) -> Answer[T]:
        """The model's answer in this form, asked for again once if it does not fit; a `listener`
        hears it as it comes.

        Every call goes to `record`, also one whose answer is of no use. Raises StepError.
        """
        messages = question.messages()
        ask = partial(self._ask, form, record, listener)
        text, model = await ask(messages)
        try:
            return Answer(await _read(form, text), model)
        except SchemaMismatch as fault:
            log.warning("The model's answer did not fit and is asked for again")
            repair = message("user", _REPAIR.format(fault=fault))
        text, model = await ask([*messages, message("assistant", text), repair])
        try:
            return Answer(await _read(form, text), model)
        except SchemaMismatch as fault:
            raise UnusableAnswer(
                f"The model answered twice in a form that was not asked for: {fault}."
            ) from None

    async def reach(self) -> None:
        """One call of one token, for no ticket. Raises StepError unless the model answers."""
        wanted: dict[str, Any] = {
            "model": self.deployment,
            "messages": [message("user", "Say OK.")],
            "max_completion_tokens": 1,
        }
        try:
            with self._observe_call() as outside:
                completions = self._client.with_options(timeout=REACH_SECONDS).chat.completions
                response = await completions.with_raw_response.create(**wanted)
                outside.note_answer(200)
        except (openai.OpenAIError, AzureError) as error:
            if not responses.is_out_of_tokens(error):
                raise responses.explain_failure(error, self.deployment, REACH_SECONDS) from None
        else:
            responses.parse_completion(str(response.text)).check()

    async def _ask(
        self,
        form: AnswerForm[Any],
        record: Record,
        listener: TextListener | None,
        messages: list[dict[str, str]],
    ) -> tuple[str, str]:
        """One request; text and model name of a complete answer."""
        begun = self._clock.monotonic()
        call = Call(id=secrets.token_hex(8), started_at=self._clock.now())

        async def note(completion: Completion | None = None) -> None:
            await record(_end_call(call, self._clock.monotonic() - begun, completion))

        try:
            with self._observe_call() as outside:
                async with asyncio.timeout(self._timeout):
                    completion = await self._post(form, messages, listener)
                outside.note_answer(200)
        except TimeoutError:
            await note()
            raise model_away(
                f"The model did not answer within {self._timeout:g} seconds."
            ) from None
        except (openai.OpenAIError, AzureError) as error:
            if responses.may_have_cost(error):
                await note()
            raise responses.explain_failure(error, self.deployment, self._timeout) from None
        except (PermanentFailure, RetryLater):
            await note()
            raise
        except httpx2.HTTPError:  # In the middle of an answer that comes in pieces.
            await note()
            raise model_away("The model cannot be reached, or broke off its answer.") from None
        await note(completion)
        ended = self._clock.monotonic()
        self.last_answer = LastAnswer(at=ended, seconds=ended - begun)
        return completion.text(), completion.model or self.deployment

    @contextmanager
    def _observe_call(self) -> Iterator[OutsideCall]:
        facts = {Attribute.MODEL.value: self.deployment}
        host = self._client.base_url.host
        with outside_call(Service.MODEL, "POST", host, SpanName.MODEL_CALL, facts) as call:
            try:
                yield call
            except openai.APIStatusError as error:
                call.note_answer(error.status_code)
                if isinstance(error, openai.RateLimitError):
                    measure(Metric.THROTTLED, 1, {Attribute.MODEL: self.deployment})
                raise

    async def _post(
        self,
        form: AnswerForm[Any],
        messages: list[dict[str, str]],
        listener: TextListener | None,
    ) -> Completion:
        wanted: dict[str, Any] = {
            "model": self.deployment,
            "messages": messages,
            "response_format": form.response_format(),
            "max_completion_tokens": self._max_output_tokens,
        }
        if listener is None:
            # By its path: what `create` makes of a request takes as long as all the rest.
            path, answer = "/chat/completions", httpx2.Response
            response = await self._client.post(path, cast_to=answer, body=wanted)
            return responses.parse_completion(response.text)
        completions: Any = self._client.chat.completions
        wanted |= {"stream": True, "stream_options": {"include_usage": True}}
        async with completions.with_streaming_response.create(**wanted) as response:
            if "text/event-stream" in response.headers.get("content-type", ""):
                return await assemble(response.iter_lines(), listener)
            return responses.parse_completion(await response.text())


async def _read(form: AnswerForm[T], text: str) -> T:
    """Raises SchemaMismatch, and PermanentFailure for a form that no answer can be checked
    against."""
    try:
        return await form.read(text)
    except BadSchema as error:
        raise PermanentFailure(f"The output_schema cannot be applied: {error}.") from None


def _end_call(call: Call, seconds: float, completion: Completion | None) -> Call:
    """What is known of a call at its end; without a completion it has cost nobody knows what."""
    facts: dict[str, Any] = {"seconds": round(seconds, 3)}
    if completion is not None:
        usage = completion.usage
        facts |= {
            "model": completion.model,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached": usage.prompt_tokens_details.cached_tokens,
        }
    return call.model_copy(update=facts)
