"""Instances that began under one version of an app and go on under another."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable, JsonObject
from tests.support.hosts.kinds import local_only, long_on_real
from tests.support.hosts.process import StartHost, run_to_end

APPS = Path(__file__).parent / "apps"
LOUD = "Non-Deterministic workflow detected"
BEFORE = (
    "A previous execution of this orchestration scheduled an activity task with sequence {}, but "
    "the current {} Was a change made to the orchestrator code"
)
INSTEAD = BEFORE.format("number 0 named 'first'", "orchestration replay instead {}")
EXPECTED = {
    "other name": INSTEAD.format(
        "scheduled an activity task named 'second' with this sequence number. "
    ),
    "other kind": INSTEAD.format(
        "produced a CreateTimerOrchestratorAction action with this sequence number."
    ),
    "other child": INSTEAD.format(
        "produced a CreateSubOrchestrationAction action with this sequence number."
    ),
    "nothing": BEFORE.format(
        "ID 0 and name 'first' (version '')",
        "replay execution hasn't (yet?) scheduled this task.",
    ),
}


def go_on(start_either: StartHost, change: str) -> JsonObject:
    """What becomes of an instance whose app changes while it waits."""
    host = start_either(APPS / "changing")
    durable = Durable(host)
    instance = durable.start("steps")
    durable.wait_for_step(instance, "waiting")
    host.env["CHANGE"] = change
    host.restart()
    durable.raise_event(instance, "go", "went")
    return durable.wait(instance)


@long_on_real
@pytest.mark.parametrize("change", ["none", "other case and input", "more at the end"])
def test_what_does_no_harm(start_either: StartHost, change: str) -> None:
    status = go_on(start_either, change)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", "went")


@long_on_real
@pytest.mark.parametrize("change", EXPECTED)
def test_what_contradicts_the_history_fails_loudly(start_either: StartHost, change: str) -> None:
    status = go_on(start_either, change)
    assert status["runtimeStatus"] == "Failed"
    assert status["output"].startswith(LOUD)
    assert EXPECTED[change] in status["output"]


def test_the_state_of_another_version_of_the_host_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "durable.sqlite"
    with closing(sqlite3.connect(database)) as written:
        written.execute("create table instances (id text)")
    status, output = run_to_end(APPS / "changing", tmp_path)
    assert status != 0
    assert f"{database} was written by another version of the host: remove it." in output
    assert "Traceback" not in output


def test_an_orchestrator_that_is_gone(start_either: StartHost) -> None:
    status = go_on(start_either, "orchestrator gone")
    assert status["runtimeStatus"] == "Failed"
    assert status["output"].startswith(LOUD)


@local_only
def test_an_activity_that_is_gone(start_either: StartHost) -> None:
    """In Azure the instance stays Running."""
    status = go_on(start_either, "activity gone")
    assert status["runtimeStatus"] == "Failed"
    assert "The function 'second' doesn't exist" in status["output"]
