"""What a step raised, told without its text, which may hold content. Light to import."""

from math import inf

from shared.errors import RetryLater, StepError
from shared.tasks.calling import NoExceptionError
from shared.telemetry.class_names import name_class
from shared.text.first_sentence import make_line


class RaisedAloneError(Exception):
    """A step raised `kind` in the process in which it ran alone."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def name_fault(error: BaseException) -> str:
    """The class of what was raised, by which a fault is told: its text may hold content. Of a group
    that of the first as well."""
    if isinstance(error, ExceptionGroup):
        return f"{name_class(type(error))}: {name_fault(error.exceptions[0])}"
    if isinstance(error, RaisedAloneError | NoExceptionError):
        return error.kind
    return name_class(type(error))


def tell_reason(error: StepError) -> str:
    """The reason as one line that can be stored, whatever a task type has put there. What is no
    text, an exception for one, may have content in it, and is not told."""
    return make_line(error.reason) or "No reason was given."


def tell_seconds(error: RetryLater) -> float | None:
    """For how long it asks, as far as that is a time."""
    seconds: object = error.seconds
    return seconds if isinstance(seconds, int | float) and 0 <= seconds < inf else None


def tell_service(error: RetryLater) -> str:
    return make_line(error.service)
