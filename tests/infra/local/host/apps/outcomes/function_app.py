"""Orchestrations that end in all kinds of ways, and values of all kinds."""

import asyncio
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


class Point:
    """A custom object, as the SDK passes them."""

    def __init__(self, x: int) -> None:
        self.x = x

    @staticmethod
    def to_json(point: "Point") -> str:
        return str(point.x)

    @staticmethod
    def from_json(text: str) -> "Point":
        return Point(int(text))


@app.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@app.activity_trigger(input_name="text")
def boom(text: str) -> None:
    raise ValueError(text)


@app.activity_trigger(input_name="status")
def leave(status: int) -> None:
    raise SystemExit(status)


@app.activity_trigger(input_name="status")
async def leave_async(status: int) -> None:
    if status:
        raise SystemExit(status)
    raise asyncio.CancelledError


@app.activity_trigger(input_name="nothing")
def unserialisable(nothing: Any) -> Any:
    return {1, 2}


@app.activity_trigger(input_name="nothing")
def beyond_json(nothing: Any) -> Any:
    return [float("nan"), float("inf"), {"a": -float("inf")}]


@app.activity_trigger(input_name="point")
def move(point: Point) -> Point:
    return Point(point.x + 1)


@app.activity_trigger(input_name="n", activity="named")
def function_name(n: int) -> int:
    return n * 10


@app.activity_trigger(input_name="value")
def kind_of(value: Any) -> str:
    return type(value).__name__


@app.orchestration_trigger(context_name="context")
def activity_fails(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("boom", context.get_input())


@app.orchestration_trigger(context_name="context")
def activity_leaves(context: df.DurableOrchestrationContext) -> Any:
    found = []
    for name, status in (("leave", 3), ("leave_async", 4), ("leave_async", 0)):
        try:
            yield context.call_activity(name, status)
        except Exception as error:
            found.append(str(error).splitlines()[0])
    return found


@app.orchestration_trigger(context_name="context")
def answer_cannot_be_encoded(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("unserialisable", None)


@app.orchestration_trigger(context_name="context")
def big_status(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    context.set_custom_status(given["char"] * given["count"])
    return "fits"


@app.orchestration_trigger(context_name="context")
def no_yield(context: df.DurableOrchestrationContext) -> Any:
    return {"got": context.get_input()}


@app.orchestration_trigger(context_name="context")
async def asynchronous(context: df.DurableOrchestrationContext) -> Any:
    return "never"


@app.orchestration_trigger(context_name="context")
def odd_output(context: df.DurableOrchestrationContext) -> Any:
    return {1, 2}


@app.orchestration_trigger(context_name="context")
def odd_yield(context: df.DurableOrchestrationContext) -> Any:
    yield "no task"


@app.orchestration_trigger(context_name="context")
def raises(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("echo", None)
    raise {"text": ValueError("said so"), "empty": KeyError()}[context.get_input()]


@app.orchestration_trigger(context_name="context")
def leaves(context: df.DurableOrchestrationContext) -> Any:
    raise SystemExit("gone")


@app.orchestration_trigger(context_name="context")
def odd_yield_later(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("echo", None)
    yield "no task"


@app.orchestration_trigger(context_name="context")
def odd_numbers(context: df.DurableOrchestrationContext) -> Any:
    numbers = yield context.call_activity("beyond_json", None)
    return [*numbers, type(numbers[0]).__name__]


@app.orchestration_trigger(context_name="context")
def label_in_text(context: df.DurableOrchestrationContext) -> Any:
    raise ValueError("a\n\n$OutOfProcData$:b")


@app.orchestration_trigger(context_name="context")
def label_in_text_later(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("echo", None)
    raise ValueError("a\n\n$OutOfProcData$:b")


@app.orchestration_trigger(context_name="context")
def unknown_activity(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("no_such", None)


@app.orchestration_trigger(context_name="context")
def by_given_name(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_activity("named", 4))


@app.orchestration_trigger(context_name="context")
def by_function(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_activity(function_name, 4))


@app.orchestration_trigger(context_name="context")
def custom_objects(context: df.DurableOrchestrationContext) -> Any:
    point = yield context.call_activity("move", Point(1))
    return point.x


@app.orchestration_trigger(context_name="context")
def kinds(context: df.DurableOrchestrationContext) -> Any:
    values = ['{"a": 1}', {"a": 1}, 5, None, [1], "text", True]
    return (yield context.task_all([context.call_activity("kind_of", v) for v in values]))


@app.orchestration_trigger(context_name="context")
def call(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    return (
        yield context.call_http(
            given["method"], given["uri"], given.get("content"), given.get("headers")
        )
    )
