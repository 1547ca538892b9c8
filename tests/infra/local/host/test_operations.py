"""The management API: queries, and what may be done to instances."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.hosts.durable_api import BASE, KEY, Durable, JsonObject, new_id
from tests.support.hosts.kinds import local_only, long_on_real
from tests.support.hosts.process import APPS, StartHost


class TestQueries:
    def test_a_prefix(self, durable: Durable) -> None:
        prefix = new_id()
        wanted = [durable.start("one_step", n, f"{prefix}-{n}") for n in (2, 0, 1)]
        durable.start("one_step", 9, f"x{prefix}")
        found = ids(durable.get("/instances", instanceIdPrefix=prefix).json())
        assert found == sorted(wanted), "by id"
        odd = durable.get("/instances", instanceIdPrefix=prefix.replace(prefix[0], "%", 1))
        assert odd.json() == []

    def test_statuses(self, durable: Durable) -> None:
        prefix = new_id()
        durable.start("listener", None, f"{prefix}-r")
        for name, end in (("one_step", "c"), ("failing", "f")):
            durable.wait(durable.start(name, None, f"{prefix}-{end}"))
        durable.wait_for_step(f"{prefix}-r", "waiting")

        def found(statuses: str) -> str:
            answer = durable.get("/instances", instanceIdPrefix=prefix, runtimeStatus=statuses)
            return "".join(sorted(each[-1] for each in ids(answer.json())))

        assert found("Running") == "r"
        assert found("Completed, Failed") == "cf"
        assert found("Terminated") == ""
        assert found("completed,Failed") == "f", "what is no status is ignored"
        assert found("completed") == found("Nonsense") == "cfr"

    def test_times(self, durable: Durable) -> None:
        prefix = new_id()
        early = durable.start("one_step", 1, f"{prefix}-1")
        between = datetime.now(UTC).isoformat()
        durable.wait(early)  # Azure's tables compare milliseconds
        late = durable.start("one_step", 2, f"{prefix}-2")

        def found(**bounds: str) -> list[str]:
            return ids(durable.get("/instances", instanceIdPrefix=prefix, **bounds).json())

        assert found(createdTimeFrom=between) == [late]
        assert found(createdTimeTo=between) == [early]
        assert found(createdTimeFrom="2020-01-01T00:00:00Z", createdTimeTo=between) == [early]
        assert found(createdTimeFrom="2020-01-01") == [early, late]
        assert found(createdTimeFrom="yesterday", createdTimeTo="x", top="x") == [early, late]

    def test_pages(self, durable: Durable) -> None:
        prefix = new_id()
        wanted = [durable.start("one_step", n, f"{prefix}-{n}") for n in range(7)]
        found: list[str] = []
        sizes, token = [], ""
        while True:
            answer = durable.host.client.get(
                f"{BASE}/instances",
                params=KEY | {"instanceIdPrefix": prefix, "top": "3"},
                headers={"x-ms-continuation-token": token} if token else {},
            )
            found += ids(answer.json())
            sizes.append(len(answer.json()))
            token = answer.headers.get("x-ms-continuation-token", "")
            if not token:
                break
        assert (found, sizes) == (wanted, [3, 3, 1])

    @long_on_real
    def test_a_page_has_a_hundred(self, durable: Durable) -> None:
        prefix = new_id()
        for n in range(101):
            durable.start("one_step", n, f"{prefix}-{n}")
        answer = durable.get("/instances", instanceIdPrefix=prefix)
        assert len(answer.json()) == 100
        assert answer.headers["x-ms-continuation-token"]

    def test_an_invented_token_is_ignored(self, durable: Durable, finished: str) -> None:
        answer = durable.host.client.get(
            f"{BASE}/instances",
            params=KEY | {"instanceIdPrefix": finished},
            headers={"x-ms-continuation-token": "!"},
        )
        assert ids(answer.json()) == [finished]

    def test_input_may_be_left_out(self, durable: Durable, finished: str) -> None:
        (found,) = durable.get("/instances", instanceIdPrefix=finished, showInput="false").json()
        assert found["input"] is None
        (found,) = durable.get("/instances", instanceIdPrefix=finished).json()
        assert found["input"] == '{"a": 1}'


class TestOperations:
    def test_terminate(self, durable: Durable) -> None:
        instance = durable.start_waiting()
        answer = durable.post(f"/instances/{instance}/terminate", reason="not needed")
        assert (answer.status_code, answer.content) == (202, b"")
        status = durable.wait(instance)
        assert (status["runtimeStatus"], status["output"]) == ("Terminated", "not needed")
        kinds = [event["EventType"] for event in durable.history(instance)]
        assert kinds[-2:] == ["ExecutionTerminated", "ExecutionCompleted"]

    @local_only
    def test_a_termination_takes_its_time(self, durable: Durable) -> None:
        """In Azure as well, but no test can rely on how long."""
        instance = durable.start_waiting()
        durable.post(f"/instances/{instance}/terminate", reason="first")
        assert durable.delete(f"/instances/{instance}").status_code == 412
        assert durable.post(f"/instances/{instance}/terminate", reason="no").status_code == 202
        assert durable.wait(instance)["output"] == "first"
        assert durable.delete(f"/instances/{instance}").status_code == 200

    @pytest.mark.parametrize(
        ("reason", "output"),
        [(None, None), ("", ""), ("5", 5), ('{"a": 1}', {"a": 1}), ("[1", "[1"), ("null", None)],
    )
    def test_a_reason_is_decoded(self, durable: Durable, reason: str | None, output: Any) -> None:
        instance = durable.start_waiting()
        query = {} if reason is None else {"reason": reason}
        durable.post(f"/instances/{instance}/terminate", **query)
        assert durable.wait(instance)["output"] == output

    def test_suspended_it_keeps_events_in_order_and_holds_timers(self, durable: Durable) -> None:
        events, timer = durable.start_waiting("collector"), durable.start_waiting("ticking")
        for instance in (events, timer):
            assert durable.post(f"/instances/{instance}/suspend", reason="hm").status_code == 202
            assert durable.wait(instance, "Suspended")["output"] == "hm"
            assert durable.get(f"/instances/{instance}").status_code == 202
        for name, value in (("a", 1), ("b", 2), ("c", 3)):
            durable.raise_event(events, name, value)
        assert durable.run("ticking")["output"] == "fired"  # longer than the other's timer
        for instance in (events, timer):
            assert durable.status(instance)["runtimeStatus"] == "Suspended"
            assert durable.post(f"/instances/{instance}/suspend").status_code == 500
            assert durable.post(f"/instances/{instance}/resume", reason="go").status_code == 202
        assert durable.wait(events)["output"] == [1, 2, 3]
        assert durable.wait(timer)["output"] == "fired"
        kinds = [event["EventType"] for event in durable.history(timer)]
        assert "ExecutionSuspended" in kinds
        assert "ExecutionResumed" in kinds

    def test_resuming_what_is_not_suspended(self, durable: Durable) -> None:
        answer = durable.post(f"/instances/{durable.start_waiting()}/resume")
        assert answer.status_code == 500
        assert "is in the Running state" in answer.json()["ExceptionMessage"]

    def test_a_suspended_one_can_be_terminated(self, durable: Durable) -> None:
        instance = durable.start_waiting()
        durable.post(f"/instances/{instance}/suspend")
        durable.wait(instance, "Suspended")
        assert durable.post(f"/instances/{instance}/terminate").status_code == 202
        assert durable.wait(instance)["runtimeStatus"] == "Terminated"

    def test_restart_under_a_new_id(self, durable: Durable, finished: str) -> None:
        answer = durable.post(f"/instances/{finished}/restart")
        again = answer.json()["id"]
        assert answer.status_code == 202
        assert again != finished
        status = durable.wait(again)
        assert (status["name"], status["output"]) == ("one_step", {"a": 1})

    def test_restart_under_its_own_id(self, durable: Durable) -> None:
        instance = durable.start("one_step", 5)
        durable.wait(instance)
        path = f"/instances/{instance}/restart"
        answer = durable.post(path, restartWithNewInstanceId="false")
        assert (answer.status_code, answer.json()["id"]) == (202, instance)
        assert durable.wait(instance)["output"] == 5

    def test_restart_of_who_runs_or_is_unknown(self, durable: Durable) -> None:
        path = f"/instances/{durable.start_waiting()}/restart"
        running = durable.post(path, restartWithNewInstanceId="false")
        assert running.status_code == 409
        assert running.json()["ExceptionMessage"] == (
            "An Orchestration instance with the status Running already exists."
        )
        assert durable.post("/instances/nobody/restart").status_code == 400

    @pytest.mark.parametrize("call", ["raiseEvent/go", "terminate", "suspend", "resume"])
    def test_who_has_finished_or_is_unknown(
        self, durable: Durable, finished: str, call: str
    ) -> None:
        for instance, code in ((finished, 410), ("nobody", 404)):
            answer = durable.post(f"/instances/{instance}/{call}", {"a": 1})
            assert (answer.status_code, answer.content) == (code, b"")

    @pytest.mark.parametrize(
        ("content", "kind"),
        [(b"{", "application/json"), (b"{}", "text/plain"), (b"a=1", "")],
    )
    def test_an_event_that_is_no_json(self, durable: Durable, content: bytes, kind: str) -> None:
        answer = durable.host.client.post(
            f"{BASE}/instances/{durable.start_waiting()}/raiseEvent/go",
            params=KEY,
            content=content,
            headers={"content-type": kind},
        )
        assert answer.status_code == 400
        assert answer.json()["Message"]

    def test_purge_one(self, durable: Durable) -> None:
        instance = durable.start("one_step")
        durable.wait(instance)
        answer = durable.delete(f"/instances/{instance}")
        assert (answer.status_code, answer.json()) == (200, {"instancesDeleted": 1})
        assert durable.get(f"/instances/{instance}").status_code == 404
        again = durable.delete(f"/instances/{instance}")
        assert (again.status_code, again.content) == (404, b"")

    def test_purge_one_that_runs(self, durable: Durable) -> None:
        instance = durable.start_waiting()
        refused = durable.delete(f"/instances/{instance}")
        assert (refused.status_code, refused.json()) == (
            412,
            "Only orchestrations in a terminal state can be purged, but the orchestration with "
            f"instance ID {instance} has status Running",
        )
        assert durable.status(instance)["runtimeStatus"] == "Running"


class TestPurgeByFilter:
    """On a host of its own, as it reaches every instance."""

    def test_of_the_statuses_those_of_finished_ones_count(self, start_either: StartHost) -> None:
        durable = Durable(start_either(APPS / "lifecycle"))
        running = durable.start_waiting()
        for name in ("one_step", "failing"):
            durable.wait(durable.start(name))
        since = {"createdTimeFrom": "2020-01-01T00:00:00Z"}
        for query in ({}, {"runtimeStatus": "Failed"}, {"createdTimeFrom": "nonsense"}):
            refused = durable.delete("/instances", **query)
            text = "Please provide value for 'createdTimeFrom' parameter."
            assert (refused.status_code, refused.json()) == (400, text)
        before = durable.delete("/instances", createdTimeTo="2021-01-01T00:00:00Z", **since)
        assert (before.status_code, before.content) == (404, b"")
        failed = durable.delete("/instances", runtimeStatus="Failed,Running", **since)
        assert (failed.status_code, failed.json()) == (200, {"instancesDeleted": 1})
        finished = durable.delete("/instances", runtimeStatus="Completed,Terminated", **since)
        assert finished.json() == {"instancesDeleted": 1}
        assert ids(durable.get("/instances").json()) == [running]

    def test_without_one_of_those_everything_goes(self, start_either: StartHost) -> None:
        durable = Durable(start_either(APPS / "lifecycle"))
        for query in ({}, {"runtimeStatus": "Running"}, {"runtimeStatus": "Nonsense"}):
            durable.start_waiting()
            durable.wait(durable.start("one_step"))
            purged = durable.delete("/instances", createdTimeFrom="2020-01-01", **query)
            assert purged.json() == {"instancesDeleted": 2}
            assert durable.get("/instances").json() == []


def ids(statuses: list[JsonObject]) -> list[str]:
    return [status["instanceId"] for status in statuses]
