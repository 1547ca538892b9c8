"""How late the event loop is. What blocks it holds up every request and step of its process, so it
is measured, and a long block is logged with the name of the task and the line that it is at."""

import asyncio
import logging
import sys
import threading
import time
from pathlib import Path

from shared.telemetry.metrics import record
from shared.telemetry.names import Metric

log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]


class LoopWatch:
    """Watches one event loop from within, every `beat` seconds, and from a thread beside it, which
    says when it has been `blocked` for so many."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, beat: float = 0.5, blocked: float = 0.5
    ) -> None:
        self._loop = loop
        self._pause = beat
        self._blocked = blocked
        self._due = time.monotonic()
        self._thread_id = 0

    def start(self) -> None:
        """Called on the loop."""
        self._thread_id = threading.get_ident()
        self._plan()
        threading.Thread(target=self._look, name="loop watch", daemon=True).start()

    def _plan(self) -> None:
        self._due = time.monotonic() + self._pause
        self._loop.call_later(self._pause, self._beat)

    def _beat(self) -> None:
        record(Metric.LOOP_LAG, max(0.0, time.monotonic() - self._due))
        self._plan()

    def _look(self) -> None:
        told = 0.0
        while not self._loop.is_closed():
            time.sleep(self._pause)
            due = self._due
            if time.monotonic() > due + self._blocked and told != due:
                told = due
                self._tell()

    def _tell(self) -> None:
        task = asyncio.current_task(self._loop)
        name = task.get_name() if task else "no task"
        log.warning("The event loop is blocked by %s at %s", name, self._place())

    def _place(self) -> str:
        """The line of ours that the loop is at, or has called."""
        frame = sys._current_frames().get(self._thread_id)
        while frame and not _is_ours(Path(frame.f_code.co_filename)):
            frame = frame.f_back
        if frame is None:
            return "a place outside the app"
        path = Path(frame.f_code.co_filename).relative_to(_ROOT)
        return f"{path}:{frame.f_lineno} ({frame.f_code.co_name})"


def _is_ours(path: Path) -> bool:
    """Packages may lie below the app's folder (`.python_packages`)."""
    return path.is_relative_to(_ROOT) and "site-packages" not in path.parts
