"""Task type `route`, which asks people twice: before its work begins, and before it ends."""

from collections.abc import Sequence
from typing import Any

from shared.models import Inquiry, InquiryKind, Model, Words
from shared.tasks import base


class TaskData(base.TaskData):
    destination: Words


class Leg(Model):
    number: int


class Result(base.Result):
    stops: list[str]
    names: list[Any]


async def plan(context: base.Context[TaskData]) -> base.Round | Inquiry:
    if not context.answers:
        text = f"Which way to {context.data.destination}?"
        return Inquiry(kind=InquiryKind.CLARIFY, text=text, options=["by sea", "by land"])
    return TRAVELLING.round([Leg(number=number) for number in range(2)])


async def travel(context: base.WorkContext[TaskData], leg: Leg) -> Leg:
    return leg


TRAVELLING = base.Stage("travelling", travel)


async def after_travelling(
    context: base.Context[TaskData], legs: Sequence[Leg]
) -> base.Round | Inquiry | Result:
    if not context.answers:
        outline = {"stops": [f"stop {leg.number}" for leg in legs]}
        return Inquiry(kind=InquiryKind.OUTLINE, text="These stops?", outline=outline)
    stops = context.answers[0]["stops"]
    return Result(summary=f"{len(stops)} stops.", stops=stops, names=[])


def check_answer(_: TaskData, inquiry: Inquiry, answer: Any) -> None:
    if inquiry.kind is InquiryKind.CLARIFY and answer not in (inquiry.options or []):
        raise ValueError("must be one of the options.")
    if inquiry.kind is InquiryKind.OUTLINE and not isinstance(answer, dict):
        raise ValueError("must be an object with stops.")


task_type = base.TaskType(
    data=TaskData,
    result=Result,
    example={"destination": "Oslo"},
    formats={"md": lambda result: f"{result.summary}\n"},
    plan=plan,
    stages=(TRAVELLING.then(after_travelling),),
    check_answer=check_answer,
)
