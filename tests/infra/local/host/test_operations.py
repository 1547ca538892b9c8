"""The management API: queries, and what may be done to instances."""

from datetime import UTC, datetime

import pytest

from tests.durable import BASE, Durable, JsonObject, new_id
from tests.host_process import StartHost
from tests.infra.local.host.conftest import APPS


class TestQueries:
    def test_a_prefix(self, durable: Durable) -> None:
        prefix = new_id()
        wanted = [durable.start("one_step", n, f"{prefix}-{n}") for n in range(3)]
        durable.start("one_step", 9, f"x{prefix}")
        assert ids(durable.get("/instances", instanceIdPrefix=prefix).json()) == wanted
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
        assert found("completed,Failed") == "cf"
        assert found("Terminated") == ""

    def test_times(self, durable: Durable) -> None:
        prefix = new_id()
        early = durable.start("one_step", 1, f"{prefix}-1")
        between = datetime.now(UTC).isoformat()
        late = durable.start("one_step", 2, f"{prefix}-2")

        def found(**bounds: str) -> list[str]:
            return ids(durable.get("/instances", instanceIdPrefix=prefix, **bounds).json())

        assert found(createdTimeFrom=between) == [late]
        assert found(createdTimeTo=between) == [early]
        assert found(createdTimeFrom="2020-01-01T00:00:00Z", createdTimeTo=between) == [early]
        assert found(createdTimeFrom="2020-01-01") == [early, late]
        assert durable.get("/instances", createdTimeFrom="yesterday").status_code == 400

    def test_pages(self, durable: Durable) -> None:
        prefix = new_id()
        wanted = [durable.start("one_step", n, f"{prefix}-{n}") for n in range(7)]
        found: list[str] = []
        sizes, token = [], ""
        while True:
            answer = durable.host.client.get(
                f"{BASE}/instances",
                params={"instanceIdPrefix": prefix, "top": 3},
                headers={"x-ms-continuation-token": token} if token else {},
            )
            found += ids(answer.json())
            sizes.append(len(answer.json()))
            token = answer.headers.get("x-ms-continuation-token", "")
            if not token:
                break
        assert (found, sizes) == (wanted, [3, 3, 1])

    def test_a_page_has_a_hundred(self, durable: Durable) -> None:
        prefix = new_id()
        for n in range(101):
            durable.start("one_step", n, f"{prefix}-{n}")
        answer = durable.get("/instances", instanceIdPrefix=prefix)
        assert len(answer.json()) == 100
        assert answer.headers["x-ms-continuation-token"]

    def test_an_invented_token_is_refused(self, durable: Durable) -> None:
        answer = durable.host.client.get(
            f"{BASE}/instances", headers={"x-ms-continuation-token": "!"}
        )
        assert answer.status_code == 400

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

    def test_suspended_it_keeps_events_in_order_and_holds_timers(self, durable: Durable) -> None:
        events, timer = durable.start_waiting("collector"), durable.start_waiting("ticking")
        for instance in (events, timer):
            assert durable.post(f"/instances/{instance}/suspend", reason="hm").status_code == 202
            answer = durable.get(f"/instances/{instance}")
            assert (answer.status_code, answer.json()["runtimeStatus"]) == (202, "Suspended")
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
        assert answer.json()["Message"]

    def test_a_suspended_one_can_be_terminated(self, durable: Durable) -> None:
        instance = durable.start_waiting()
        durable.post(f"/instances/{instance}/suspend")
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
        assert durable.post(path, restartWithNewInstanceId="false").status_code == 409
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
        assert durable.delete(f"/instances/{instance}").status_code == 404

    def test_purge_one_that_runs(self, durable: Durable) -> None:
        instance = durable.start_waiting()
        assert durable.delete(f"/instances/{instance}").status_code == 412
        assert durable.status(instance)["runtimeStatus"] == "Running"


class TestPurgeByFilter:
    """On a host of its own, as it reaches every instance."""

    def test_only_what_is_meant_and_has_finished_goes(self, start_either: StartHost) -> None:
        durable = Durable(start_either(APPS / "lifecycle"))
        running = durable.start_waiting()
        for name in ("one_step", "failing"):
            durable.wait(durable.start(name))
        since = {"createdTimeFrom": "2020-01-01T00:00:00Z"}
        assert durable.delete("/instances").status_code == 400
        assert durable.delete("/instances", runtimeStatus="Failed").status_code == 400
        before = durable.delete("/instances", createdTimeTo="2021-01-01T00:00:00Z", **since)
        assert before.status_code == 404
        assert durable.delete("/instances", runtimeStatus="Running", **since).status_code == 404
        failed = durable.delete("/instances", runtimeStatus="Failed", **since)
        assert (failed.status_code, failed.json()) == (200, {"instancesDeleted": 1})
        assert durable.delete("/instances", **since).json() == {"instancesDeleted": 1}
        assert ids(durable.get("/instances").json()) == [running]


def ids(statuses: list[JsonObject]) -> list[str]:
    return [status["instanceId"] for status in statuses]
