"""Task type `lethal`, whose ticket ends the process that works on it, in the step that it names."""

import os
import signal
from collections.abc import Sequence

from shared.models import Model
from shared.tasks import base
from shared.workflow.messages import TaskActivity


class TaskData(base.TaskData):
    step: TaskActivity


class Piece(Model):
    number: int


class Result(base.Result):
    pass


def end_process(data: TaskData, step: TaskActivity) -> None:
    if data.step is step:
        os.kill(os.getpid(), signal.SIGKILL)


async def plan(context: base.Context[TaskData]) -> base.Round:
    end_process(context.data, TaskActivity.PLAN)
    return WORKING.round([Piece(number=0)])


async def work(context: base.WorkContext[TaskData], piece: Piece) -> Piece:
    end_process(context.data, TaskActivity.WORK)
    return piece


WORKING = base.Stage("working", work)


async def combine(context: base.Context[TaskData], _: Sequence[Piece]) -> Result:
    end_process(context.data, TaskActivity.COMBINE)
    return Result(summary="It lives.")


task_type = base.TaskType(
    data=TaskData,
    result=Result,
    example={"step": "work"},
    formats={"md": lambda result: f"{result.summary}\n"},
    plan=plan,
    stages=(WORKING.then(combine),),
)
