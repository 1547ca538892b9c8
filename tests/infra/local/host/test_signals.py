"""External events, and orchestrations that continue as new."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.kinds import local_only
from tests.support.hosts.process import StartHost, wait_for

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost) -> Durable:
    return Durable(start_module_either(APPS / "signals"))


def waiting(durable: Durable, name: str, input: Any) -> str:  # noqa: A002
    """An instance that has come to its first wait."""
    instance = durable.start(name, input)
    durable.wait_until(instance, lambda status: status["customStatus"] is not None)
    return instance


class TestEvents:
    def test_an_event_reaches_who_waits(self, durable: Durable) -> None:
        instance = waiting(durable, "wait_for", ["go"])
        durable.raise_event(instance, "go", {"x": 1})
        assert durable.wait(instance)["output"] == [{"x": 1}]

    @pytest.mark.parametrize("data", [None, 0, "", "text", [1], {"ü": None}, False])
    def test_any_json_may_be_sent(self, durable: Durable, data: Any) -> None:
        instance = waiting(durable, "wait_for", ["go"])
        durable.raise_event(instance, "go", data)
        assert durable.wait(instance)["output"] == [data]

    def test_the_sdks_client_encodes_twice(self, durable: Durable) -> None:
        instance = waiting(durable, "wait_for", ["go"])
        durable.host.client.post(f"/api/raise/{instance}/go", json={"x": 1})
        assert durable.wait(instance)["output"] == ['{"x": 1}']

    def test_the_sdks_client_is_told_who_cannot_be_reached(self, durable: Durable) -> None:
        finished = durable.start("wait_for", [])
        durable.wait(finished)
        gone = durable.host.client.post(f"/api/raise/{finished}/go", json=1)
        assert gone.text == f"Instance with ID {finished} is gone: either completed or failed"
        unknown = durable.host.client.post("/api/raise/nobody/go", json=1)
        assert unknown.text == "No instance with ID nobody found."

    def test_an_early_event_is_kept(self, durable: Durable) -> None:
        instance = waiting(durable, "late_wait", None)
        durable.raise_event(instance, "go", 5)
        durable.raise_event(instance, "wait now")
        assert durable.wait(instance)["output"] == 5

    def test_events_in_turn_are_taken_in_order(self, durable: Durable) -> None:
        instance = durable.start("wait_for", ["a", "b", "a"])
        for value, step in enumerate(["a 0", "b 1", "a 2"], 1):
            durable.wait_for_step(instance, step)
            durable.raise_event(instance, step[0], value)
        assert durable.wait(instance)["output"] == [1, 2, 3]

    def test_an_event_nobody_waits_for_disturbs_nothing(self, durable: Durable) -> None:
        instance = waiting(durable, "wait_for", ["go"])
        durable.raise_event(instance, "stay", 1)
        durable.raise_event(instance, "go", 2)
        assert durable.wait(instance)["output"] == [2]

    def test_the_latest_wait_of_a_name_is_served_first(self, durable: Durable) -> None:
        instance = waiting(durable, "wait_for_all", ["go", "go", "other"])
        for value in (1, 2):
            durable.raise_event(instance, "go", value)
        durable.raise_event(instance, "other", 3)
        assert durable.wait(instance)["output"] == [2, 1, 3]

    def test_the_sdk_takes_an_event_only_in_the_case_it_waits_for(self, durable: Durable) -> None:
        instance = waiting(durable, "wait_for", ["go"])
        durable.raise_event(instance, "GO", 1)
        durable.run("count_down", 1)
        assert durable.status(instance)["runtimeStatus"] == "Running"
        durable.raise_event(instance, "go", 2)
        assert durable.wait(instance)["output"] == [2]

    def test_a_wait_that_lost_a_race_does_not_take_the_event_of_a_later_one(
        self, durable: Durable
    ) -> None:
        instance = waiting(durable, "lost_wait", None)
        durable.raise_event(instance, "other", 1)
        durable.wait_for_step(instance, "again")
        durable.raise_event(instance, "go", 2)
        assert durable.wait(instance)["output"] == [1, 2]

    def test_an_event_in_time_beats_the_timer(self, durable: Durable) -> None:
        instance = waiting(durable, "approval", 600)
        durable.raise_event(instance, "approved", "yes")
        assert durable.wait(instance)["output"] == "yes"

    def test_the_timer_beats_an_event_that_does_not_come(self, durable: Durable) -> None:
        assert durable.run("approval", 0.05)["output"] == "timed out"

    def test_one_early_event_for_two_waits_keeps_the_instance_running(
        self, durable: Durable
    ) -> None:
        """The SDK serves both waits with it; the extension counts, and waits for a second one."""
        instance = waiting(durable, "late_twice", None)
        durable.raise_event(instance, "go", 1)
        durable.raise_event(instance, "wait now")
        durable.wait_for_step(instance, "done")
        assert durable.status(instance)["runtimeStatus"] == "Running"
        durable.raise_event(instance, "go", 2)
        assert durable.wait(instance)["output"] == [1, 1]


class TestContinueAsNew:
    def test_each_generation_has_a_history_of_its_own(self, durable: Durable) -> None:
        instance = durable.start("eternal", 1)
        first = durable.wait_until(instance, lambda s: (s["customStatus"] or 0) >= 2)
        later = durable.wait_until(instance, lambda s: (s["customStatus"] or 0) >= 20)
        assert {first["runtimeStatus"], later["runtimeStatus"]} == {"Running"}
        assert len(durable.history(instance)) <= 4
        durable.post(f"/instances/{instance}/terminate", reason="enough")
        assert durable.wait(instance)["output"] == "enough"

    def test_each_generation_is_created_anew(self, durable: Durable) -> None:
        instance = waiting(durable, "collect", None)
        created = durable.status(instance)["createdTime"]
        wait_for(lambda: f"{datetime.now(UTC):%FT%TZ}" > created, "the next second")
        durable.raise_event(instance, "item", 1)
        later = durable.wait_for_step(instance, 1)["createdTime"]
        durable.raise_event(instance, "item", "stop")
        assert later > created

    def test_without_a_yield(self, durable: Durable) -> None:
        assert durable.run("count_down", 10)["output"] == "zero"

    @local_only
    def test_an_endless_one_is_running(self, durable: Durable) -> None:
        """In Azure it never leaves its first turn, and hears of nothing."""
        instance = durable.start("count_up", 0)
        durable.wait_until(instance, lambda s: int(s["input"]) >= 5)
        assert durable.status(instance)["runtimeStatus"] == "Running"
        durable.post(f"/instances/{instance}/suspend")
        durable.wait(instance, "Suspended")
        held = durable.status(instance)["input"]
        durable.post(f"/instances/{instance}/resume")
        durable.wait_until(instance, lambda s: int(s["input"]) > int(held) + 5)
        durable.post(f"/instances/{instance}/terminate")
        assert durable.wait(instance)["runtimeStatus"] == "Terminated"

    def test_the_status_shows_the_input_of_the_generation(self, durable: Durable) -> None:
        instance = durable.start("count_down", 3)
        assert durable.wait(instance)["input"] == "0"

    def test_events_that_come_while_it_continues_are_carried_over(self, durable: Durable) -> None:
        instance = waiting(durable, "collect", None)
        for value in range(50):
            durable.raise_event(instance, "item", value)
        durable.raise_event(instance, "item", "stop")
        assert durable.wait(instance)["output"] == list(range(50))

    def test_events_unread_before_it_continues_are_dropped(self, durable: Durable) -> None:
        instance = waiting(durable, "forgetful", None)
        durable.raise_event(instance, "item", "unread")
        durable.raise_event(instance, "continue")
        assert durable.wait(instance)["output"] == "nothing came"

    def test_a_pending_timer_holds_the_new_generation_back(self, durable: Durable) -> None:
        began = time.monotonic()
        instance = durable.start("new_with_loser")
        durable.wait_for_step(instance, "continuing")
        assert durable.wait(instance)["output"] == "again"
        assert time.monotonic() - began >= 1.5
