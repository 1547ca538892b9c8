"""Corners of the protocol: what is outstanding, nesting, tasks used oddly, limits, races."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable, new_id
from tests.support.hosts.kinds import local_only
from tests.support.hosts.process import StartHost, wait_for

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose files let activities through."""
    return tmp_path_factory.mktemp("gates")


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost, gates: Path) -> Durable:
    return Durable(start_module_either(APPS / "corners", {"GATES": str(gates), "HUB": "MyHub"}))


def test_failing_waits_for_what_is_outstanding(durable: Durable, gates: Path) -> None:
    name = new_id()
    instance = durable.start("fails_with_loser", name)
    durable.wait_for_step(instance, "failing")
    durable.run("nested")
    assert durable.status(instance)["runtimeStatus"] == "Running"
    (gates / name).touch()
    status = durable.wait(instance)
    text = "Orchestrator function 'fails_with_loser' failed: too bad"
    assert (status["runtimeStatus"], status["output"]) == ("Failed", text)


def test_compounds_in_compounds(durable: Durable) -> None:
    assert durable.run("nested")["output"] == [[1, 2], "beside", "after"]


def test_an_empty_fan_out_inside_another(durable: Durable) -> None:
    assert durable.run("empty_inside")["output"] == [None, 1]


def test_tasks_never_yielded_or_yielded_twice(durable: Durable) -> None:
    assert durable.run("unused_and_twice")["output"] == [1, 1, 3]


def test_a_loser_may_be_waited_for_later(durable: Durable, gates: Path) -> None:
    name = new_id()
    instance = durable.start("loser_yielded_later", name)
    durable.wait_for_step(instance, "fast")
    (gates / name).touch()
    assert durable.wait(instance)["output"] == ["fast", name]


def test_results_as_they_come(durable: Durable, gates: Path) -> None:
    names = [new_id() for _ in range(3)]
    instance = durable.start("as_they_come", names)
    order = [names[1], names[2], names[0]]
    for n, name in enumerate(order, 1):
        (gates / name).touch()
        durable.wait_for_step(instance, order[:n])
    assert durable.wait(instance)["output"] == order


def test_a_custom_status_can_be_taken_back(durable: Durable, gates: Path) -> None:
    name = new_id()
    instance = durable.start("status_comes_and_goes", name)
    durable.wait_for_step(instance, "here")
    (gates / name).touch()
    assert durable.wait(instance)["customStatus"] is None


@local_only
def test_a_suspension_does_not_move_the_clock(durable: Durable, gates: Path) -> None:
    """It takes effect amid a turn, which in Azure it does not."""
    instance = durable.start("clock_across_suspension")
    wait_for((gates / f"{instance}.turn").exists, "the slow turn")
    assert durable.post(f"/instances/{instance}/suspend").status_code == 202
    assert durable.status(instance)["runtimeStatus"] == "Suspended"
    (gates / f"{instance}.suspended").touch()
    status = durable.wait_until(instance, lambda s: s["customStatus"] is not None)
    assert durable.post(f"/instances/{instance}/resume").status_code == 202
    assert durable.wait(instance)["output"] == status["customStatus"]


def test_a_retried_activity_against_a_timer_that_is_cancelled(durable: Durable) -> None:
    """Known of the extension: in replay a cancelled timer ends the race before the retry.

    What follows the race then takes the number that the history gives to the retry's timer.
    """
    status = durable.run("retry_then_cancel")
    assert status["runtimeStatus"] == "Failed"
    assert status["output"].startswith("Non-Deterministic workflow detected")


def test_late_results_do_not_reach_a_new_instance_of_the_same_id(
    durable: Durable, gates: Path
) -> None:
    old, new = new_id(), new_id()
    instance = durable.start("status_comes_and_goes", old)
    durable.wait_for_step(instance, "here")
    durable.post(f"/instances/{instance}/terminate")
    durable.wait(instance, "Terminated")
    durable.start("status_comes_and_goes", new, instance)
    durable.wait_for_step(instance, "here")
    (gates / old).touch()
    durable.run("nested")
    assert durable.status(instance)["runtimeStatus"] == "Running"
    (gates / new).touch()
    assert durable.wait(instance)["runtimeStatus"] == "Completed"


@local_only
def test_of_many_starts_of_one_id_one_is_accepted(durable: Durable, gates: Path) -> None:
    """In Azure several are, and the orchestration runs once."""
    name = new_id()
    path = f"/orchestrators/status_comes_and_goes/{new_id()}"
    with ThreadPoolExecutor(10) as pool:
        answers = pool.map(lambda _: durable.post(path, f'"{name}"'), range(20))
        codes = sorted(answer.status_code for answer in answers)
    assert codes == [202] + [409] * 19
    (gates / name).touch()


def test_host_json_bounds_the_activities_at_once(durable: Durable) -> None:
    durable.run("crowd")
    assert durable.host.client.get("/api/most-at-once").text == "3"


@local_only  # a real host has one of its own from the environment
def test_host_json_names_the_hub(durable: Durable) -> None:
    payload = durable.post("/orchestrators/nested").json()
    assert "taskHub=MyHub" in payload["statusQueryGetUri"]


def test_large_values_travel(durable: Durable) -> None:
    assert durable.run("big", 2_000_000)["output"] == 2_000_000
