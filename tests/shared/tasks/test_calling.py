"""Functions of task types that are not `async`: each blocks nobody but itself."""

import asyncio
import threading
from typing import Any

import pytest

from shared.tasks.calling import call_function, wait_for
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


@pytest.mark.parametrize("error", [KeyError("k"), asyncio.CancelledError()])
async def test_what_it_raises_is_raised(error: BaseException) -> None:
    async def fail() -> None:
        raise error

    def wait() -> None:
        wait_for(fail())

    def work() -> None:
        raise error

    for function in (work, wait):
        with pytest.raises(type(error)):
            await call_function(function)


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(1)])
async def test_what_no_task_may_raise_is_a_fault_like_any_other(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(RuntimeError, match=type(error).__name__):
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
