"""How orchestrations end, what values travel, and durable HTTP calls."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.hosts.durable_api import Durable, JsonObject
from tests.support.hosts.kinds import local_only
from tests.support.hosts.process import StartHost

APPS = Path(__file__).parent / "apps"
FAILED = "Orchestrator function '{}' failed: "
BEFORE = "One or more errors occurred. (Result: Failure\nException: "
TOO_BIG = (
    f"{FAILED.format('big_status')}The UTF-16 size of the JSON-serialized payload must not exceed "
    "16 KB. The current payload size is 17 KB."
)


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
            "Activity function 'boom' failed: ValueError: no luck"
        )
        _, _, details = text.partition(" \n ")
        failed = json.loads(details)
        assert (failed["ClassName"], failed["Message"]) == (
            "System.Exception",
            "ValueError: no luck",
        )
        stack = failed["InnerException"]["RemoteStackTrace"]
        assert "in boom" in stack
        assert failed["InnerException"]["Message"] == (
            f"Result: Failure\nException: ValueError: no luck\nStack: {stack}"
        )

    @local_only
    def test_an_activity_that_leaves_the_process_only_fails(self, durable: Durable) -> None:
        """In Azure it ends the worker, and with it all that runs there."""
        assert durable.run("activity_leaves")["output"] == [
            "Activity function 'leave' failed: SystemExit: 3 ",
            "Activity function 'leave_async' failed: SystemExit: 4 ",
            "Activity function 'leave_async' failed: CancelledError:  ",
        ]

    def test_a_result_that_cannot_be_encoded_fails_the_activity(self, durable: Durable) -> None:
        assert "'unserialisable' failed:" in failure(durable.run("answer_cannot_be_encoded"))

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [("text", "said so"), ("empty", "<class 'KeyError'>")],
    )
    def test_an_exception_of_the_orchestrator(
        self, durable: Durable, kind: str, expected: str
    ) -> None:
        assert failure(durable.run("raises", kind)) == f"{FAILED.format('raises')}{expected}"

    @local_only
    def test_an_orchestrator_that_leaves_the_process_only_fails(self, durable: Durable) -> None:
        """In Azure it ends the worker, and with it all that runs there."""
        assert failure(durable.run("leaves")).startswith(
            f"{FAILED.format('leaves')}{BEFORE}SystemExit: gone"
        )

    def test_the_sdks_label_in_a_text_confuses_nobody(self, durable: Durable) -> None:
        text = "a\n\n$OutOfProcData$:b"
        early, late = (f"label_in_text{when}" for when in ("", "_later"))
        assert failure(durable.run(early)).startswith(
            f"{FAILED.format(early)}{BEFORE}ValueError: {text}\nStack: "
        )
        assert failure(durable.run(late)) == FAILED.format(late) + text

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("asynchronous", "Exception: Object of type coroutine is not JSON serializable"),
            ("odd_output", "Exception: Object of type set is not JSON serializable"),
            ("odd_yield", "AttributeError: 'str' object has no attribute '_is_scheduled'"),
        ],
    )
    def test_an_orchestrator_that_is_none_fails(
        self, durable: Durable, name: str, reason: str
    ) -> None:
        text = failure(durable.run(name))
        assert text.startswith(f"{FAILED.format(name)}{BEFORE}{reason}")

    def test_after_a_step_that_looks_like_a_change_of_the_code(self, durable: Durable) -> None:
        """The extension has no actions from such a replay, so it misses what the history has."""
        assert failure(durable.run("odd_yield_later")) == (
            "Non-Deterministic workflow detected: A previous execution of this orchestration "
            "scheduled an activity task with sequence ID 0 and name 'echo' (version ''), but the "
            "current replay execution hasn't (yet?) scheduled this task. Was a change made to the "
            "orchestrator code after this instance had already started running?"
        )

    @local_only
    def test_an_unknown_activity_fails_the_instance(self, durable: Durable) -> None:
        text = failure(durable.run("unknown_activity"))
        assert text.startswith(
            "Orchestrator function 'unknown_activity' failed: The function 'no_such' doesn't "
            "exist, is disabled, or is not an activity function."
        )
        assert text.endswith("In Azure the instance would stay Running for ever.")

    def test_a_name_given_to_an_activity_is_the_one_it_has(self, durable: Durable) -> None:
        assert durable.run("by_given_name")["output"] == 40

    @local_only
    def test_its_function_has_no_name_beside_that(self, durable: Durable) -> None:
        """In Azure the instance stays Running."""
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
        ("char", "count", "output"),
        [
            ("x", 8701, "fits"),
            ("x", 8702, TOO_BIG),
            ("é", 8701, "fits"),
            ("é", 8702, TOO_BIG),
        ],
    )
    def test_a_custom_status_has_at_most_16_whole_kb(
        self, durable: Durable, char: str, count: int, output: str
    ) -> None:
        ended = durable.run("big_status", {"char": char, "count": count})
        assert ended["output"] == output

    def test_what_json_lacks_arrives_as_text(self, durable: Durable) -> None:
        assert durable.run("odd_numbers")["output"] == [
            "NaN",
            "Infinity",
            {"a": "-Infinity"},
            "str",
        ]


class TestHttpCalls:
    def test_the_answer_is_the_result(self, durable: Durable) -> None:
        with web_server() as uri:
            ended = durable.run(
                "call",
                {"method": "POST", "uri": uri, "content": {"a": 1}, "headers": {"x-word": "yes"}},
            )
        answer = ended["output"]
        assert answer["statusCode"] == 418
        assert answer["headers"]["X-Said"] == "yes"
        assert answer["headers"]["x-twice"] == ["1", "2"]
        assert not {"content-type", "content-length"} & {name.lower() for name in answer["headers"]}
        assert json.loads(answer["content"]) == {"got": '{"a": 1}', "verb": "POST"}

    def test_nobody_there_fails_the_call(self, durable: Durable) -> None:
        uri = "http://127.0.0.1:9/"
        text = failure(durable.run("call", {"method": "GET", "uri": uri}))
        assert '"System.Net.Http.HttpRequestException, System.Net.Http"' in text


class Teapot(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        answer = {"got": self.rfile.read(length).decode(), "verb": self.command}
        self.send_response(418)
        body = json.dumps(answer).encode()
        self.send_header("X-Said", self.headers["x-word"])
        self.send_header("x-twice", "1")
        self.send_header("x-twice", "2")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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
