"""What a chat API may answer, sorted into: a complete text, try later, or cannot be done.

Servers talk nonsense in many ways, each of which has a name here; none is taken for an answer.
"""

import re
from typing import Annotated, TypeVar

import httpx2
import openai
from azure.core.exceptions import AzureError
from pydantic import BeforeValidator, ValidationError

from shared.clients.retry_after import retry_after
from shared.errors import ModelFailure, RetryLater, StepError, UnusableAnswer
from shared.models import Model
from shared.telemetry.spans import Service
from shared.text import strict_json

C = TypeVar("C", bound=Model)
_WAITABLE = {408, 409, 425, 429}
_OUT_OF_TOKENS = "max_tokens or model output limit was reached"
_OF_THE_TEXT = ("content_filter", "context_length_exceeded")
"""Codes of refusals that another text may not meet."""


def model_away(reason: str, seconds: float | None = None) -> RetryLater:
    return RetryLater(reason, seconds, Service.MODEL)


class _Cached(Model):
    cached_tokens: Annotated[int, BeforeValidator(lambda count: count or 0)] = 0


class _Usage(Model):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: Annotated[_Cached, BeforeValidator(lambda part: part or {})] = _Cached()


class _Message(Model):
    content: str | None = None
    refusal: str | None = None


class _Delta(Model):
    finish_reason: str | None = None
    delta: _Message = _Message()


class _Choice(Model):
    finish_reason: str | None = None
    message: _Message


class CompletionPart(Model):
    """A piece of a chat completion that is streamed; the last one may have the usage alone."""

    model: str | None = None
    choices: list[_Delta] = []
    usage: _Usage | None = None


class Completion(Model):
    """A chat completion, as far as we read it."""

    model: str | None = None
    choices: list[_Choice] = []
    usage: Annotated[_Usage, BeforeValidator(lambda part: part or {})] = _Usage()

    @property
    def is_ended(self) -> bool:
        return bool(self.choices and self.choices[0].finish_reason)

    def add(self, chunk: CompletionPart) -> str:
        """Take in a piece; the text that it brings."""
        self.model = self.model or chunk.model
        self.usage = chunk.usage or self.usage
        if not chunk.choices:
            return ""
        if not self.choices:
            self.choices = [_Choice(message=_Message(content=""))]
        [choice], piece = self.choices, chunk.choices[0]
        choice.finish_reason = piece.finish_reason or choice.finish_reason
        message, text = choice.message, piece.delta.content or ""
        message.content = (message.content or "") + text
        message.refusal = piece.delta.refusal or message.refusal
        return text

    def check(self) -> None:
        """Raises ModelFailure for one that says nothing at all."""
        if not self.choices:
            raise ModelFailure("The model answered without any choice.")

    def text(self) -> str:
        """The text of a complete answer. Raises PermanentFailure for anything less."""
        self.check()
        choice = self.choices[0]
        if choice.finish_reason == "content_filter":
            raise UnusableAnswer("The model's content filter withheld the answer.")
        if choice.message.refusal:
            raise UnusableAnswer("The model declined this request.")
        if choice.finish_reason == "length":
            raise UnusableAnswer(
                "The model's answer was cut off at the limit of its length "
                "(MODEL_MAX_OUTPUT_TOKENS): ask for less, or raise the limit."
            )
        if choice.finish_reason != "stop":
            raise UnusableAnswer("The model's answer ended early: it has no proper finish_reason.")
        if not choice.message.content:
            raise UnusableAnswer("The model's answer was empty.")
        return choice.message.content


def parse_completion(body: str) -> Completion:
    """The completion in a 200 answer. Raises PermanentFailure for a body that is none."""
    return _parse_body(Completion, body)


def parse_part(data: str) -> CompletionPart:
    """A piece of one. Raises PermanentFailure for what is none."""
    return _parse_body(CompletionPart, data)


def _parse_body(kind: type[C], body: str) -> C:
    try:
        return kind.model_validate(strict_json.loads(body))
    except ValidationError:
        raise ModelFailure(
            "The model's server answered JSON that is no chat completion: check the address "
            "in MODEL_BASE_URL or AZURE_OPENAI_ENDPOINT."
        ) from None
    except ValueError:
        found = "a web page" if body.lstrip()[:1] == "<" else "something that is no JSON"
        raise ModelFailure(
            f"The model's server answered {found} instead of a chat completion: check the address "
            "in MODEL_BASE_URL or AZURE_OPENAI_ENDPOINT."
        ) from None


def may_have_cost(error: openai.OpenAIError | AzureError) -> bool:
    """Whether the server may have worked on a request that came to nothing: it took the request,
    and neither refused nor failed it."""
    never_sent = isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
    return isinstance(error, openai.APIConnectionError) and not never_sent


def is_out_of_tokens(error: openai.OpenAIError | AzureError) -> bool:
    """Whether the model answered, and its thoughts alone took more tokens than were asked for: some
    that think call that a bad request."""
    return isinstance(error, openai.BadRequestError) and _OUT_OF_TOKENS in error.message


def explain_failure(
    error: openai.OpenAIError | AzureError, deployment: str, timeout: float
) -> StepError:
    """A failed request in words for people; without anything that the server wrote. An AzureError
    is one of the app's identity, which does not tell an outage from a refusal."""
    if isinstance(error, AzureError):
        return model_away("The app's identity gets no token for the model at the moment.")
    if not isinstance(error, openai.APIError):
        return ModelFailure(
            f"The model cannot be asked in this way ({type(error).__name__}): check its settings."
        )
    if isinstance(error, openai.APITimeoutError):
        return model_away(f"The model did not answer within {timeout:g} seconds.")
    if not isinstance(error, openai.APIStatusError):
        return model_away("The model cannot be reached, or broke off its answer.")
    status = error.status_code
    seconds = retry_after(error.response.headers)
    if status == 429:
        return model_away("The model is busy (HTTP 429).", seconds)
    if status >= 500 or status in _WAITABLE:
        return model_away(f"The model is out of order (HTTP {status}).", seconds)
    kind = UnusableAnswer if error.code in _OF_THE_TEXT else ModelFailure
    return kind(_refusal(status, error.code, deployment))


def _refusal(status: int, code: str | None, deployment: str) -> str:
    if status in (401, 403):
        return (
            f"The model refused our credentials (HTTP {status}): check AZURE_OPENAI_API_KEY, "
            "or the role of the app's identity."
        )
    if status == 404:
        return (
            f"The model's server knows no deployment {deployment!r} (HTTP 404): check "
            "AZURE_OPENAI_DEPLOYMENT_NAME and the address."
        )
    if code == "content_filter":
        return "The model's content filter refused the text of this ticket."
    if code == "context_length_exceeded":
        return "The text of this ticket is too long for the model."
    named = f", {code}" if code and re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", code) else ""
    return f"The model's server refused the request (HTTP {status}{named})."
