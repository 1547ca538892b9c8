"""How late the event loop is. What blocks it holds up every request and step of its process, so it
is measured, and a long block is logged with what does it and the line that it is at."""

import asyncio
import gc
import logging
import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.telemetry.metrics import record
from shared.telemetry.names import Attribute, Metric
from shared.telemetry.scope import Scope, scope_in

log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
_IDLE = math.inf
_UNKNOWN = "something in the background"


@dataclass(slots=True)
class LoopBlock:
    """`task` is what blocked the event loop, with its stage, from `begun` on, by the monotonic
    clock, for so many `seconds` as far as is known."""

    task: str
    begun: float
    seconds: float = 0.0


class LoopWatch:
    """Watches the event loop while anything runs on it: from within, every `beat` seconds, and from
    a thread beside it, which says when it has been `blocked` for so many. While nothing runs, no
    timer does."""

    def __init__(self, *, beat: float = 0.1, blocked: float = 1.0) -> None:
        self._pause = beat
        self._blocked = blocked
        self._running = 0
        self._due = _IDLE
        self._awake = threading.Event()
        self._thread_id = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.lag = 0.0
        self.last_block: LoopBlock | None = None

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch the loop that this is called on, while what is within runs."""
        loop = asyncio.get_running_loop()
        self._running += 1
        if self._due == _IDLE or self._loop is not loop:
            self._begin(loop)
        try:
            yield
        finally:
            self._running -= 1

    @property
    def is_at_it(self) -> bool:
        """Whether it wakes up now and then."""
        return self._due != _IDLE

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            self._loop, self._thread_id = loop, threading.get_ident()
            threading.Thread(target=self._look, args=[loop], name="loop watch", daemon=True).start()
        self._plan(loop)
        self._awake.set()

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.monotonic() + self._pause
        loop.call_later(self._pause, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lag = max(0.0, time.monotonic() - self._due)
        record(Metric.LOOP_LAG, self.lag)
        if self.lag > self._blocked:
            block = self._block_since(self._due) or LoopBlock(_UNKNOWN, self._due)
            block.seconds, self.last_block = self.lag, block
            log.warning("The event loop was blocked by %s for %.1f s", block.task, self.lag)
        if self._running:
            self._plan(loop)
        else:
            self._due = _IDLE

    def _block_since(self, due: float) -> LoopBlock | None:
        """The block in which the beat that was due then is, or was, waited for."""
        return self.last_block if self.last_block and self.last_block.begun == due else None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._loop is loop and not loop.is_closed():
            due = self._due
            if due == _IDLE:
                self._awake.wait()
                self._awake.clear()
            elif self._block_since(due):
                time.sleep(self._pause)
            else:
                time.sleep(max(0.0, due + self._blocked - time.monotonic()))
                if self._due == due:
                    self._tell(loop, due)

    def _tell(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        task = asyncio.current_task(loop)
        scope = scope_in(_context_of(task)) if task else Scope()
        self.last_block = LoopBlock(_name(scope), due, time.monotonic() - due)
        ticket = scope.facts.get(Attribute.TICKET_ID)
        of_ticket = f" of ticket {ticket}" if ticket else ""
        log.warning(
            "The event loop is blocked by %s%s at %s",
            self.last_block.task,
            of_ticket,
            _find_place(self._thread_id),
        )


def _name(scope: Scope) -> str:
    """What is done, of which task type, at which stage."""
    type_, stage = map(scope.facts.get, (Attribute.TASK_TYPE, Attribute.STAGE))
    of_type = f" of {type_}" if type_ else ""
    return f"{scope.task or _UNKNOWN}{of_type}" + (f" ({stage})" if stage else "")


def _context_of(task: "asyncio.Task[Any]") -> Context:
    if sys.version_info >= (3, 12):
        return task.get_context()
    # Before, a task did not tell; its own comes before those of its callbacks.
    return next((one for one in gc.get_referents(task) if isinstance(one, Context)), Context())


def _find_place(thread_id: int) -> str:
    """The line of ours that the thread is at, and what that has called."""
    frame, called = sys._current_frames().get(thread_id), ""
    while frame and not _is_ours(path := Path(frame.f_code.co_filename)):
        called = f", in {path.name}:{frame.f_lineno} ({frame.f_code.co_name})"
        frame = frame.f_back
    if frame is None:
        return "a place outside the app"
    return f"{path.relative_to(_ROOT)}:{frame.f_lineno} ({frame.f_code.co_name}){called}"


def _is_ours(path: Path) -> bool:
    """Packages may lie below the app's folder (`.python_packages`)."""
    return path.is_relative_to(_ROOT) and "site-packages" not in path.parts
