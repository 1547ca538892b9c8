"""Sub-orchestrations, and rewinding what failed."""

from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable, JsonObject, new_id
from tests.support.hosts.kinds import local_only
from tests.support.hosts.process import StartHost, wait_for

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose files break the activity of their name."""
    return tmp_path_factory.mktemp("broken")


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost, broken: Path) -> Durable:
    return Durable(start_module_either(APPS / "families", {"BROKEN_FOLDER": str(broken)}))


def outcome(status: JsonObject) -> tuple[str, object]:
    return status["runtimeStatus"], status["output"]


class TestChildren:
    def test_a_child_has_the_id_it_is_given(self, durable: Durable) -> None:
        given = {"child_id": new_id(), "input": {"a": 1}}
        instance = durable.start("parent", given)
        expected = {"seen": {"a": 1}, "parent": instance}
        assert outcome(durable.wait(instance)) == ("Completed", expected)
        assert outcome(durable.status(given["child_id"])) == ("Completed", expected)  # type: ignore[arg-type]

    @pytest.mark.parametrize("value", [None, 0, "text", '{"a": 1}', [1, None], {"ü": []}])
    def test_a_child_sees_the_input_it_is_given(self, durable: Durable, value: object) -> None:
        status = durable.run("parent", {"input": value})
        assert status["output"]["seen"] == value

    def test_children_side_by_side(self, durable: Durable) -> None:
        assert durable.run("many_children", 20)["output"] == list(range(20))

    def test_a_childs_failure_is_the_parents(self, durable: Durable) -> None:
        text = "Orchestrator function 'child' failed: no child"
        assert durable.run("parent_that_catches", {"input": "fail"})["output"] == text
        status = durable.run("parent", {"input": "fail"})
        assert status["runtimeStatus"] == "Failed"
        assert status["output"].startswith(
            f"Orchestrator function 'parent' failed: {text} \n Message: no child, StackTrace: "
        )

    @local_only
    def test_an_unknown_orchestrator_fails_the_parent(self, durable: Durable) -> None:
        """In Azure it stays Running."""
        status = durable.run("parent_of_stranger")
        assert status["runtimeStatus"] == "Failed"
        assert "The function 'stranger' doesn't exist" in status["output"]
        assert status["output"].endswith("In Azure the instance would stay Running for ever.")

    @local_only
    def test_an_id_that_runs_is_refused(self, durable: Durable) -> None:
        """In Azure the child takes its place."""
        taken = durable.start("child", "wait")
        durable.wait(taken, "Running")
        status = durable.run("parent_that_catches", {"child_id": taken})
        assert f"{taken} already runs. In Azure " in status["output"]
        durable.raise_event(taken, "go", "unharmed")
        assert durable.wait(taken)["output"] == "unharmed"

    def test_an_id_that_has_finished_is_used_again(self, durable: Durable) -> None:
        used = durable.start("child", "first")
        durable.wait(used)
        assert durable.run("parent", {"child_id": used, "input": 2})["output"]["seen"] == 2

    def test_a_child_that_continues_as_new_stays_its_parents(self, durable: Durable) -> None:
        assert outcome(durable.run("parent_of_generations")) == ("Completed", "last")

    def test_a_terminated_child_is_a_failed_one(self, durable: Durable) -> None:
        child = new_id()
        instance = durable.start("parent_that_catches", {"child_id": child, "input": "wait"})
        wait_for_child(durable, child)
        durable.post(f"/instances/{child}/terminate", reason="not needed")
        assert durable.wait(instance)["output"] == "not needed"

    def test_a_terminated_parent_leaves_its_child_alone(self, durable: Durable) -> None:
        child = new_id()
        instance = durable.start("parent", {"child_id": child, "input": "wait"})
        wait_for_child(durable, child)
        durable.post(f"/instances/{instance}/terminate")
        durable.wait(instance, "Terminated")
        durable.raise_event(child, "go", "grown up")
        assert outcome(durable.wait(child)) == ("Completed", "grown up")
        assert durable.status(instance)["runtimeStatus"] == "Terminated"


class TestRewind:
    def test_only_what_failed_runs_again(self, durable: Durable, broken: Path) -> None:
        keys = [new_id() for _ in range(3)]
        (broken / keys[1]).touch()
        instance = durable.start("three_steps", keys)
        assert durable.wait(instance)["runtimeStatus"] == "Failed"
        assert rewound(durable, instance, broken / keys[1]) == ("Completed", keys)
        assert runs(broken, keys) == [1, 2, 1]

    def test_it_may_fail_again(self, durable: Durable, broken: Path) -> None:
        keys = [new_id()]
        (broken / keys[0]).touch()
        instance = durable.start("three_steps", keys)
        durable.wait(instance)
        durable.post(f"/instances/{instance}/rewind")
        durable.wait_until(instance, lambda _: runs(broken, keys) == [2])
        assert durable.wait(instance)["runtimeStatus"] == "Failed"
        assert rewound(durable, instance, broken / keys[0]) == ("Completed", keys)

    def test_members_of_a_fan_out(self, durable: Durable, broken: Path) -> None:
        keys = [new_id() for _ in range(4)]
        (broken / keys[0]).touch()
        (broken / keys[2]).touch()
        instance = durable.start("side_by_side", keys)
        durable.wait(instance)
        assert rewound(durable, instance, broken / keys[0], broken / keys[2]) == ("Completed", keys)
        assert runs(broken, keys) == [2, 1, 2, 1]

    def test_work_with_retries_cannot_be_rewound(self, durable: Durable, broken: Path) -> None:
        """The timers between the attempts are still in the history."""
        keys = [new_id(), new_id()]
        (broken / keys[0]).touch()
        instance = durable.start("with_retry", keys)
        durable.wait(instance)
        status, output = rewound(durable, instance, broken / keys[0])
        assert status == "Failed"
        assert str(output).startswith("Non-Deterministic workflow detected: ")

    def test_a_child_is_rewound_with_its_parent(self, durable: Durable, broken: Path) -> None:
        keys = [new_id(), new_id()]
        (broken / keys[1]).touch()
        instance = durable.start("family", keys)
        durable.wait(instance)
        assert rewound(durable, instance, broken / keys[1]) == ("Completed", [keys[0], *keys])
        assert runs(broken, keys) == [2, 2]

    def test_who_has_not_failed_is_refused(self, durable: Durable) -> None:
        done = durable.start("child", 1)
        durable.wait(done)
        running = durable.start("child", "wait")
        durable.wait(running, "Running")
        codes = [
            durable.post(f"/instances/{each}/rewind").status_code
            for each in (done, running, "nobody")
        ]
        assert codes == [412, 412, 404]


def wait_for_child(durable: Durable, child: str) -> None:
    wait_for(lambda: durable.get(f"/instances/{child}").is_success, "the child")
    durable.wait(child, "Running")


def rewound(durable: Durable, instance: str, *repaired: Path) -> tuple[str, object]:
    """What came of a rewind once those files are gone."""
    for path in repaired:
        path.unlink()
    answer = durable.post(f"/instances/{instance}/rewind", reason="repaired")
    assert answer.status_code == 202
    return outcome(durable.wait(instance))


def runs(folder: Path, keys: list[str]) -> list[int]:
    files = [folder / f"{key}.runs" for key in keys]
    return [file.stat().st_size if file.exists() else 0 for file in files]
