"""Retries of activities and sub-orchestrations: attempts, intervals, and what follows the last."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.hosts.durable_api import Durable, JsonObject, new_id
from tests.support.hosts.process import StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost) -> Durable:
    return Durable(start_module_either(APPS / "retries"))


def plan(failures: int, **more: Any) -> JsonObject:
    return {"key": new_id(), "failures": failures, **more}


def of_type(history: list[JsonObject], *kinds: str) -> list[JsonObject]:
    return [event for event in history if event["EventType"] in kinds]


def moment(event: JsonObject, key: str = "Timestamp") -> datetime:
    return datetime.fromisoformat(event[key])


def test_without_a_failure_there_is_one_attempt(durable: Durable) -> None:
    instance = durable.start("retry", plan(0))
    assert durable.wait(instance)["output"] == [1, "after"]
    assert not of_type(durable.history(instance), "TimerCreated", "TimerFired")


def test_it_is_tried_until_it_succeeds(durable: Durable) -> None:
    assert durable.run("retry", plan(2))["output"] == [3, "after"]


def test_each_attempt_waits_the_interval(durable: Durable) -> None:
    instance = durable.start("retry", plan(2, interval=1900))
    durable.wait(instance)
    tasks = of_type(durable.history(instance), "TaskFailed", "TaskCompleted")[:3]
    for failed, following in pairwise(tasks):
        waited = moment(following, "ScheduledTime") - moment(failed)
        assert waited >= timedelta(milliseconds=900), "as timers do, up to a second less"


def test_after_the_last_attempt_a_timer_fires_at_once_and_the_last_error_is_seen(
    durable: Durable,
) -> None:
    instance = durable.start("retry_and_catch", plan(9, interval=300))
    output = durable.wait(instance)["output"]
    assert output == ["Activity function 'flaky' failed: ValueError: run 3 ", "after"]
    history = durable.history(instance)
    assert len(of_type(history, "TaskFailed")) == 3
    last = of_type(history, "TimerCreated")[-1]
    assert len(of_type(history, "TimerFired")) == 3
    assert moment(last, "FireAt") <= moment(last), "due when it was made"


def test_one_attempt_is_one_attempt(durable: Durable) -> None:
    status = durable.run("retry", plan(1, attempts=1))
    assert status["runtimeStatus"] == "Failed"
    assert "ValueError: run 1" in status["output"]


def test_retries_in_parallel_do_not_confuse_each_other(durable: Durable) -> None:
    plans = [plan(n % 3, interval=20 * (n % 4 + 1), attempts=3) for n in range(12)]
    status = durable.run("retry_in_parallel", plans)
    assert status["runtimeStatus"] == "Completed", status["output"]
    results, after = status["output"]
    assert results[::2] == [p["failures"] + 1 for p in plans]
    assert results[1::2] == [p["key"] for p in plans]
    assert after == "after"


def test_one_of_several_retries_that_fails_for_good_fails_the_instance(durable: Durable) -> None:
    plans = [plan(1), plan(9), plan(2)]
    status = durable.run("retry_in_parallel", plans)
    assert status["runtimeStatus"] == "Failed"
    assert "ValueError: run 3" in status["output"]


def test_an_attempt_that_lost_against_a_timer_goes_on_until_its_end(durable: Durable) -> None:
    instance = durable.start("retry_against_time", plan(9, interval=1900))
    assert durable.wait(instance)["output"] == "timed out"
    assert len(of_type(durable.history(instance), "TaskFailed")) == 3


def test_each_attempt_of_a_child_without_id_is_an_instance_of_its_own(durable: Durable) -> None:
    given = plan(2)
    assert durable.run("retry_child", given)["output"] == 3
    children = [
        (c["instanceId"].partition(":"), c["runtimeStatus"])
        for c in durable.get("/instances").json()
        if c["name"] == "flaky_child" and given["key"] in c["input"]
    ]
    executions, numbers = {part[0] for part, _ in children}, [part[2] for part, _ in children]
    assert len(executions) == 1
    assert numbers == ["0", "2", "4"], "a timer has the number between two attempts"
    assert [status for _, status in children] == ["Failed", "Failed", "Completed"]


def test_a_child_with_an_id_is_tried_again_under_it(durable: Durable) -> None:
    child = new_id()
    assert durable.run("retry_child", plan(1, child_id=child))["output"] == 2
    assert durable.status(child)["runtimeStatus"] == "Completed"


def test_a_child_that_fails_for_good_fails_its_parent(durable: Durable) -> None:
    status = durable.run("retry_child", plan(9))
    assert status["runtimeStatus"] == "Failed"
    assert "Orchestrator function 'flaky_child' failed: " in status["output"]
    assert "ValueError: run 3" in status["output"]
