"""functionTimeout: a call that takes longer fails, and one that does not end ends the process.

As on Azure's host: after the timeout the caller has its failure while the function runs on; ten
seconds later, if it still runs, the worker that it runs in is replaced with all that runs there.
"""

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from infra.local.host.functions import HostError

DEFAULT_SECONDS = 300.0
"""Of the consumption plan; the others have 30 minutes, which no test and no patience lasts."""
GRACE_SECONDS = 10.0
LOOK_SECONDS = 0.5

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")


class FunctionTimeoutError(Exception):
    """A function ran longer than host.json's functionTimeout; its caller waits no longer."""

    def __init__(self, name: str, seconds: float) -> None:
        span = timedelta(seconds=seconds)
        super().__init__(f"Timeout value of {span} was exceeded by function: Functions.{name}")


def function_timeout(host: dict[str, Any]) -> float | None:
    """Seconds a function may take by host.json, None for any time ("-1").

    Raises HostError when it is no TimeSpan of a second or more.
    """
    text = str(host.get("functionTimeout", "")).strip()
    if text in ("", "-1"):
        return None if text else DEFAULT_SECONDS
    found = _TIME_SPAN.fullmatch(text)
    if found:
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        if total >= 1:
            return total
    raise HostError(f"host.json: functionTimeout '{text}' is no TimeSpan of a second or more.")


class Watchdog:
    """Calls `replace` with a reason, from a thread, once a call runs long after its timeout.

    A thread, because a function may hold up the event loop, too.
    """

    def __init__(self, timeout: float | None, replace: Callable[[str], None]) -> None:
        self.timeout = timeout
        self._replace = replace
        self._calls: dict[int, tuple[float, str]] = {}
        self._numbers = itertools.count()
        self._stopped = threading.Event()
        threading.Thread(target=self._look, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Watch what runs within, which `name` names."""
        number = next(self._numbers)
        self._calls[number] = (time.monotonic(), name)
        try:
            yield
        finally:
            del self._calls[number]

    def _look(self) -> None:
        while self.timeout is not None and not self._stopped.wait(LOOK_SECONDS):
            began, name = min(list(self._calls.values()), default=(time.monotonic(), ""))
            if time.monotonic() - began > self.timeout + GRACE_SECONDS:
                self._replace(f"{name} has not ended {GRACE_SECONDS:g} s after its functionTimeout")
                return
