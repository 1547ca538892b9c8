"""Instances that began under one version of an app and go on under another."""

from pathlib import Path

import pytest

from tests.durable import Durable, JsonObject
from tests.host_process import StartHost

APPS = Path(__file__).parent / "apps"
LOUD = "Non-Deterministic workflow detected"


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


@pytest.mark.parametrize("change", ["none", "other case and input", "more at the end"])
def test_what_does_no_harm(start_either: StartHost, change: str) -> None:
    status = go_on(start_either, change)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", "went")


@pytest.mark.parametrize("change", ["other name", "other kind", "other child", "nothing"])
def test_what_contradicts_the_history_fails_loudly(start_either: StartHost, change: str) -> None:
    status = go_on(start_either, change)
    assert status["runtimeStatus"] == "Failed"
    assert status["output"].startswith(LOUD)
    assert "'first'" in status["output"]
    assert "sequence number 0" in status["output"]


@pytest.mark.parametrize(
    ("change", "missing"), [("activity gone", "second"), ("orchestrator gone", "steps")]
)
def test_a_function_that_is_gone(start_either: StartHost, change: str, missing: str) -> None:
    status = go_on(start_either, change)
    assert status["runtimeStatus"] == "Failed"
    assert f"The function '{missing}' doesn't exist" in status["output"]
