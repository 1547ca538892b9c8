"""Task type `blocking`, whose work blocks: the event loop for two seconds, or, in a plain function,
its own thread until a file is there."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from shared.models import Model
from shared.tasks import base


class TaskData(base.TaskData):
    until: str = ""
    """A file; without it the event loop is blocked. That this is so is told by `{until}.begun`."""


class Piece(Model):
    until: str


class Result(base.Result):
    pass


def plan(context: base.Context[TaskData]) -> base.Round:
    stage = WAITING if context.data.until else BLOCKING
    return stage.round([Piece(until=context.data.until)])


async def block(_: base.WorkContext[TaskData], piece: Piece) -> Piece:
    async def sleep() -> None:
        time.sleep(2)  # This is what is not to be done.

    await asyncio.gather(sleep())
    return piece


def wait(context: base.WorkContext[TaskData], piece: Piece) -> Piece:
    Path(f"{piece.until}.begun").touch()
    while not Path(piece.until).exists():
        time.sleep(0.02)
    base.wait_for(context.artifacts.save("seen", piece.until))
    return piece


BLOCKING, WAITING = base.Stage("blocking", block), base.Stage("waiting", wait)


def combine(_: base.Context[TaskData], __: Sequence[Piece]) -> Result:
    return Result(summary="It is over.")


task_type = base.TaskType(
    data=TaskData,
    result=Result,
    example={},
    formats={"md": lambda result: f"{result.summary}\n"},
    plan=plan,
    stages=(BLOCKING.then(combine), WAITING.then(combine)),
)
