"""Everything that can go wrong and that somebody is meant to handle.

AmidaError
├── SettingsError                the app does not start; the message names the setting
├── Problem                      becomes an HTTP answer (RFC 9457): status, title, detail
│   ├── Malformed                400  not readable as JSON, a form, a cursor …
│   ├── Unauthenticated          401  no token, or one that does not count (any more)
│   ├── Forbidden                403  may see it, may not do this
│   ├── NotFound                 404  absent, or not the caller's: the same body
│   ├── Conflict                 409  the present state does not allow it
│   ├── NoSuchFormat             406  a form of a result that there is not; names those that are
│   ├── LengthRequired           411  a body whose length is not said, which the platform drops
│   ├── PreconditionFailed       412  the If-Match header names another version
│   ├── TooLarge                 413  over a documented limit
│   ├── UnsupportedMediaType     415  a media type this endpoint does not read
│   ├── NoSuchRange              416  a part of a file that it has not
│   ├── Invalid                  422  readable, but does not validate; lists where
│   ├── TooMany                  429  too many failures, or QuotaExceeded; says when to try again
│   ├── FormatFailed             501  a form of this result that its task type fails to make
│   └── Unavailable              503  storage is away; says when to try again
├── StepError                    ends or delays one step of a ticket; the reason is for people
│   ├── RetryLater               the other side is busy, slow or away: wait, then again
│   └── PermanentFailure         permanent: the ticket fails with this reason
│       ├── ModelFailure         because of the model
│       │   └── UnusableAnswer   to this very text: less of it, or another, may be answered
│       └── ServiceFailure       because of another service
│       └── QueryFailed          a warehouse could not run a query; what it said of it
├── Unreadable                   a document that cannot be read: what is wrong, and what to do
├── QueryRefused                 SQL that the guard lets nobody run: why, and what to do
├── BrokenDigests                a digest of the audit trail is missing, or is not the app's
├── WriteConflict                somebody else wrote first: read again, decide again
├── BadSchema                    a user's JSON Schema that cannot be used, and why
└── SchemaMismatch               a value does not fit a schema: where and why, never the value

No message carries a secret, a prompt or the text of a document.
"""
# ruff: noqa: N818 - the names say what happened; the tree says that they are errors.

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar


class AmidaError(Exception):
    """Root of the tree above."""


class SettingsError(AmidaError):
    """A setting is missing or bad; the text says which one and what to put there."""


class Problem(AmidaError):
    """An HTTP answer; `detail` is a sentence that the caller can act on."""

    status: ClassVar[HTTPStatus]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def headers(self) -> dict[str, str]:
        return {}

    def body(self, instance: str) -> dict[str, Any]:
        """The problem+json members; `instance` is the path that was asked for."""
        about = {"type": "about:blank", "title": self.status.phrase, "status": int(self.status)}
        return about | {"detail": self.detail, "instance": instance}


class Malformed(Problem):
    status = HTTPStatus.BAD_REQUEST


class Unauthenticated(Problem):
    status = HTTPStatus.UNAUTHORIZED

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    status = HTTPStatus.CONFLICT


class NoSuchFormat(Problem):
    status = HTTPStatus.NOT_ACCEPTABLE


class LengthRequired(Problem):
    status = HTTPStatus.LENGTH_REQUIRED


class PreconditionFailed(Problem):
    status = HTTPStatus.PRECONDITION_FAILED


class TooLarge(Problem):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(Problem):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class NoSuchRange(Problem):
    """`size` is that of the file, in bytes."""

    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE

    def __init__(self, detail: str, size: int) -> None:
        super().__init__(detail)
        self.size = size

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size}"}


class Invalid(Problem):
    """`errors` holds one {loc, msg, type} per fault, never the value that was sent."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, detail: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.errors = list(errors)

    def body(self, instance: str) -> dict[str, Any]:
        return super().body(instance) | {"errors": self.errors}


class TooMany(Problem):
    """`seconds` is how long to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.seconds)}


class QuotaExceeded(TooMany):
    """`quota` is {scope, name, limit, left}: whose limit of what, and how much is not used."""

    def __init__(self, detail: str, seconds: int, quota: dict[str, Any]) -> None:
        super().__init__(detail, seconds)
        self.quota = quota

    def body(self, instance: str) -> dict[str, Any]:
        return super().body(instance) | {"quota": self.quota}


class FormatFailed(Problem):
    status = HTTPStatus.NOT_IMPLEMENTED


class Unavailable(Problem):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_seconds: ClassVar[int] = 5

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_seconds)}


class FailureKind(StrEnum):
    """What a ticket failed of, so that failures can be counted: what it was given, the model,
    another service, waiting too long for either, a fault of our own."""

    INPUT = "input"
    MODEL = "model"
    SERVICE = "service"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


class StepError(AmidaError):
    """`reason` is a sentence for the people who wait for the ticket."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(StepError):
    """`seconds` is what the other side asked for, None when it named no time; `service` is who that
    is, for whose account the ticket waits."""

    def __init__(self, reason: str, seconds: float | None = None, service: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.service = service


class PermanentFailure(StepError):
    """Trying again would not help."""

    kind: ClassVar[FailureKind] = FailureKind.INPUT


class ModelFailure(PermanentFailure):
    """The model is at fault, or refuses."""

    kind = FailureKind.MODEL


class UnusableAnswer(ModelFailure):
    """Refused, cut off, or of another form; asked about less at once, the model may have one."""


class ServiceFailure(PermanentFailure):
    """Another service is at fault, or refuses."""

    kind = FailureKind.SERVICE


class QueryFailed(PermanentFailure):
    """`detail` is the warehouse's own text, for the model that is to mend the query."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"Snowflake could not run the query: {detail[:500]}")
        self.detail = detail


class DocumentFault(StrEnum):
    """What is wrong with a document that cannot be read."""

    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    NO_TEXT = "no_text"
    TOO_SLOW = "too_slow"


class Unreadable(AmidaError):
    """`advice` is a sentence for people: what is wrong with the file and what they can do."""

    def __init__(self, fault: DocumentFault, advice: str) -> None:
        super().__init__(advice)
        self.fault = fault
        self.advice = advice


class QueryFault(StrEnum):
    """Why the guard refuses a query."""

    TOO_LARGE = "too_large"
    SYNTAX = "syntax"
    NOT_READING = "not_reading"
    CONSTRUCT = "construct"
    FUNCTION = "function"
    TABLE = "table"
    COLUMN = "column"


class QueryRefused(AmidaError):
    """`reason` is a sentence for people, and for the model that is to mend the query."""

    def __init__(self, fault: QueryFault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


class WriteConflict(AmidaError):
    """A write met another ETag, an existing key or a missing row; `index` is the place of the write
    that was refused within its transaction, from 0."""

    def __init__(self, index: int = 0) -> None:
        super().__init__(f"write {index} was overtaken")
        self.index = index


class BrokenDigests(AmidaError):
    """The text says which digest is missing or was changed."""


class BadSchema(AmidaError):
    """The text says what is wrong with the schema."""


class SchemaMismatch(AmidaError):
    """The text says where a value does not fit and what was asked for."""
