"""Timer functions that note each of their runs."""

import json
import os
import sys
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()
runs = Path(os.environ["RUNS_FILE"])


def _note(what: str) -> None:
    with runs.open("a") as file:
        file.write(f"{what} {time.time()}\n")


def _note_request(what: str, timer: func.TimerRequest) -> None:
    path = runs.with_name(f"{what}.json")
    path.with_suffix(".new").write_text(json.dumps([timer.schedule_status, timer.schedule]))
    path.with_suffix(".new").replace(path)


@app.route(route="ping", auth_level=func.AuthLevel.ANONYMOUS)
def ping(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("pong")


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    _note(f"every_second {timer.past_due}")
    _note_request("secondly", timer)


@app.timer_trigger(arg_name="timer", schedule="%OFTEN%")
async def by_setting(timer: func.TimerRequest) -> None:
    _note("by_setting")


@app.timer_trigger(arg_name="timer", schedule="00:00:01")
def slow(timer: func.TimerRequest) -> None:
    _note("slow begins")
    time.sleep(1.4)
    _note("slow ends")


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def raising(timer: func.TimerRequest) -> None:
    _note("raising")
    raise ValueError("no luck")


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def leaving(timer: func.TimerRequest) -> None:
    _note("leaving")
    sys.exit(3)


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
def at_start(timer: func.TimerRequest) -> None:
    _note("at_start")
    _note_request("yearly", timer)


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def once_a_year(timer: func.TimerRequest) -> None:
    _note("once_a_year")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
def returning(timer: func.TimerRequest) -> str:
    return "what nobody takes"


@app.timer_trigger(arg_name="timer", schedule="0 0 0 31 2 *")
def never(timer: func.TimerRequest) -> None:
    _note("never")
