"""Orchestrations in the corners of the replay protocol."""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
folder = Path(os.environ["GATES"])
lock = threading.Lock()
at_once = most_at_once = 0


@app.route(route="most-at-once")
def most(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(most_at_once))


@app.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@app.activity_trigger(input_name="name")
def gate(name: str) -> str:
    """Returns once a file of that name is there."""
    while not (folder / name).exists():
        time.sleep(0.005)
    return name


@app.activity_trigger(input_name="nothing")
def counted(nothing: Any) -> None:
    global at_once, most_at_once  # noqa: PLW0603
    with lock:
        at_once += 1
        most_at_once = max(most_at_once, at_once)
    time.sleep(0.05)
    with lock:
        at_once -= 1


@app.activity_trigger(input_name="key")
def fail_once(key: str) -> str:
    path = folder / f"{key}.failed"
    if path.exists():
        return "second"
    path.touch()
    raise ValueError("first")


@app.orchestration_trigger(context_name="context")
def crowd(context: df.DurableOrchestrationContext) -> Any:
    yield context.task_all([context.call_activity("counted", None) for _ in range(20)])


@app.orchestration_trigger(context_name="context")
def fails_with_loser(context: df.DurableOrchestrationContext) -> Any:
    name = context.get_input()
    yield context.task_any([context.call_activity("echo", 1), context.call_activity("gate", name)])
    context.set_custom_status("failing")
    raise ValueError("too bad")


@app.orchestration_trigger(context_name="context")
def nested(context: df.DurableOrchestrationContext) -> Any:
    """A race of a fan-out and a timer, beside another activity."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    pair = context.task_all([context.call_activity("echo", 1), context.call_activity("echo", 2)])
    race = context.task_any([pair, timer])
    winner, beside = yield context.task_all([race, context.call_activity("echo", "beside")])
    timer.cancel()
    after = yield context.call_activity("echo", "after")
    return [winner.result, beside, after]


@app.orchestration_trigger(context_name="context")
def empty_inside(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.task_all([context.task_all([]), context.call_activity("echo", 1)]))


@app.orchestration_trigger(context_name="context")
def unused_and_twice(context: df.DurableOrchestrationContext) -> Any:
    """A task that is never yielded, and one that is yielded twice."""
    context.call_activity("gate", "never")
    task = context.call_activity("echo", 1)
    first = yield task
    second = yield task
    third = yield context.call_activity("echo", 3)
    return [first, second, third]


@app.orchestration_trigger(context_name="context")
def loser_yielded_later(context: df.DurableOrchestrationContext) -> Any:
    slow = context.call_activity("gate", context.get_input())
    fast = context.call_activity("echo", "fast")
    winner = yield context.task_any([slow, fast])
    context.set_custom_status(winner.result)
    return [winner.result, (yield slow)]


@app.orchestration_trigger(context_name="context")
def as_they_come(context: df.DurableOrchestrationContext) -> Any:
    """Takes results in the order in which they come."""
    pending = [context.call_activity("gate", name) for name in context.get_input()]
    got = []
    while pending:
        done = yield context.task_any(pending)
        pending.remove(done)
        got.append(done.result)
        context.set_custom_status(list(got))
    return got


@app.orchestration_trigger(context_name="context")
def status_comes_and_goes(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("here")
    yield context.call_activity("gate", context.get_input())
    context.set_custom_status(None)


@app.orchestration_trigger(context_name="context")
def clock_across_suspension(context: df.DurableOrchestrationContext) -> Any:
    """Its second turn takes until the test has suspended it."""
    yield context.call_activity("echo", None)
    now = [context.current_utc_datetime.isoformat(), context.new_uuid()]
    context.set_custom_status(now)
    if not context.is_replaying:
        (folder / f"{context.instance_id}.turn").touch()
        while not (folder / f"{context.instance_id}.suspended").exists():
            time.sleep(0.005)
    yield context.call_activity("echo", None)
    return now


@app.orchestration_trigger(context_name="context")
def retry_then_cancel(context: df.DurableOrchestrationContext) -> Any:
    """A retried activity beats a timer, which is cancelled."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    work = context.call_activity_with_retry("fail_once", df.RetryOptions(1, 3), context.instance_id)
    winner = yield context.task_any([work, timer])
    if winner is work:
        timer.cancel()
    after = yield context.call_activity("echo", "after")
    return [work.result, after]


@app.orchestration_trigger(context_name="context")
def big(context: df.DurableOrchestrationContext) -> Any:
    text = yield context.call_activity("echo", "ü" * context.get_input())
    return len(text)
