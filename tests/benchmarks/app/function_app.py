"""An app of no-ops, to time the host and not the work."""

import time
from pathlib import Path
from typing import Any

import azure.durable_functions as df

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext) -> Any:
    """Five no-ops in a row."""
    value = 0
    for _ in range(5):
        value = yield context.call_activity("no_op", value)
    return value


@app.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext) -> Any:
    """As many activities at once as the input says."""
    wanted = context.get_input()
    calls = [context.call_activity(wanted["activity"], n) for n in range(wanted["count"])]
    return len((yield context.task_all(calls)))


@app.orchestration_trigger(context_name="context")
def waiting(context: df.DurableOrchestrationContext) -> Any:
    """An activity that takes its time, then one that notes when it ran."""
    yield context.call_activity("linger", None)
    yield context.call_activity("note_time", context.get_input()["notes"])


@app.activity_trigger(input_name="value")
def no_op(value: int) -> int:
    """Nothing."""
    return value + 1


@app.activity_trigger(input_name="value")
def ten_milliseconds(value: int) -> int:
    """A blocking call of 10 ms."""
    time.sleep(0.01)
    return value


@app.activity_trigger(input_name="nothing")
def linger(nothing: None) -> None:
    """A blocking call of half a second."""
    time.sleep(0.5)


@app.activity_trigger(input_name="path")
def note_time(path: str) -> None:
    """Append the time now to a file."""
    with Path(path).open("a") as file:
        file.write(f"{time.time()}\n")
