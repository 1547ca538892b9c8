"""What GitHub may answer, sorted into: what was asked for, try later, or cannot be done."""

import re
import time
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.clients.http import Received
from shared.clients.retry_after import retry_after
from shared.errors import RetryLater, ServiceFailure, StepError
from shared.telemetry.spans import Service
from shared.text import strict_json

T = TypeVar("T")


def github_away(reason: str, seconds: float | None = None) -> RetryLater:
    return RetryLater(reason, seconds, Service.GITHUB)


# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
_LIMITED = (403, 429)
_LEAST_PAUSE = 60.0
_LIMIT_WINDOW = 3600.0
_READ_OF_A_REFUSAL = 10_000

_WAITABLE = (408, 425)
_NO_ACCESS = (403, 404, 410, 451)
_NOT_ALLOWED = (
    "GitHub does not allow this (HTTP 403): the token in GITHUB_TOKEN has no access to the "
    "repository"
)


class NoAccess(ServiceFailure):
    """What was asked for is not there, or not for us; which of them may be told of it."""


class Unprocessable(ServiceFailure):
    """What was to be written does not fit what is there (HTTP 422)."""


def parse_answer(form: TypeAdapter[T], body: bytes) -> T:
    """The answer in a successful body. Raises PermanentFailure for a body of another form."""
    try:
        return form.validate_python(strict_json.loads(body))
    except ValidationError:
        raise ServiceFailure(
            "GitHub's answer has another form than its API describes: check the address in "
            "GITHUB_API_URL."
        ) from None
    except ValueError:
        kind = "a web page" if body.lstrip()[:1] == b"<" else "something that is no JSON"
        raise ServiceFailure(
            f"GitHub answered {kind}: check the address in GITHUB_API_URL."
        ) from None


def explain_failure(answer: Received, has_token: bool, writing: bool) -> StepError:
    """A failed request in words for people; without anything that the server wrote."""
    status = answer.status
    pause = _pause(answer)
    if pause is not None:
        return github_away(f"GitHub's rate limit is used up (HTTP {status}).", pause)
    if status >= 500 or status in _WAITABLE:
        return github_away(f"GitHub is out of order (HTTP {status}).", retry_after(answer.headers))
    if status == 422 and writing:
        return Unprocessable(_refusal(status, has_token, writing))
    kind = NoAccess if status in _NO_ACCESS else ServiceFailure
    return kind(_refusal(status, has_token, writing))


def no_such_pull(has_token: bool) -> ServiceFailure:
    """As of a pull request that is not there."""
    return NoAccess(_refusal(404, has_token, writing=False))


def _pause(answer: Received) -> float | None:
    """Seconds until a rate limit ends; None when there is none."""
    if answer.status not in _LIMITED:
        return None
    asked = retry_after(answer.headers)
    if asked is not None:
        return asked
    if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
        return _until(answer.headers.get("x-ratelimit-reset", ""))
    words = (answer.body or b"")[:_READ_OF_A_REFUSAL].lower()
    return _LEAST_PAUSE if answer.status == 429 or b"rate limit" in words else None


def _until(reset: str) -> float:
    """Seconds until a Unix time, and a second for the difference between clocks."""
    if not re.fullmatch(r"\d{1,12}", reset.strip()):
        return _LEAST_PAUSE
    return min(max(int(reset) - time.time(), 0.0) + 1.0, _LIMIT_WINDOW)


def _refusal(status: int, has_token: bool, writing: bool) -> str:
    if status == 401:
        if has_token:
            return "GitHub refused our token (HTTP 401): check GITHUB_TOKEN."
        return "GitHub wants a token for this (HTTP 401): set GITHUB_TOKEN."
    if status == 403:
        return f"{_NOT_ALLOWED}, or may not write reviews." if writing else f"{_NOT_ALLOWED}."
    if status == 404:
        cure = "the token in GITHUB_TOKEN may not see it" if has_token else "GITHUB_TOKEN is needed"
        return f"There is no such pull request, or it is private and {cure} (HTTP 404)."
    if status in (410, 451):
        return f"The pull request or its repository is no longer available (HTTP {status})."
    if status == 422 and writing:
        return (
            "GitHub refused the review (HTTP 422): a comment is not on a line of the diff, or the "
            "pull request has changed."
        )
    return f"GitHub refused the request (HTTP {status})."
