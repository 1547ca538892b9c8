"""Orchestrations of activities, timers and HTTP calls, run by the real SDK on the local host."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.durable import Durable, JsonObject
from tests.host_process import StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_host: StartHost) -> Durable:
    return Durable(start_module_host(APPS / "flows"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def failure(status: JsonObject) -> str:
    assert status["runtimeStatus"] == "Failed", status
    return str(status["output"])


class TestComposition:
    def test_a_chain_passes_results_on(self, durable: Durable) -> None:
        status = durable.run("chain", 4)
        assert (status["runtimeStatus"], status["output"]) == ("Completed", 7)

    def test_fan_out_keeps_the_order_of_the_list(self, durable: Durable) -> None:
        assert durable.run("fan_mixed")["output"] == [0.2, "now", [1, 2]]

    def test_an_empty_fan_out_is_through_at_once(self, durable: Durable) -> None:
        assert durable.run("nothing_at_all")["output"] == [None, "after"]

    def test_a_large_fan_out_is_replayed_far_fewer_times_than_it_has_members(
        self, durable: Durable
    ) -> None:
        instance = durable.start("fan", 500)
        status = durable.wait(instance, seconds=60)
        assert status["output"] == sum(range(1, 501))
        assert durable.turns(instance) < 250

    def test_what_follows_a_failed_fan_out_waits_for_all_members(self, durable: Durable) -> None:
        instance = durable.start("fan_with_failure")
        output = durable.wait(instance)["output"]
        assert output == ["Activity function 'boom' failed:  ValueError: first ", "after"]
        ended = {e["FunctionName"]: e for e in durable.history(instance) if "FunctionName" in e}
        assert moment(ended["echo"]["ScheduledTime"]) >= moment(ended["nap"]["Timestamp"])

    def test_activities_run_on_threads_that_leave_http_its_answers(self, durable: Durable) -> None:
        blocked = [durable.start("first_wins") for _ in range(30)]
        assert durable.host.client.get("/api/ping", timeout=10).text == "pong"
        durable.host.client.get("/api/open")
        assert {durable.wait(each)["output"] for each in blocked} == {"fast"}


class TestRaces:
    def test_a_loser_keeps_the_instance_running(self, start_host: StartHost) -> None:
        durable = Durable(start_host(APPS / "flows"))
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
    def test_a_timer_waits(self, durable: Durable) -> None:
        assert durable.run("wait_a_moment", 0.3)["output"] >= 0.3

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


class TestFailures:
    def test_a_failed_activity_fails_the_instance(self, durable: Durable) -> None:
        text = failure(durable.run("activity_fails", "no luck"))
        assert text.startswith(
            "Orchestrator function 'activity_fails' failed: "
            "Activity function 'boom' failed:  ValueError: no luck"
        )

    def test_an_activity_that_leaves_the_process_only_fails(self, durable: Durable) -> None:
        assert durable.run("activity_leaves")["output"] == [
            "Activity function 'leave' failed:  SystemExit: 3 ",
            "Activity function 'leave_async' failed:  SystemExit: 4 ",
            "Activity function 'leave_async' failed:  CancelledError:  ",
        ]

    def test_a_result_that_cannot_be_encoded_fails_the_activity(self, durable: Durable) -> None:
        assert "'unserialisable' failed:" in failure(durable.run("answer_cannot_be_encoded"))

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [("text", "said so"), ("empty", "<class 'KeyError'>"), ("exit", "gone")],
    )
    def test_an_exception_of_the_orchestrator(
        self, durable: Durable, kind: str, expected: str
    ) -> None:
        text = failure(durable.run("raises", kind))
        assert text.startswith("Orchestrator function 'raises' failed: ")
        assert expected in text

    @pytest.mark.parametrize("steps", [0, 1])
    def test_the_sdks_label_in_a_text_confuses_nobody(self, durable: Durable, steps: int) -> None:
        name = ("label_in_text", "label_in_text_later")[steps]
        text = failure(durable.run(name))
        assert text == f"Orchestrator function '{name}' failed: a\n\n$OutOfProcData$:b"

    @pytest.mark.parametrize("name", ["asynchronous", "odd_output", "odd_yield"])
    def test_an_orchestrator_that_is_none_fails(self, durable: Durable, name: str) -> None:
        assert failure(durable.run(name)).startswith(f"Orchestrator function '{name}' failed: ")

    def test_an_unknown_activity_fails_the_instance(self, durable: Durable) -> None:
        assert failure(durable.run("unknown_activity")).startswith(
            "Orchestrator function 'unknown_activity' failed: The function 'no_such' doesn't "
            "exist, is disabled, or is not an activity function."
        )

    def test_a_name_given_to_an_activity_is_the_one_it_has(self, durable: Durable) -> None:
        assert durable.run("by_given_name")["output"] == 40
        assert "'function_name' doesn't exist" in failure(durable.run("by_function"))


class TestData:
    def test_without_yield_the_return_value_is_the_output(self, durable: Durable) -> None:
        assert durable.run("no_yield", {"a": 1})["output"] == {"got": {"a": 1}}

    def test_an_activity_sees_the_value_it_was_given(self, durable: Durable) -> None:
        expected = ["str", "dict", "int", "NoneType", "list", "str", "bool"]
        assert durable.run("kinds")["output"] == expected

    def test_custom_objects_travel(self, durable: Durable) -> None:
        assert durable.run("custom_objects")["output"] == 2

    def test_custom_status_follows_the_steps(self, start_host: StartHost) -> None:
        durable = Durable(start_host(APPS / "flows"))
        instance = durable.start("statuses")
        durable.wait_for_step(instance, {"step": 1})
        durable.host.client.get("/api/open")
        assert durable.wait(instance)["customStatus"] == {"step": 2}

    @pytest.mark.parametrize(
        ("char", "count", "status"),
        [
            ("x", 8190, "Completed"),
            ("x", 8191, "Failed"),
            ("é", 8190, "Completed"),
            ("é", 8191, "Failed"),
        ],
    )
    def test_a_custom_status_has_at_most_16_kb(
        self, durable: Durable, char: str, count: int, status: str
    ) -> None:
        ended = durable.run("big_status", {"char": char, "count": count})
        assert ended["runtimeStatus"] == status


class TestHttpCalls:
    def test_the_answer_is_the_result(self, durable: Durable) -> None:
        with web_server() as uri:
            ended = durable.run(
                "call",
                {"method": "POST", "uri": uri, "content": {"a": 1}, "headers": {"x-word": "yes"}},
            )
        answer = ended["output"]
        assert answer["statusCode"] == 418
        assert answer["headers"]["x-said"] == "yes"
        assert json.loads(answer["content"]) == {"got": '{"a": 1}', "verb": "POST"}

    def test_nobody_there_fails_the_call(self, durable: Durable) -> None:
        uri = "http://127.0.0.1:9/"
        assert "BuiltIn::HttpActivity" in failure(
            durable.run("call", {"method": "GET", "uri": uri})
        )


class Teapot(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        answer = {"got": self.rfile.read(length).decode(), "verb": self.command}
        self.send_response(418)
        self.send_header("x-said", self.headers["x-word"])
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def web_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Teapot)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
