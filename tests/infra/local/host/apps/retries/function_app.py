"""Orchestrations that retry activities and sub-orchestrations."""

from collections import Counter
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
runs: Counter[str] = Counter()


@app.activity_trigger(input_name="given")
def flaky(given: dict) -> int:
    """Raises as often as it is told to; returns the number of this run."""
    runs[given["key"]] += 1
    if runs[given["key"]] <= given["failures"]:
        raise ValueError(f"run {runs[given['key']]}")
    return runs[given["key"]]


@app.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


def _options(given: dict[str, Any]) -> df.RetryOptions:
    return df.RetryOptions(given.get("interval", 10), given.get("attempts", 3))


@app.orchestration_trigger(context_name="context")
def retry(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    result = yield context.call_activity_with_retry("flaky", _options(given), given)
    after = yield context.call_activity("echo", "after")
    return [result, after]


@app.orchestration_trigger(context_name="context")
def retry_and_catch(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    try:
        yield context.call_activity_with_retry("flaky", _options(given), given)
    except Exception as error:
        after = yield context.call_activity("echo", "after")
        return [str(error).splitlines()[0], after]


@app.orchestration_trigger(context_name="context")
def retry_in_parallel(context: df.DurableOrchestrationContext) -> Any:
    """Plain activities between retried ones: numbers are given as events come by."""
    tasks = []
    for given in context.get_input():
        tasks.append(context.call_activity_with_retry("flaky", _options(given), given))
        tasks.append(context.call_activity("echo", given["key"]))
    results = yield context.task_all(tasks)
    after = yield context.call_activity("echo", "after")
    return [results, after]


@app.orchestration_trigger(context_name="context")
def retry_against_time(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    timeout = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=100))
    work = context.call_activity_with_retry("flaky", _options(given), given)
    winner = yield context.task_any([timeout, work])
    return "timed out" if winner is timeout else "in time"


@app.orchestration_trigger(context_name="context")
def flaky_child(context: df.DurableOrchestrationContext) -> Any:
    return (yield context.call_activity("flaky", context.get_input()))


@app.orchestration_trigger(context_name="context")
def retry_child(context: df.DurableOrchestrationContext) -> Any:
    given = context.get_input()
    return (
        yield context.call_sub_orchestrator_with_retry(
            "flaky_child", _options(given), given, given.get("child_id")
        )
    )
