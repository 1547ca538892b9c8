"""Calls functions: `async def` on the event loop, everything else on threads; one log line each.

All triggers share the threads, as they share those of Azure's worker.
"""

import asyncio
import contextvars
import logging
import os
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import azure.functions as func

from infra.local.host.functions import Function, HostError
from infra.local.host.timeouts import FunctionTimeoutError, Watchdog

log = logging.getLogger("host")

THREADS_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
DEFAULT_THREADS = 1000
RETURN_NOTHING = ("blobTrigger", "timerTrigger")


def thread_count() -> int:
    """Most threads of plain functions, as Azure's worker has them.

    Raises HostError when the setting is no number above zero.
    """
    setting = os.environ.get(THREADS_SETTING) or str(DEFAULT_THREADS)
    if not setting.isdecimal() or int(setting) < 1:
        raise HostError(f"{THREADS_SETTING} is '{setting}', which is no number above zero.")
    return int(setting)


class InvocationContext(func.Context):
    """The `func.Context` of one invocation; the local host has no retry policies and no tracing."""

    def __init__(self, function: Function, folder: str) -> None:
        self._function = function
        self._folder = folder
        self._id = str(uuid.uuid4())
        self._local = threading.local()

    @property
    def invocation_id(self) -> str:
        """A UUID, new for each invocation."""
        return self._id

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._function.name

    @property
    def function_directory(self) -> str:
        """The app's folder."""
        return self._folder

    @property
    def thread_local_storage(self) -> Any:
        """Storage of this invocation."""
        return self._local

    @property
    def trace_context(self) -> Any:
        """None: nothing is traced."""
        return None

    @property
    def retry_context(self) -> Any:
        """None: there are no retry policies."""
        return None


class Invoker:
    """Runs functions for the triggers. `client` makes the durable client binding's value."""

    def __init__(
        self, folder: str, client: Callable[[Function], str], threads: int, watchdog: Watchdog
    ) -> None:
        self._folder = folder
        self._client = client
        self._watchdog = watchdog
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")

    def close(self) -> None:
        """Let the threads end; what they run is not waited for."""
        self._watchdog.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def call(
        self,
        function: Function,
        value: Any,
        subject: str,
        outcome: Callable[[Any], str] = lambda _: "ok",
    ) -> Any:
        """Call `function` with the trigger's `value` and log `subject`, duration and outcome.

        Returns what it returns and raises what it raises, or FunctionTimeoutError.
        """
        arguments = {function.parameter: value}
        if function.client:
            arguments[function.client] = self._client(function)
        if function.wants_context:
            arguments["context"] = InvocationContext(function, self._folder)
        began = time.perf_counter()
        try:
            result = await self._in_time(function, arguments)
            if result is not None and function.kind in RETURN_NOTHING:
                raise TypeError(f"a {function.kind} returned {result!r}, which nobody takes")
        except BaseException as error:
            _log_line(logging.ERROR, function, subject, began, f"failed: {type(error).__name__}")
            raise
        _log_line(logging.INFO, function, subject, began, outcome(result))
        return result

    async def _in_time(self, function: Function, arguments: dict[str, Any]) -> Any:
        """What the function returns within its timeout, after which it runs on unheard."""
        if self._watchdog.timeout is None:
            return await self._run(function, arguments)
        running = asyncio.create_task(_outcome(self._run(function, arguments)))
        try:
            done, _ = await asyncio.wait((running,), timeout=self._watchdog.timeout)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if not done:
            raise FunctionTimeoutError(function.name, self._watchdog.timeout)
        result, error = running.result()
        if error is not None:
            raise error
        return result

    async def _run(self, function: Function, arguments: dict[str, Any]) -> Any:
        if not function.is_async:
            return await self.in_thread(function.name, lambda: function.handler(**arguments))
        with self._watchdog.watching(function.name):
            return await function.handler(**arguments)

    async def in_thread(self, name: str, work: Callable[[], Any]) -> Any:
        """Run `work`, which `name` names, on a thread."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        with self._watchdog.watching(name):
            return await loop.run_in_executor(self._pool, context.run, work)


async def _outcome(work: Awaitable[Any]) -> tuple[Any, BaseException | None]:
    """What came of it. A SystemExit must not leave the task: it would end the loop."""
    try:
        return await work, None
    except (Exception, SystemExit) as error:
        return None, error


def _log_line(level: int, function: Function, subject: str, began: float, outcome: str) -> None:
    elapsed = (time.perf_counter() - began) * 1000
    log.log(level, "%s %s %.1f ms %s", function.name, subject, elapsed, outcome)
