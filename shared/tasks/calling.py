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

from shared.errors import PermanentFailure, RetryLater, Unavailable
from shared.telemetry.class_names import name_class

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


class NoExceptionError(Exception):
    """A function of a task type has raised `kind`, which is no Exception: the platform would tell
    its text, or never answer."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a function of a task type raised {kind}")
        self.kind = kind


async def call_function(function: Callable[P, Returned[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function of a task type returns. Raises what it raises; of a group what counts of it,
    and NoExceptionError for what is no Exception, as the panics of libraries in Rust are not."""
    is_cancelled = _watch_cancelling()
    try:
        if iscoroutinefunction(function):
            made: Returned[T] = function(*args, **kwargs)
        else:
            made = await run_in_thread(function, *args, **kwargs)
        return await made if isawaitable(made) else made
    except ExceptionGroup as group:
        decisive = _find_decisive(group)
        if decisive is None:
            raise
        raise decisive from group
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and is_cancelled():
            raise
        raise NoExceptionError(name_class(type(error))) from None


def _watch_cancelling() -> Callable[[], bool]:
    """Tells whether the present task has been cancelled from now on, and not just something that it
    waits for."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    return lambda: task is not None and task.cancelling() > before


def _find_decisive(group: ExceptionGroup[Exception]) -> Exception | None:
    """What the errors of several that ran side by side come to: a failure that is permanent, a wait
    if there are only waits, and else none of them."""
    failures = group.subgroup(PermanentFailure)
    waits, faults = group.split((RetryLater, Unavailable))
    found: Exception | None = failures or (waits if faults is None else None)
    while isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    return found


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a plain function returns, which runs in a thread of its own: one that never ends keeps
    nobody else from theirs, nor the process from its end. Raises what it raises."""
    present = _PlainFunction(asyncio.get_running_loop())
    context, outcome = copy_context(), Future[T]()
    context.run(_PRESENT.set, present)

    def run() -> None:
        try:
            outcome.set_result(context.run(function, *args, **kwargs))
        except StopIteration:  # No future takes it, as no coroutine does.
            outcome.set_exception(RuntimeError("a plain function raised StopIteration"))
        except Exception as error:
            outcome.set_exception(error)
        except BaseException as error:  # It would end the process, or stop it.
            outcome.set_exception(NoExceptionError(name_class(type(error))))

    outcome.set_running_or_notify_cancel()
    _THREADS.run(run)
    try:
        return await asyncio.wrap_future(outcome)
    except asyncio.CancelledError:
        present.give_up()
        raise
