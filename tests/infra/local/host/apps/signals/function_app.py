"""Orchestrations that wait for external events, and clients that send them."""

from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="raise/{id}/{event}")
@app.durable_client_input(client_name="client")
async def raise_event(req: func.HttpRequest, client: str) -> func.HttpResponse:
    """Raise an event by the SDK's client."""
    sender: Any = client
    data = req.get_json() if req.get_body() else None
    try:
        await sender.raise_event(req.route_params["id"], req.route_params["event"], data)
    except Exception as error:
        return func.HttpResponse(str(error), status_code=400)
    return func.HttpResponse("sent")


@app.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@app.orchestration_trigger(context_name="context")
def wait_for(context: df.DurableOrchestrationContext) -> Any:
    """Waits one after the other for the named events."""
    got = []
    for name in context.get_input():
        context.set_custom_status(f"{name} {len(got)}")
        value = yield context.wait_for_external_event(name)
        got.append(value)
    return got


@app.orchestration_trigger(context_name="context")
def wait_for_all(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("waiting")
    names = context.get_input()
    return (yield context.task_all([context.wait_for_external_event(name) for name in names]))


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("waiting")
    timeout = context.create_timer(
        context.current_utc_datetime + timedelta(seconds=context.get_input())
    )
    approved = context.wait_for_external_event("approved")
    winner = yield context.task_any([approved, timeout])
    if winner is timeout:
        return "timed out"
    timeout.cancel()
    return approved.result


@app.orchestration_trigger(context_name="context")
def late_wait(context: df.DurableOrchestrationContext) -> Any:
    """Comes to its wait only when it is told to, and after an activity."""
    context.set_custom_status("busy")
    yield context.wait_for_external_event("wait now")
    yield context.call_activity("echo", None)
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def collect(context: df.DurableOrchestrationContext) -> Any:
    """One event a generation, until "stop"; then what it got."""
    got = context.get_input() or []
    context.set_custom_status(len(got) or "none")
    value = yield context.wait_for_external_event("item")
    if value == "stop":
        return got
    context.continue_as_new([*got, value])
    return None


@app.orchestration_trigger(context_name="context")
def forgetful(context: df.DurableOrchestrationContext) -> Any:
    """Its first generation does not look at its items."""
    if context.get_input() is None:
        context.set_custom_status("not looking")
        yield context.wait_for_external_event("continue")
        context.continue_as_new("looking")
        return None
    timer = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=200))
    item = context.wait_for_external_event("item")
    winner = yield context.task_any([item, timer])
    return "nothing came" if winner is timer else item.result


@app.orchestration_trigger(context_name="context")
def count_down(context: df.DurableOrchestrationContext) -> Any:
    """Continues as new without a yield."""
    left = context.get_input()
    if left:
        context.continue_as_new(left - 1)
        return None
    return "zero"


@app.orchestration_trigger(context_name="context")
def eternal(context: df.DurableOrchestrationContext) -> Any:
    generation = context.get_input()
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=5))
    context.set_custom_status(generation)
    context.continue_as_new(generation + 1)


@app.orchestration_trigger(context_name="context")
def new_with_loser(context: df.DurableOrchestrationContext) -> Any:
    """Continues as new while a timer of its own is pending."""
    if context.get_input() == "again":
        return "again"
    forgotten = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=2500))
    yield context.task_any([forgotten, context.call_activity("echo", None)])
    context.set_custom_status("continuing")
    context.continue_as_new("again")


@app.orchestration_trigger(context_name="context")
def late_twice(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("busy")
    yield context.wait_for_external_event("wait now")
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("go")
    context.set_custom_status("done")
    return [first, second]


@app.orchestration_trigger(context_name="context")
def count_up(context: df.DurableOrchestrationContext) -> Any:
    """Never yields and never ends."""
    context.continue_as_new(context.get_input() + 1)


@app.orchestration_trigger(context_name="context")
def lost_wait(context: df.DurableOrchestrationContext) -> Any:
    context.set_custom_status("waiting")
    go, other = (context.wait_for_external_event(name) for name in ("go", "other"))
    winner = yield context.task_any([go, other])
    context.set_custom_status("again")
    second = yield context.wait_for_external_event("go")
    return [winner.result, second]
