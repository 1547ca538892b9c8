"""A host that is killed at a chosen point goes on after a restart; what is done stays done."""

import signal
import time
from pathlib import Path

import pytest

from tests.support.hosts.crashes import Crashing
from tests.support.hosts.kinds import long_on_real
from tests.support.hosts.process import StartHost, wait_for

pytestmark = long_on_real


@pytest.fixture
def crashing(start_either: StartHost, tmp_path: Path) -> Crashing:
    return Crashing(start_either, tmp_path)


def test_mid_activity(crashing: Crashing) -> None:
    instance = crashing.durable.start("chain", {"steps": 3, "gates": {"1": "gate"}})
    crashing.wait_for_run("begin", instance, 1)
    crashing.crash()
    crashing.wait_for_run("begin", instance, 1)
    crashing.open("gate")
    assert crashing.durable.wait(instance)["output"] == [0, 1, 2]
    assert [crashing.count("begin", instance, step) for step in range(3)] == [1, 2, 1]


def test_mid_fan_out(crashing: Crashing) -> None:
    gates = {str(step): "gate" for step in (1, 3, 5)}
    instance = crashing.durable.start("fan", {"steps": 7, "gates": gates})
    crashing.wait_for_run("end", instance, 0, 2, 4)
    crashing.settle()
    crashing.crash()
    crashing.open("gate")
    assert crashing.durable.wait(instance)["output"] == list(range(7))
    assert [crashing.count("begin", instance, step) for step in range(7)] == [1, 2, 1, 2, 1, 2, 1]


def test_mid_turn(crashing: Crashing) -> None:
    instance = crashing.durable.start("slow_turn", {"gate": "gate"})
    runs = crashing.folder / "runs"
    wait_for(lambda: runs.exists() and f"turn {instance}" in runs.read_text(), "the turn")
    crashing.crash()
    crashing.open("gate")
    assert crashing.durable.wait(instance)["output"] == [0, 1]
    assert [crashing.count("begin", instance, step) for step in range(2)] == [1, 1]


@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_while_a_timer_is_pending(crashing: Crashing, pause: float) -> None:
    """Also a timer that comes due while there is no host fires, once."""
    instance = crashing.durable.start("timed", {"steps": 2, "seconds": 1.9})
    crashing.durable.wait(instance, "Running")
    crashing.host.kill()
    time.sleep(pause)
    crashing.host.start()
    assert crashing.durable.wait(instance)["output"] == [0, 1]
    fired = [e for e in crashing.durable.history(instance) if e["EventType"] == "TimerFired"]
    assert len(fired) == 2


def test_what_was_accepted_is_not_lost(crashing: Crashing) -> None:
    durable = crashing.durable
    told, ended, held = (durable.start("listener") for _ in range(3))
    for each in (told, ended, held):
        durable.wait(each, "Running")
    durable.raise_event(told, "go", "heard")
    durable.post(f"/instances/{ended}/terminate", reason="enough")
    durable.post(f"/instances/{held}/suspend")
    durable.raise_event(held, "go", "later")
    started = durable.start("chain", {"steps": 2})
    crashing.crash()
    assert durable.wait(told)["output"] == "heard"
    assert durable.wait(ended)["output"] == "enough"
    assert durable.wait(started)["output"] == [0, 1]
    assert durable.status(held)["runtimeStatus"] == "Suspended"
    durable.post(f"/instances/{held}/resume")
    assert durable.wait(held)["output"] == "later"


def test_many_instances_at_once(crashing: Crashing) -> None:
    given = {"steps": 5, "seconds": 0.02}
    instances = {crashing.durable.start("chain", given): "chain" for _ in range(40)}
    wait_for(lambda: len(crashing.runs()) > 100, "the first runs")
    crashing.crash()
    crashing.assert_all_finish(instances)
    crashing.assert_no_step_ran_after_a_later_one(set())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_host_that_is_asked_to_end_does_not_wait_for_activities(
    crashing: Crashing, number: signal.Signals
) -> None:
    instance = crashing.durable.start("chain", {"steps": 2, "gates": {"1": "gate"}})
    crashing.wait_for_run("begin", instance, 1)
    assert crashing.host.end(number) == 0
    crashing.host.start()
    crashing.open("gate")
    assert crashing.durable.wait(instance)["output"] == [0, 1]
    assert crashing.count("begin", instance, 0) == 1
