"""What need not be done before an answer goes out: done soon after it in the background, one after
the other, as each takes the interpreter for a while."""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue

log = logging.getLogger(__name__)

_AFTER_ANSWER = 0.1
"""Seconds in which the answer goes out."""

_DUE: SimpleQueue[Callable[[], None]] = SimpleQueue()


def do_in_background(work: Callable[[], None]) -> None:
    """Call it after the answer that is being made, and after what was to be done before it."""
    _DUE.put(work)
    _start_thread()


@cache
def _start_thread() -> None:
    threading.Thread(target=_do_all, name="background", daemon=True).start()


def _do_all() -> None:
    while True:
        work = _DUE.get()
        time.sleep(_AFTER_ANSWER)
        try:
            work()
        except Exception:
            log.exception("Something in the background failed; the app goes on without")
