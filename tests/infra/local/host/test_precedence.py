"""What requests start waits while there are many of them."""

import asyncio
from contextlib import ExitStack

from infra.local.host.precedence import Precedence


def test_one_request_starts_at_once() -> None:
    precedence, begun = Precedence(), list[str]()
    with precedence.answering("POST"), precedence.answering("PUT"):
        precedence.begin_after_requests(lambda: begun.append("a"))
        assert begun == ["a"]


async def test_what_many_start_begins_when_few_are_left_and_once() -> None:
    precedence, begun = Precedence(), list[str]()
    with ExitStack() as requests:
        for _ in range(2):
            requests.enter_context(precedence.answering("POST"))
        with precedence.answering("POST"):
            precedence.begin_after_requests(lambda: begun.append("a"))
            precedence.begin_after_requests(lambda: begun.append("b"))
            assert begun == []
        assert begun == ["a", "b"]
    assert begun == ["a", "b"]


def test_who_only_reads_keeps_nothing_waiting() -> None:
    precedence, begun = Precedence(), list[str]()
    with ExitStack() as requests:
        for _ in range(9):
            requests.enter_context(precedence.answering("GET"))
        precedence.begin_after_requests(lambda: begun.append("a"))
        assert begun == ["a"]


async def test_nothing_waits_for_ever() -> None:
    precedence, begun = Precedence(seconds=0.01), asyncio.Event()
    with ExitStack() as requests:
        for _ in range(9):
            requests.enter_context(precedence.answering("POST"))
        precedence.begin_after_requests(begun.set)
        await asyncio.wait_for(begun.wait(), 60)
