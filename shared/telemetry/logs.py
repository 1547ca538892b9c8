"""Log lines as telemetry: with the facts of what is being worked on, never sampled. Of an exception
its type and where it was raised are told, but not its text, which may have content."""

import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from types import TracebackType

from opentelemetry import context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from shared.telemetry.class_names import name_class
from shared.telemetry.scope import present_scope

log = logging.getLogger(__name__)

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


def hide_text(error: BaseException) -> tuple[type[BaseException], Exception, TracebackType | None]:
    """`exc_info` of an exception that may have content in its text: a log shows its type, and where
    it was raised."""
    kind = type(error)
    return kind, RuntimeError(f"{name_class(kind)}, without its text"), error.__traceback__


class LostErrors(logging.Filter):
    """For asyncio's lines about tasks that failed while nobody waited for them: those tasks may be
    a task type's own, and the lines have what they raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            name = name_class(type(error))
            record.msg, record.args = "%s in a task that nobody waits for", (name,)
            record.exc_info = hide_text(error)
        return True


_LOST_ERRORS = LostErrors()


def hide_lost_errors() -> None:
    """Tell what is raised where nobody waits for it, in a task, in a thread or while an object is
    removed, without its text."""
    logging.getLogger("asyncio").addFilter(_LOST_ERRORS)
    threading.excepthook = _tell_lost_thread
    sys.unraisablehook = _tell_unraisable


def _tell_lost_thread(lost: threading.ExceptHookArgs) -> None:
    if lost.exc_value is not None and lost.exc_type is not SystemExit:
        name = name_class(lost.exc_type)
        log.error("%s in a thread of its own", name, exc_info=hide_text(lost.exc_value))


def _tell_unraisable(lost: "sys.UnraisableHookArgs") -> None:
    if lost.exc_value is not None:
        name = name_class(lost.exc_type)
        log.error("%s where nothing can be raised", name, exc_info=hide_text(lost.exc_value))


def exception_facts(record: logging.LogRecord) -> dict[str, str]:
    """As OpenTelemetry's conventions have them, without the exception's text."""
    kind, _, where = record.exc_info or (None, None, None)
    if kind is None:
        return {}
    name = name_class(kind)
    frames = "".join(traceback.format_tb(where))
    return {
        "exception.type": name,
        "exception.message": name,
        "exception.stacktrace": f"Traceback (most recent call last):\n{frames}{name}",
    }
