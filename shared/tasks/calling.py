"""Functions of task types: `async` ones run on the event loop, plain ones in a thread each, so that
what blocks there holds up nobody else."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextvars import ContextVar, copy_context
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Returned: TypeAlias = Awaitable[T] | T
"""What a function returns that may be `async`, or not."""


class _Threads:
    """Threads for one function at a time each: a new one where all are at work. Some that are done
    are kept, as to start one holds up the event loop until it runs."""

    _MAX_KEPT = 8

    def __init__(self) -> None:
        self._kept: deque[SimpleQueue[Callable[[], None]]] = deque()

    def run(self, work: Callable[[], None]) -> None:
        """`work` raises nothing."""
        try:
            given = self._kept.pop()
        except IndexError:
            given = SimpleQueue()
            Thread(target=self._serve, args=[given], name="plain function", daemon=True).start()
        given.put(work)

    def _serve(self, given: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            given.get()()
            if len(self._kept) >= self._MAX_KEPT:
                return
            self._kept.append(given)


_THREADS = _Threads()


class _PlainFunction:
    """A plain function at work in its thread, and what it waits for on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waits: set[Future[Any]] = set()
        self._is_given_up = False

    def wait_for(self, awaitable: Awaitable[T]) -> T:
        async def wait() -> T:
            if self._is_given_up:
                if iscoroutine(awaitable):
                    awaitable.close()
                raise asyncio.CancelledError
            return await awaitable

        waiting = asyncio.run_coroutine_threadsafe(wait(), self._loop)
        self._waits.add(waiting)
        if self._is_given_up:  # Meanwhile, perhaps: who gives up has not seen it.
            waiting.cancel()
        try:
            return waiting.result()
        except CancelledError:  # as for one that awaits: nothing of its own takes it for a fault
            raise asyncio.CancelledError from None
        finally:
            self._waits.discard(waiting)

    def give_up(self) -> None:
        """Nobody waits for it any more, and it gets nothing any more: a thread cannot be ended."""
        self._is_given_up = True
        for waiting in [*self._waits]:
            waiting.cancel()


_PRESENT: ContextVar[_PlainFunction] = ContextVar("plain_function")


def wait_for(awaitable: Awaitable[T]) -> T:
    """What is awaited, for a plain function of a task type: `wait_for(context.complete(…))`. Raises
    what that raises, CancelledError once the step is over, and RuntimeError elsewhere."""
    present = _PRESENT.get(None)
    if present is None:
        raise RuntimeError("Only a plain function of a task type waits so; say await.")
    return present.wait_for(awaitable)


async def call_function(function: Callable[P, Returned[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function of a task type returns. Raises what it raises."""
    if iscoroutinefunction(function):
        made: Returned[T] = function(*args, **kwargs)
    else:
        made = await run_in_thread(function, *args, **kwargs)
    return await made if isawaitable(made) else made


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a plain function returns, which runs in a thread of its own: one that never ends keeps
    nobody else from theirs, nor the process from its end. Raises what it raises."""
    present = _PlainFunction(asyncio.get_running_loop())
    context, outcome = copy_context(), Future[T]()
    context.run(_PRESENT.set, present)

    def run() -> None:
        try:
            outcome.set_result(context.run(function, *args, **kwargs))
        except (StopIteration, SystemExit) as error:
            # No future takes the first, as no coroutine does; the other would end the process.
            outcome.set_exception(RuntimeError(f"a plain function raised {type(error).__name__}"))
        except BaseException as error:
            outcome.set_exception(error)

    outcome.set_running_or_notify_cancel()
    _THREADS.run(run)
    try:
        return await asyncio.wrap_future(outcome)
    except asyncio.CancelledError:
        present.give_up()
        raise
