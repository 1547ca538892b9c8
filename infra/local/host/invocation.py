"""Calls functions: `async def` on the event loop, everything else on threads; one log line each.

Each kind of trigger has threads of its own, so that blocked activities leave HTTP its answers.
"""

import asyncio
import contextvars
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import azure.functions as func

from infra.local.host.functions import Function

log = logging.getLogger("host")


def default_threads() -> int:
    """Threads for plain functions, as the Python worker of Azure Functions has them."""
    setting = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
    return int(setting) if setting else min(32, (os.cpu_count() or 1) + 4)


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
        self, folder: str, client: Callable[[Function], str], threads: dict[str, int]
    ) -> None:
        self._folder = folder
        self._client = client
        self._pools = {
            kind: ThreadPoolExecutor(size, thread_name_prefix=kind)
            for kind, size in threads.items()
        }

    def close(self) -> None:
        """Let the threads end; what they run is not waited for."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    async def call(
        self,
        function: Function,
        value: Any,
        subject: str,
        outcome: Callable[[Any], str] = lambda _: "ok",
    ) -> Any:
        """Call `function` with the trigger's `value` and log `subject`, duration and outcome.

        Returns what it returns and raises what it raises.
        """
        arguments = {function.parameter: value}
        if function.client:
            arguments[function.client] = self._client(function)
        if function.wants_context:
            arguments["context"] = InvocationContext(function, self._folder)
        began = time.perf_counter()
        try:
            result = await self._run(function, arguments)
        except BaseException as error:
            _log_line(logging.ERROR, function, subject, began, f"failed: {type(error).__name__}")
            raise
        _log_line(logging.INFO, function, subject, began, outcome(result))
        return result

    async def _run(self, function: Function, arguments: dict[str, Any]) -> Any:
        if function.is_async:
            return await function.handler(**arguments)
        return await self.in_thread(function.kind, lambda: function.handler(**arguments))

    async def in_thread(self, kind: str, work: Callable[[], Any]) -> Any:
        """Run `work` on a thread of that trigger type."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pools[kind], context.run, work)


def _log_line(level: int, function: Function, subject: str, began: float, outcome: str) -> None:
    elapsed = (time.perf_counter() - began) * 1000
    log.log(level, "%s %s %.1f ms %s", function.name, subject, elapsed, outcome)
