"""Functions that take longer than they may, and some that do not."""

import os
import time
import uuid
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
folder = Path(os.environ["RUNS_FOLDER"])
START = uuid.uuid4().hex


def _beat(name: str) -> None:
    """Run for ever, and say so."""
    while True:
        (folder / name).touch()
        time.sleep(0.05)


@app.route(route="start")
def start(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(START)


@app.route(route="plain")
def plain(req: func.HttpRequest) -> func.HttpResponse:
    _beat("plain")
    return func.HttpResponse()


@app.route(route="blocking")
async def blocking(req: func.HttpRequest) -> func.HttpResponse:
    """Nothing else on the event loop gets a turn."""
    _beat("blocking")
    return func.HttpResponse()


@app.route(route="late")
def late(req: func.HttpRequest) -> func.HttpResponse:
    """Ends after its timeout, within the grace."""
    time.sleep(2.5)
    (folder / "late").touch()
    return func.HttpResponse("late")


@app.activity_trigger(input_name="name")
def hang(name: str) -> None:
    _beat(name)


@app.activity_trigger(input_name="step")
def work(step: str) -> str:
    """Takes most of the time that it has."""
    with (folder / "steps").open("a") as steps:
        steps.write(f"{step}\n")
    time.sleep(1.5)
    return step


@app.orchestration_trigger(context_name="context")
def hangs(context: df.DurableOrchestrationContext) -> Any:
    yield context.call_activity("hang", context.instance_id)


@app.orchestration_trigger(context_name="context")
def works(context: df.DurableOrchestrationContext) -> Any:
    done = []
    for step in range(context.get_input()):
        done.append((yield context.call_activity("work", f"{context.instance_id} {step}")))
    return done
