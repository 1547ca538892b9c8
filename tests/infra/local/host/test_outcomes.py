"""How orchestrations end, what values travel, and durable HTTP calls."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.durable import Durable, JsonObject
from tests.host_process import StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost) -> Durable:
    return Durable(start_module_either(APPS / "outcomes"))


def failure(status: JsonObject) -> str:
    assert status["runtimeStatus"] == "Failed", status
    return str(status["output"])


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
