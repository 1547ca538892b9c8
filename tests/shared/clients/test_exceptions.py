"""Whatever the libraries of our clients raise ends or delays a step, in words for people."""

import azure.core.exceptions as azure
import httpx2
import openai
import pytest

from shared.clients import http
from shared.clients.llm.client import ModelClient
from shared.clients.llm.output import of_schema
from shared.clients.storage_errors import translate_errors
from shared.errors import PermanentFailure, RetryLater, StepError, Unavailable
from shared.models import Call, Question
from shared.models.clock import Clock
from shared.settings.model import ModelSettings
from tests.support.exceptions import blank, exceptions_of

_MODEL = ModelSettings(
    base_url="http://127.0.0.1:9/v1",
    api_key="",
    uses_identity=True,
    deployment="grok-3",
    timeout=5.0,
    max_output_tokens=100,
)
_NOT_OF_CHAT = (
    *("openai.lib.", "openai.auth.", "openai._response", "openai._legacy_response"),
    "openai.InvalidWebhookSignatureError",
)
_NOT_OF_HTTP = "httpx2.websockets"
"""Helpers around the API that we do not use, and wrong uses of the package itself."""
_ANSWERS = {
    *(azure.ResourceExistsError, azure.ResourceNotFoundError),
    *(azure.ResourceModifiedError, azure.ResourceNotModifiedError),
}


async def asked(error: Exception) -> StepError:
    """What becomes of an exception on the way to the model."""

    async def sign_in() -> str:
        raise error

    async def record(call: Call) -> None:
        pass

    with pytest.raises(StepError) as raised:
        await ModelClient(_MODEL, Clock(), sign_in).complete(
            of_schema({"type": "object"}), Question("Judge.", "What is it?", {}), record
        )
    return raised.value


def of_openai(kind: type[Exception]) -> Exception:
    if not issubclass(kind, openai.APIStatusError):
        return blank(kind)
    response = httpx2.Response(
        getattr(kind, "status_code", 500), request=httpx2.Request("POST", _MODEL.base_url)
    )
    error = kind.__new__(kind)
    openai.APIStatusError.__init__(error, "secret", response=response, body=None)
    return error


async def test_every_exception_of_the_model_s_library_ends_or_delays_a_step() -> None:
    kinds = exceptions_of("openai")
    assert {openai.RateLimitError, openai.APIConnectionError} <= set(kinds)
    strangers = [kind for kind in kinds if not issubclass(kind, openai.OpenAIError)]
    names = [f"{kind.__module__}.{kind.__name__}" for kind in strangers]
    assert [name for name in names if not name.startswith(_NOT_OF_CHAT)] == []
    for kind in kinds:
        if issubclass(kind, openai.OpenAIError):
            reason = (await asked(of_openai(kind))).reason
            assert reason.endswith(".")
            assert "secret" not in reason


async def test_an_identity_that_gets_no_token_is_waited_for() -> None:
    for kind in [*exceptions_of("azure.core.exceptions"), *exceptions_of("azure.identity")]:
        if issubclass(kind, azure.AzureError):
            assert isinstance(await asked(blank(kind)), RetryLater), kind


class Raising(httpx2.AsyncBaseTransport):
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise self._error


async def test_every_exception_of_a_request_ends_or_delays_a_step() -> None:
    permanent = {httpx2.InvalidURL, httpx2.UnsupportedProtocol}
    kinds = [
        kind for kind in exceptions_of("httpx2") if not kind.__module__.startswith(_NOT_OF_HTTP)
    ]
    assert {httpx2.ReadError, httpx2.StreamClosed, *permanent} <= set(kinds)
    for kind in kinds:
        async with httpx2.AsyncClient(transport=Raising(blank(kind))) as client:
            request = client.build_request("GET", "http://127.0.0.1:9")
            expected = PermanentFailure if kind in permanent else RetryLater
            with pytest.raises(expected, match=r"^The archive "):
                await http.send(client, request, "The archive", 10, 5.0)


async def test_every_exception_of_storage_is_an_answer_or_an_outage() -> None:
    """An answer is one that our code decides by; a request that cannot be written is our fault."""
    kinds = exceptions_of("azure.core.exceptions")
    assert set(kinds) > _ANSWERS
    for kind in [*kinds, *exceptions_of("azure.identity")]:
        error = blank(kind)

        async def call(error: Exception = error) -> None:
            raise error

        passes = kind in _ANSWERS or kind is azure.SerializationError
        with pytest.raises(kind if passes else Unavailable):
            await translate_errors(call)


@pytest.mark.parametrize("status", [400, 409, 412, 413])
async def test_what_storage_says_of_a_request_stays_as_it_is(status: int) -> None:
    async def call() -> None:
        error = azure.HttpResponseError("no")
        error.status_code = status
        raise error

    with pytest.raises(azure.HttpResponseError):
        await translate_errors(call)


@pytest.mark.parametrize("status", [200, 401, 403, 408, 429, 500, 503])
async def test_what_time_may_mend_is_an_outage(status: int) -> None:
    async def call() -> None:
        error = azure.HttpResponseError("no")
        error.status_code = status
        raise error

    with pytest.raises(Unavailable):
        await translate_errors(call)
