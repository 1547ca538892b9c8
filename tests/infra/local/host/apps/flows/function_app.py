"""Orchestrations that compose activities and timers."""

import threading
import time
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
gate = threading.Event()


@app.route(route="ping")
def ping(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("pong")


@app.route(route="open")
def open_gate(req: func.HttpRequest) -> func.HttpResponse:
    gate.set()
    return func.HttpResponse("open")


# activities


@app.activity_trigger(input_name="n")
def add_one(n: int) -> int:
    return n + 1


@app.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@app.activity_trigger(input_name="value")
async def echo_async(value: Any) -> Any:
    return value


@app.activity_trigger(input_name="seconds")
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@app.activity_trigger(input_name="text")
def boom(text: str) -> None:
    raise ValueError(text)


@app.activity_trigger(input_name="nothing")
def at_gate(nothing: Any) -> str:
    return "through" if gate.wait(60) else "closed"


# orchestrators


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext) -> Any:
    n = context.get_input() or 0
    for _ in range(3):
        n = yield context.call_activity("add_one", n)
    return n


@app.orchestration_trigger(context_name="context")
def fan(context: df.DurableOrchestrationContext) -> Any:
    count = context.get_input()
    numbers = yield context.task_all([context.call_activity("add_one", n) for n in range(count)])
    return sum(numbers)


@app.orchestration_trigger(context_name="context")
def fan_mixed(context: df.DurableOrchestrationContext) -> Any:
    """Members that resolve in another order than listed, one an async activity."""
    return (
        yield context.task_all(
            [
                context.call_activity("nap", 0.2),
                context.call_activity("echo_async", "now"),
                context.task_all(
                    [context.call_activity("echo", 1), context.call_activity(echo, 2)]
                ),
            ]
        )
    )


@app.orchestration_trigger(context_name="context")
def nothing_at_all(context: df.DurableOrchestrationContext) -> Any:
    empty = yield context.task_all([])
    done = yield context.call_activity("echo", "after")
    return [empty, done]


@app.orchestration_trigger(context_name="context")
def fan_with_failure(context: df.DurableOrchestrationContext) -> Any:
    """What follows a failed member is scheduled once all members have ended."""
    try:
        yield context.task_all(
            [context.call_activity("boom", "first"), context.call_activity("nap", 0.4)]
        )
    except Exception as error:
        after = yield context.call_activity("echo", "after")
        return [str(error).splitlines()[0], after]


@app.orchestration_trigger(context_name="context")
def first_wins(context: df.DurableOrchestrationContext) -> Any:
    """The loser, a short activity, keeps the instance running."""
    fast = context.call_activity("echo", "fast")
    slow = context.call_activity("at_gate", None)
    winner = yield context.task_any([fast, slow])
    context.set_custom_status("decided")
    return winner.result


@app.orchestration_trigger(context_name="context")
def in_time(context: df.DurableOrchestrationContext) -> Any:
    """An activity against a timer, which is cancelled."""
    timeout = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    work = context.call_activity("echo", "in time")
    winner = yield context.task_any([work, timeout])
    if winner is work:
        timeout.cancel()
    after = yield context.call_activity("echo", "after")
    return [work.result, after]


@app.orchestration_trigger(context_name="context")
def forgotten_timer(context: df.DurableOrchestrationContext) -> Any:
    timeout = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    winner = yield context.task_any([context.call_activity("echo", "in time"), timeout])
    context.set_custom_status("decided")
    return winner.result


@app.orchestration_trigger(context_name="context")
def too_late(context: df.DurableOrchestrationContext) -> Any:
    timeout = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=50))
    work = context.call_activity("nap", 1)
    winner = yield context.task_any([work, timeout])
    return "timed out" if winner is timeout else "in time"


@app.orchestration_trigger(context_name="context")
def wait_a_moment(context: df.DurableOrchestrationContext) -> Any:
    began = context.current_utc_datetime
    yield context.create_timer(began + timedelta(seconds=context.get_input()))
    return (context.current_utc_datetime - began).total_seconds()


@app.orchestration_trigger(context_name="context")
def clock(context: df.DurableOrchestrationContext) -> Any:
    """Every replay writes what it sees to the custom status; the output must agree with it."""
    seen = []
    for _ in range(3):
        seen.append([context.current_utc_datetime.isoformat(), context.new_uuid()])
        yield context.call_activity("nap", 0.01)
        context.set_custom_status(list(seen))
    return seen


@app.orchestration_trigger(context_name="context")
def replaying(context: df.DurableOrchestrationContext) -> Any:
    """What `is_replaying` says after each step, in the last replay."""
    seen = [context.is_replaying]
    for _ in range(2):
        yield context.call_activity("echo", None)
        seen.append(context.is_replaying)
    return seen


@app.orchestration_trigger(context_name="context")
def statuses(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status({"step": 1})
    yield context.call_activity("at_gate", None)
    context.set_custom_status({"step": 2})
    return "done"
