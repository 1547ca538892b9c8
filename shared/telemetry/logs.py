"""Log lines as telemetry: with the facts of what is being worked on, never sampled. Of an exception
its type and where it was raised are told, but not its text, which may have content."""

import logging
import traceback
from collections import deque
from collections.abc import Callable
from types import TracebackType

from opentelemetry import context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from shared.telemetry.scope import present_scope

Sink = Callable[[logging.LogRecord], None]

_MAX_HELD = 1000
_OURS = ("functions", "shared", "function_app")
# What these say on threads of their own is about sending telemetry, too.
_NEVER = ("opentelemetry", "azure.monitor", "urllib3", "requests")


class TelemetryHandler(logging.Handler):
    """Keeps lines until there is a sink for them. Of others' lines warnings are told, of ours what
    their loggers let through."""

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[logging.LogRecord] = deque(maxlen=_MAX_HELD)
        self._sink: Sink = self._held.append

    def filter(self, record: logging.LogRecord) -> bool:
        room = record.name.partition(".")[0]
        if record.name.startswith(_NEVER):
            return False
        return room in _OURS or record.levelno >= logging.WARNING

    def emit(self, record: logging.LogRecord) -> None:
        if context.get_value(_SUPPRESS_INSTRUMENTATION_KEY):  # It is about sending telemetry.
            return
        record.facts = {**present_scope().seen(), **getattr(record, "told", {})}
        record.trace = context.get_current()
        self._sink(record)

    def hand_on(self, sink: Sink) -> None:
        """Hand on what was kept, and all that follows."""
        self._sink = sink
        while self._held:
            sink(self._held.popleft())


def hide_text(error: Exception) -> tuple[type[Exception], Exception, TracebackType | None]:
    """`exc_info` of an exception that may have content in its text: a log shows its type, and where
    it was raised."""
    kind = type(error)
    return kind, RuntimeError(f"{kind.__name__}, without its text"), error.__traceback__


class LostErrors(logging.Filter):
    """For asyncio's lines about tasks that failed while nobody waited for them: those tasks may be
    a task type's own, and the lines have what they raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            record.msg, record.args = "%s in a task that nobody waits for", (type(error).__name__,)
            record.exc_info = hide_text(error)
        return True


def exception_facts(record: logging.LogRecord) -> dict[str, str]:
    """As OpenTelemetry's conventions have them, without the exception's text."""
    kind, _, where = record.exc_info or (None, None, None)
    if kind is None:
        return {}
    frames = "".join(traceback.format_tb(where))
    return {
        "exception.type": kind.__name__,
        "exception.message": kind.__name__,
        "exception.stacktrace": f"Traceback (most recent call last):\n{frames}{kind.__name__}",
    }
