"""Orchestrations with children, and activities that can be repaired from outside."""

import os
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
folder = Path(os.environ["BROKEN_FOLDER"])


@app.activity_trigger(input_name="key")
def work(key: str) -> str:
    """Fails while a file of that name exists; counts its runs in a file beside it."""
    with (folder / f"{key}.runs").open("a") as runs:
        runs.write("x")
    if (folder / key).exists():
        raise ValueError(f"{key} is broken")
    return key


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    if given == "fail":
        raise ValueError("no child")
    if given == "wait":
        return (yield context.wait_for_external_event("go"))
    return {"seen": given, "parent": context.parent_instance_id}


@app.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    return (yield context.call_sub_orchestrator("child", given.get("input"), given.get("child_id")))


@app.orchestration_trigger(context_name="context")
def parent_that_catches(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    try:
        yield context.call_sub_orchestrator("child", given.get("input"), given.get("child_id"))
    except Exception as error:
        return str(error).splitlines()[0].rstrip()


@app.orchestration_trigger(context_name="context")
def many_children(context: df.DurableOrchestrationContext) -> Any:
    tasks = [context.call_sub_orchestrator(child, n) for n in range(context.get_input())]
    results = yield context.task_all(tasks)
    return [result["seen"] for result in results]


@app.orchestration_trigger(context_name="context")
def parent_of_stranger(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_sub_orchestrator("stranger")


@app.orchestration_trigger(context_name="context")
def three_steps(context: df.DurableOrchestrationContext) -> Any:
    done = []
    for key in context.get_input():
        done.append((yield context.call_activity("work", key)))
    return done


@app.orchestration_trigger(context_name="context")
def side_by_side(context: df.DurableOrchestrationContext) -> Any:
    tasks = [context.call_activity("work", key) for key in context.get_input()]
    return (yield context.task_all(tasks))


@app.orchestration_trigger(context_name="context")
def with_retry(context: df.DurableOrchestrationContext) -> Any:
    first, second = context.get_input()
    options = df.RetryOptions(1, 2)
    results = yield context.task_all(
        [
            context.call_activity_with_retry("work", options, first),
            context.call_activity_with_retry("work", options, second),
        ]
    )
    results.append((yield context.call_activity("work", first)))
    return results


@app.orchestration_trigger(context_name="context")
def family(context: df.DurableOrchestrationContext) -> Any:
    first, second = context.get_input()
    before = yield context.call_activity("work", first)
    steps = yield context.call_sub_orchestrator("three_steps", [first, second])
    return [before, *steps]


@app.orchestration_trigger(context_name="context")
def child_of_generations(context: df.DurableOrchestrationContext) -> Any:
    left = context.get_input()
    yield context.call_activity("work", f"{context.instance_id.replace(':', '-')}-{left}")
    if not left:
        return "last"
    context.continue_as_new(left - 1)


@app.orchestration_trigger(context_name="context")
def parent_of_generations(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_sub_orchestrator("child_of_generations", 3))
