"""Functions of task types that are not `async`: each blocks nobody but itself."""

import asyncio
import threading
from typing import Any

import pytest

from shared.errors import PermanentFailure, RetryLater, Unavailable
from shared.tasks.calling import NoExceptionError, call_function, wait_for
from shared.telemetry.names import Attribute
from shared.telemetry.scope import present_scope, scope_of

SECONDS = 10


async def double(number: int) -> int:
    return 2 * number


class Doubling:
    """Is no coroutine function, and returns a coroutine."""

    async def __call__(self, number: int) -> int:
        return 2 * number


@pytest.mark.parametrize("function", [double, Doubling(), lambda number: 2 * number])
async def test_it_may_be_async_or_not(function: Any) -> None:
    assert await call_function(function, 21) == 42


async def test_others_go_on_while_a_plain_function_blocks() -> None:
    released = threading.Event()
    blocked = asyncio.create_task(call_function(released.wait, SECONDS))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not blocked.done()
    released.set()
    assert await blocked is True


async def test_any_number_may_block_at_once() -> None:
    """Threads of a pool would run out, and its end would wait for them."""
    everybody = threading.Barrier(100)
    waiting = [call_function(everybody.wait, SECONDS) for _ in range(100)]
    assert sorted(await asyncio.gather(*waiting)) == [*range(100)]


async def test_it_waits_for_what_others_await() -> None:
    def work() -> int:
        return wait_for(double(wait_for(double(10))))

    assert await call_function(work) == 40


class Panic(BaseException):
    """As those of libraries in Rust."""


FAILURE, WAIT, FAULT = PermanentFailure("No."), RetryLater("Later."), KeyError("k")


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize(
    "error",
    [Panic("secret"), KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError("secret")],
)
async def test_what_is_no_exception_is_a_fault_like_any_other(
    error: BaseException, *, is_plain: bool
) -> None:
    async def fail() -> None:
        raise error

    def fail_plainly() -> None:
        raise error

    with pytest.raises(NoExceptionError) as raised:
        await call_function(fail_plainly if is_plain else fail)
    assert raised.value.kind == type(error).__name__
    assert "secret" not in str(raised.value)


async def test_a_cancellation_of_something_else_is_no_end_of_the_step() -> None:
    async def work() -> Any:
        waiting = asyncio.create_task(asyncio.Event().wait())
        waiting.cancel()
        await waiting

    with pytest.raises(NoExceptionError, match="CancelledError"):
        await call_function(work)
    wait_for_ever: Any = asyncio.Event().wait
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await call_function(wait_for_ever)


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([FAULT, WAIT, FAILURE], FAILURE),
        ([WAIT, ExceptionGroup("", [FAILURE])], FAILURE),
        ([WAIT, Unavailable("Away.")], WAIT),
        ([WAIT, FAULT], None),
    ],
)
async def test_of_a_group_is_raised_what_counts(
    errors: list[Exception], raised: Exception | None
) -> None:
    group = ExceptionGroup("of a task group", errors)

    async def work() -> Any:
        raise group

    with pytest.raises(type(raised or group)) as told:
        await call_function(work)
    assert told.value is (raised or group)


@pytest.mark.parametrize("error", [KeyError("k"), FAILURE])
async def test_what_it_raises_is_raised(error: Exception) -> None:
    async def fail() -> None:
        raise error

    def wait() -> None:
        wait_for(fail())

    def work() -> None:
        raise error

    for function in (work, wait):
        with pytest.raises(type(error)):
            await call_function(function)


async def test_what_no_task_may_raise_is_a_fault_like_any_other() -> None:
    def work() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        await call_function(work)


async def test_who_is_worked_for_is_known_in_its_thread() -> None:
    def work() -> Any:
        return present_scope().facts, wait_for(look())

    async def look() -> Any:
        return present_scope().facts

    facts = {Attribute.TICKET_ID: "t-1"}
    with scope_of(facts):
        assert await call_function(work) == (facts, facts)


async def test_once_its_step_is_over_it_gets_nothing_any_more() -> None:
    """A thread cannot be ended; but it must not ask the model once the ticket goes on elsewhere."""
    begun, ended, asked = asyncio.Event(), threading.Event(), []

    async def begin() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def ask() -> None:
        asked.append(1)

    def work() -> None:
        for wanted in (begin, ask):
            try:
                wait_for(wanted())
            except Exception:  # CancelledError is none, for one that awaits neither
                ended.set()
            except asyncio.CancelledError:
                pass
        ended.set()

    step = asyncio.create_task(call_function(work))
    await begun.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert await call_function(ended.wait, SECONDS)
    assert asked == []


async def test_elsewhere_one_awaits() -> None:
    waiting = double(1)
    with pytest.raises(RuntimeError, match="await"):
        wait_for(waiting)
    await waiting
