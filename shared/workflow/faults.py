"""What a step raised, told without its text, which may hold content. Light to import."""

from math import inf

from shared.errors import RetryLater, StepError
from shared.tasks.calling import NoExceptionError

_MAX_REASON = 2_000


class RaisedAloneError(Exception):
    """A step raised `kind` in the process in which it ran alone."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def name_fault(error: Exception) -> str:
    """The class of what was raised, by which a fault is told: its text may hold content. Of a group
    that of the first as well."""
    if isinstance(error, ExceptionGroup):
        return f"{type(error).__name__}: {name_fault(error.exceptions[0])}"
    if isinstance(error, RaisedAloneError | NoExceptionError):
        return error.kind
    return type(error).__name__


def tell_reason(error: StepError) -> str:
    """The reason as one line that can be stored, whatever a task type has put there. What is no
    text, an exception for one, may have content in it, and is not told."""
    return _as_line(error.reason) or "No reason was given."


def tell_seconds(error: RetryLater) -> float | None:
    """For how long it asks, as far as that is a time."""
    seconds: object = error.seconds
    return seconds if isinstance(seconds, int | float) and 0 <= seconds < inf else None


def tell_service(error: RetryLater) -> str:
    return _as_line(error.service)


def _as_line(given: object) -> str:
    """Of what is no text, nothing."""
    if not isinstance(given, str):
        return ""
    return " ".join(given[:_MAX_REASON].encode(errors="replace").decode().split())
