"""An app that has changed between two starts, or has not: `CHANGE` says how."""

import os
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
change = os.environ.get("CHANGE", "")


@app.activity_trigger(input_name="value")
def first(value: Any) -> Any:
    return value


if change != "activity gone":

    @app.activity_trigger(input_name="value")
    def second(value: Any) -> Any:
        return value


@app.orchestration_trigger(context_name="context")
def other(context: df.DurableOrchestrationContext) -> Any:
    return "other"


def _steps(context: df.DurableOrchestrationContext) -> Any:
    """Before the change: `first` with "a", then a wait, then `second`."""
    if change == "other name":
        yield context.call_activity("second", "a")
    elif change == "other kind":
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    elif change == "other child":
        yield context.call_sub_orchestrator("other")
    elif change == "nothing":
        pass
    elif change == "other case and input":
        yield context.call_activity("FIRST", "b")
    else:
        yield context.call_activity("first", "a")
    context.set_custom_status("waiting")
    got = yield context.wait_for_external_event("go")
    if change == "more at the end":
        yield context.call_activity("first", "more")
    done = yield context.call_activity("second", got)
    return done


if change != "orchestrator gone":

    @app.orchestration_trigger(context_name="context")
    def steps(context: df.DurableOrchestrationContext) -> Any:
        return (yield from _steps(context))
