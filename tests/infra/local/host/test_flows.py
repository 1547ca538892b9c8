"""Orchestrations that compose activities and timers, run by the real SDK on the local host."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.kinds import local_only
from tests.support.hosts.process import StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost) -> Durable:
    return Durable(start_module_either(APPS / "flows"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestComposition:
    def test_a_chain_passes_results_on(self, durable: Durable) -> None:
        status = durable.run("chain", 4)
        assert (status["runtimeStatus"], status["output"]) == ("Completed", 7)

    def test_fan_out_keeps_the_order_of_the_list(self, durable: Durable) -> None:
        assert durable.run("fan_mixed")["output"] == [0.2, "now", [1, 2]]

    def test_an_empty_fan_out_is_through_at_once(self, durable: Durable) -> None:
        assert durable.run("nothing_at_all")["output"] == [None, "after"]

    @local_only  # the turns are in its log
    def test_a_large_fan_out_is_replayed_far_fewer_times_than_it_has_members(
        self, durable: Durable
    ) -> None:
        instance = durable.start("fan", 500)
        status = durable.wait(instance)
        assert status["output"] == sum(range(1, 501))
        assert durable.turns(instance) < 250

    def test_what_follows_a_failed_fan_out_waits_for_all_members(self, durable: Durable) -> None:
        instance = durable.start("fan_with_failure")
        output = durable.wait(instance)["output"]
        assert output == ["Activity function 'boom' failed: ValueError: first ", "after"]
        ended = {e["FunctionName"]: e for e in durable.history(instance) if "FunctionName" in e}
        assert moment(ended["echo"]["ScheduledTime"]) >= moment(ended["nap"]["Timestamp"])

    @local_only
    def test_activities_run_on_threads_that_leave_http_its_answers(self, durable: Durable) -> None:
        """In Azure all plain functions share the worker's threads."""
        blocked = [durable.start("first_wins") for _ in range(30)]
        assert durable.host.client.get("/api/ping", timeout=30).text == "pong"
        durable.host.client.get("/api/open")
        assert {durable.wait(each)["output"] for each in blocked} == {"fast"}


class TestRaces:
    def test_a_loser_keeps_the_instance_running(self, start_either: StartHost) -> None:
        durable = Durable(start_either(APPS / "flows"))
        instance = durable.start("first_wins")
        status = durable.wait_for_step(instance, "decided")
        assert (status["runtimeStatus"], status["output"]) == ("Running", None)
        durable.host.client.get("/api/open")
        assert durable.wait(instance)["output"] == "fast"

    def test_a_cancelled_timer_does_not_keep_the_instance_running(self, durable: Durable) -> None:
        assert durable.run("in_time")["output"] == ["in time", "after"]

    def test_a_forgotten_timer_does(self, durable: Durable) -> None:
        instance = durable.start("forgotten_timer")
        durable.wait_for_step(instance, "decided")
        durable.run("chain")
        assert durable.status(instance)["runtimeStatus"] == "Running"
        durable.post(f"/instances/{instance}/terminate")

    def test_a_timer_may_win(self, durable: Durable) -> None:
        instance = durable.start("too_late")
        status = durable.wait(instance)
        assert status["output"] == "timed out"
        napped = next(e for e in durable.history(instance) if e.get("FunctionName") == "nap")
        completed = durable.history(instance)[-1]
        assert moment(completed["Timestamp"]) >= moment(napped["Timestamp"])


class TestTime:
    def test_a_timer_waits_for_whole_seconds(self, durable: Durable) -> None:
        assert durable.run("wait_a_moment", 2.9)["output"] >= 1.9

    @local_only
    def test_so_it_fires_up_to_a_second_early(self, durable: Durable) -> None:
        """On a real host as well, where the machine is quiet."""
        assert 1 <= durable.run("wait_a_moment", 1.9)["output"] < 1.9
        assert durable.run("wait_a_moment", 0.9)["output"] < 0.9

    def test_a_timer_of_the_past_fires_at_once(self, durable: Durable) -> None:
        assert durable.run("wait_a_moment", -60)["runtimeStatus"] == "Completed"

    def test_a_long_timer_is_cut_into_intervals(self, durable: Durable) -> None:
        instance = durable.start("wait_a_moment", 10 * 86400)
        durable.wait(instance, "Running")
        created = next(e for e in durable.history(instance) if e["EventType"] == "TimerCreated")
        interval = moment(created["FireAt"]) - moment(created["Timestamp"])
        assert 2.9 < interval.total_seconds() / 86400 < 3.1
        durable.post(f"/instances/{instance}/terminate")

    def test_clock_and_uuids_are_the_same_in_every_replay(self, durable: Durable) -> None:
        status = durable.run("clock")
        assert status["output"] == status["customStatus"]
        clocks, uuids = zip(*status["output"], strict=True)
        assert len(set(clocks)) == len(set(uuids)) == 3
        assert list(clocks) == sorted(clocks)
        assert all(moment(text).tzinfo for text in clocks)

    def test_only_the_last_step_is_not_a_replay(self, durable: Durable) -> None:
        assert durable.run("replaying")["output"] == [True, True, False]

    def test_custom_status_follows_the_steps(self, start_either: StartHost) -> None:
        durable = Durable(start_either(APPS / "flows"))
        instance = durable.start("statuses")
        durable.wait_for_step(instance, {"step": 1})
        durable.host.client.get("/api/open")
        assert durable.wait(instance)["customStatus"] == {"step": 2}
