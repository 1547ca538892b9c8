"""How late the event loop is. What blocks it holds up every request and step of its process, so it
is measured, and a long block is logged with the name of the task and the line that it is at."""

import asyncio
import logging
import sys
import threading
import time
from pathlib import PurePath

from shared.models.telemetry import Metric
from shared.telemetry.metrics import record

log = logging.getLogger(__name__)


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
        frame = sys._current_frames().get(self._thread_id)
        if frame is None:
            return "an unknown place"
        path = PurePath(frame.f_code.co_filename)
        return f"{path.parent.name}/{path.name}:{frame.f_lineno} ({frame.f_code.co_name})"
