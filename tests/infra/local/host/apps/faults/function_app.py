"""Orchestrations whose activities write down each of their runs."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
folder = Path(os.environ["RUNS_FOLDER"])


def _note(line: str) -> None:
    with (folder / "runs").open("a") as runs:
        runs.write(line + "\n")


def _pass_gate(name: str | None) -> None:
    """Wait until a file of that name is there."""
    while name and not (folder / name).exists():
        time.sleep(0.005)


@app.activity_trigger(input_name="given")
def work(given: dict) -> int:
    _note(f"begin {given['owner']} {given['step']}")
    _pass_gate(given.get("gate"))
    time.sleep(given.get("seconds", 0))
    _note(f"end {given['owner']} {given['step']}")
    return int(given["step"])


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    done = []
    for step in range(given["steps"]):
        gate = given.get("gates", {}).get(str(step))
        done.append((yield context.call_activity("work", _task(context, step, given, gate))))
    return done


@app.orchestration_trigger(context_name="context")
def fan(context: df.DurableOrchestrationContext) -> Any:
    """All steps but the last side by side."""
    given = context.get_input()
    gates = given.get("gates", {})
    tasks = [_task(context, step, given, gates.get(str(step))) for step in range(given["steps"])]
    done = yield context.task_all([context.call_activity("work", task) for task in tasks[:-1]])
    done.append((yield context.call_activity("work", tasks[-1])))
    return done


@app.orchestration_trigger(context_name="context")
def timed(context: df.DurableOrchestrationContext) -> Any:
    """A timer before each step."""
    given = context.get_input()
    done = []
    for step in range(given["steps"]):
        due = context.current_utc_datetime + timedelta(seconds=given["seconds"])
        yield context.create_timer(due)
        done.append((yield context.call_activity("work", _task(context, step, {}, None))))
    return done


@app.orchestration_trigger(context_name="context")
def nested(context: df.DurableOrchestrationContext) -> Any:
    """Two chains and a fan-out as children, side by side."""
    given = context.get_input()
    kinds = ("chain", "fan", "chain")
    return (yield context.task_all([context.call_sub_orchestrator(k, given) for k in kinds]))


@app.orchestration_trigger(context_name="context")
def generations(context: df.DurableOrchestrationContext) -> Any:
    """A step a generation."""
    given = context.get_input()
    done = given.get("done", [])
    step = len(done)
    if step == given["steps"]:
        return done
    done.append((yield context.call_activity("work", _task(context, step, given, None))))
    context.continue_as_new({**given, "done": done})


@app.orchestration_trigger(context_name="context")
def slow_turn(context: df.DurableOrchestrationContext) -> Any:
    """Its code itself waits at a gate after the first step."""
    first = yield context.call_activity("work", _task(context, 0, {}, None))
    _note(f"turn {context.instance_id}")
    _pass_gate(context.get_input()["gate"])
    second = yield context.call_activity("work", _task(context, 1, {}, None))
    return [first, second]


@app.orchestration_trigger(context_name="context")
def listener(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.wait_for_external_event("go"))


def _task(
    context: df.DurableOrchestrationContext, step: int, given: dict[str, Any], gate: str | None
) -> dict[str, Any]:
    seconds = given.get("seconds", 0)
    return {"owner": context.instance_id, "step": step, "gate": gate, "seconds": seconds}
