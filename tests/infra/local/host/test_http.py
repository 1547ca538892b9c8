"""HTTP functions: which function answers, what it is given, what the caller gets."""

import base64
import json
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.process import HostProcess, StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def web(start_module_host: StartHost) -> HostProcess:
    return start_module_host(APPS / "web", {"OVERRIDDEN": "from the environment"})


@pytest.fixture(scope="module")
def bare(start_module_host: StartHost) -> HostProcess:
    return start_module_host(APPS / "bare")


def shown(web: HostProcess, path: str, verb: str = "GET", **more: Any) -> dict[str, Any]:
    """What the function at `path` says it was called with."""
    answer = web.client.request(verb, f"/api/{path}", **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestRoutes:
    @pytest.mark.parametrize(
        ("path", "function", "route"),
        [
            ("plain_name", "plain_name", {}),
            ("items/x", "read_item", {"id": "x"}),
            ("items/special", "exact_item", {}),
            ("items/12", "numbered_item", {"number": "12"}),
            ("items/-3", "numbered_item", {"number": "-3"}),
            ("items/99999999999", "read_item", {"id": "99999999999"}),
            ("ITEMS/Mixed", "read_item", {"id": "Mixed"}),
            ("Items/x/", "read_item", {"id": "x"}),
            ("items/a%20b%2Fc", "read_item", {"id": "a b%2Fc"}),
            ("items/%ffa%FF%C3%BC%e2%82", "read_item", {"id": "%ffa%FFü%e2%82"}),
            ("words/x/../../items/%2e/y", "read_item", {"id": "y"}),
            ("items/%2e%2E/items/./x", "read_item", {"id": "x"}),
            ("named/a.b.c", "dotted", {"first": "a.b", "last": "c"}),
            ("overlap/literal", "a_parameter", {"word": "literal"}),
            ("items/%C3%BC", "read_item", {"id": "ü"}),
            ("items/a%0Ab", "read_item", {"id": "a\nb"}),
            ("words/Word", "word", {"word": "Word"}),
            ("codes/abc/9", "code", {"code": "abc", "at": "9"}),
            (f"keys/{'0' * 32}", "key", {"key": "0" * 32}),
            ("shelves/a/b", "shelf", {"shelf": "a", "book": "b"}),
            ("shelves/a", "shelf", {"shelf": "a"}),
            ("files/a/b/c.txt", "files", {"path": "a/b/c.txt"}),
            ("files", "files", {}),
            ("files/index", "exact_file", {}),
            ("corner/open", "shop", {}),
            ("async/hello", "asynchronous", {"word": "hello"}),
        ],
    )
    def test_the_fitting_function_answers(
        self, web: HostProcess, path: str, function: str, route: dict[str, str]
    ) -> None:
        found = shown(web, path)
        assert (found["function"], found["route"]) == (function, route)

    @pytest.mark.parametrize(
        "path",
        [
            "nothing",
            "items",
            "items/a/b",
            "items/a/..",
            "items//a",
            "items/a//",
            "words/w0rd",
            "codes/ab/5",
            "codes/abc/10",
            "keys/no",
        ],
    )
    def test_nothing_fits(self, web: HostProcess, path: str) -> None:
        assert web.client.get(f"/api/{path}").status_code == 404

    @pytest.mark.parametrize("path", ["/items/x", "/api", "/apis/items/x", "//api/items/x"])
    def test_the_prefix_is_needed(self, web: HostProcess, path: str) -> None:
        assert web.client.get(path).status_code == 404

    def test_the_start_page(self, web: HostProcess) -> None:
        answer = web.client.get("/")
        assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")

    def test_verbs_of_one_route_may_belong_to_several_functions(self, web: HostProcess) -> None:
        assert shown(web, "items/x", "PUT")["function"] == "change_item"
        assert shown(web, "items/7", "DELETE")["function"] == "change_item"

    @pytest.mark.parametrize("verb", ["POST", "PATCH", "HEAD"])
    def test_another_verb_is_not_found(self, web: HostProcess, verb: str) -> None:
        assert web.client.request(verb, "/api/items/x").status_code == 404

    @pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_without_methods_every_verb_is_served(self, web: HostProcess, verb: str) -> None:
        assert shown(web, "plain_name", verb)["method"] == verb

    def test_no_key_is_asked_for(self, web: HostProcess) -> None:
        assert web.client.get("/api/plain_name").status_code == 200

    def test_an_empty_prefix(self, bare: HostProcess) -> None:
        assert bare.client.get("/").text == "root"
        assert bare.client.get("/a/b").text == "rest a/b"
        assert bare.client.get("/api/a").text == "rest api/a"

    def test_the_durable_api_comes_before_a_catch_all(self, bare: HostProcess) -> None:
        found = Durable(bare).get("/instances")
        assert (found.status_code, found.json()) == (200, [])


class TestRequests:
    def test_the_url_is_the_callers(self, web: HostProcess) -> None:
        found = shown(web, "items/x?a=1&b=%C3%BC&a=2&empty=")
        assert found["url"] == f"{web.base_url}/api/items/x?a=1&b=%C3%BC&a=2&empty="
        assert found["params"] == {"a": "1,2", "b": "ü"}

    def test_the_url_is_as_sent_but_for_its_dots(self, web: HostProcess) -> None:
        found = shown(web, "items/../items/%c3%bc%7E%2F?q=%2f%7e")
        assert found["url"] == f"{web.base_url}/api/items/%c3%bc%7E%2F?q=%2f%7e"

    def test_repeated_values_are_folded_whatever_the_case_of_their_name(
        self, web: HostProcess
    ) -> None:
        found = shown(web, "items/x?a=1&a=2&A=3&b=%ff+%2F&flag")
        assert found["params"] == {"a": "1,2,3", "b": "%ff /"}

    def test_headers(self, web: HostProcess) -> None:
        headers = [("X-One", "1"), ("x-many", "a"), ("X-Many", "b")]
        found = shown(web, "plain_name", headers=headers)["headers"]
        assert found["x-one"] == "1"
        assert [part.strip() for part in found["x-many"].split(",")] == ["a", "b"]

    @pytest.mark.parametrize(("written", "before"), [(None, []), ("6.6.6.6", ["6.6.6.6"])])
    def test_the_connections_address_is_the_last_that_is_forwarded(
        self, web: HostProcess, written: str | None, before: list[str]
    ) -> None:
        headers = {"X-Forwarded-For": written} if written else {}
        found = shown(web, "plain_name", headers=headers)["headers"]["x-forwarded-for"]
        *others, last = found.split(", ")
        assert others == before
        assert last.startswith("127.0.0.1:")

    def test_binary_bodies(self, web: HostProcess) -> None:
        body = bytes(range(256)) * 5000
        found = shown(web, "plain_name", "POST", content=body)
        assert base64.b64decode(found["body"]) == body

    def test_a_body_without_its_length_is_empty(self, web: HostProcess) -> None:
        for _ in range(2):  # the connection is good for another one
            found = shown(web, "plain_name", "POST", content=iter([b"one ", b"two"]))
            assert found["body"] == ""

    def test_multipart(self, web: HostProcess) -> None:
        content = bytes(range(256))
        answer = web.client.post(
            "/api/upload",
            data={"title": "Réponse"},
            files={"file": ("ü.bin", content, "application/x-odd")},
        )
        assert answer.json() == {
            "form": {"title": "Réponse"},
            "files": {"file": ["ü.bin", "application/x-odd", base64.b64encode(content).decode()]},
        }

    def test_the_context(self, web: HostProcess) -> None:
        name, folder, first = web.client.get("/api/context").json()
        assert (name, folder) == ("with_context", str(APPS / "web"))
        assert web.client.get("/api/context").json()[2] != first

    def test_a_blocking_function_blocks_nobody(self, web: HostProcess) -> None:
        answers: list[str] = []
        slow = threading.Thread(
            target=lambda: answers.append(web.client.get("/api/slow?seconds=2.5").text)
        )
        slow.start()
        assert shown(web, "async/quick")["function"] == "asynchronous"
        assert shown(web, "items/x")["function"] == "read_item"
        assert not answers
        slow.join()
        assert answers == ["awake"]


class TestAnswers:
    @pytest.mark.parametrize(
        ("kind", "status", "content_type", "body"),
        [
            ("text", 200, "text/plain; charset=utf-8", b"just text"),
            ("bytes", 200, "application/octet-stream", bytes(range(256))),
            ("html", 200, "text/html; charset=utf-8", "<p>ü</p>".encode()),
            ("json", 200, "application/json", b"{}"),
            ("typed", 200, "text/csv", b"a,b"),
        ],
    )
    def test_body_and_type(
        self, web: HostProcess, kind: str, status: int, content_type: str | None, body: bytes
    ) -> None:
        answer = web.client.get(f"/api/answers/{kind}")
        found = (answer.status_code, answer.headers.get("content-type"), answer.content)
        assert found == (status, content_type, body)

    def test_status_and_headers(self, web: HostProcess) -> None:
        answer = web.client.get("/api/answers/created")
        headers = answer.headers
        assert (answer.status_code, headers["location"], headers["x-odd"]) == (
            201,
            "/there",
            "1, 2",
        )

    def test_the_last_of_a_header_wins_but_for_cookies(self, web: HostProcess) -> None:
        headers = web.client.get("/api/answers/twice").headers
        assert headers.get_list("x-twice") == ["last"]
        assert headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly"]

    @pytest.mark.parametrize(
        ("kind", "length", "encoding"),
        [
            ("text", None, "chunked"),
            ("length", "4", None),
            ("long", "200000", None),
            ("empty", "0", None),
            ("gone", None, None),
        ],
    )
    def test_framing(
        self, web: HostProcess, kind: str, length: str | None, encoding: str | None
    ) -> None:
        headers = web.client.get(f"/api/answers/{kind}").headers
        found = (headers.get("content-length"), headers.get("transfer-encoding"))
        assert found == (length, encoding)

    @pytest.mark.parametrize(
        "path",
        [
            "raises/error",
            "raises/exit",
            "answers/none",
            "answers/number",
            "answers/mapping",
            "answers/raw",
            "answers/1000",
            "answers/umlaut",
            "answers/short",
        ],
    )
    def test_an_exception_is_a_500_and_the_host_lives(self, web: HostProcess, path: str) -> None:
        answer = web.client.get(f"/api/{path}")
        assert (answer.status_code, answer.content) == (500, b"")
        assert web.client.get("/api/plain_name").status_code == 200

    def test_the_log_has_the_reason_and_a_line_for_each_call(self, web: HostProcess) -> None:
        web.client.get("/api/raises/error")
        web.client.get("/api/items/x")
        assert "ValueError: a secret of the server" in web.log
        assert [line for line in web.log.splitlines() if "read_item GET /api/items/x" in line]


class TestLog:
    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            ("%0d%0a12:00:00.000 ERROR   host: forged", "\\r\\n12:00:00.000 ERROR   host: forged"),
            ("%1b[2J%1b]0;x%07", "\\x1b[2J\\x1b]0;x\\x07"),
            ("%e2%80%a8a%e2%80%a9b%c2%85c%0bd%0c", "\\u2028a\\u2029b\\x85c\\x0bd\\x0c"),
            ("%e2%80%aedlrow%e2%81%a6", "\\u202edlrow\\u2066"),
            ("%f3%a0%81%81", "\\U000e0041"),
        ],
    )
    def test_what_a_path_says_stays_in_its_line(
        self, web: HostProcess, sent: str, shown: str
    ) -> None:
        assert web.client.get(f"/api/items/{sent}").status_code == 200
        lines = web.log.splitlines()
        assert [line for line in lines if line.partition("GET /api/items/")[2].startswith(shown)]
        assert not [line for line in lines if line.startswith("12:00:00.000")]
        assert all(line.isprintable() for line in lines)

    def test_nor_does_that_of_an_exception_leave_its_own(self, web: HostProcess) -> None:
        assert web.client.get("/api/raises/error%0a12:00:00.000 ERROR forged").status_code == 500
        lines = web.log.splitlines()
        assert [line for line in lines if line.startswith("  | ValueError: a secret")]
        assert not [line for line in lines if line.startswith("12:00:00.000")]


class TestSettings:
    def test_values_are_there_before_the_app_is_imported(self, web: HostProcess) -> None:
        expected = ["from the file", "from the file"]
        assert web.client.get("/api/settings/FROM_SETTINGS").json() == expected

    def test_the_environment_wins(self, web: HostProcess) -> None:
        assert web.client.get("/api/settings/OVERRIDDEN").json()[0] == "from the environment"

    @pytest.mark.parametrize("origin", ["http://localhost:3000", "https://tickets.example"])
    def test_cors_lets_its_origins_in(self, web: HostProcess, origin: str) -> None:
        headers = {
            "origin": origin,
            "access-control-request-method": "PUT",
            "access-control-request-headers": "authorization",
        }
        asked = web.client.options("/api/items/x", headers=headers)
        assert asked.status_code in (200, 204)
        assert asked.headers["access-control-allow-origin"] == origin
        assert "PUT" in asked.headers["access-control-allow-methods"]
        assert asked.headers["access-control-allow-credentials"] == "true"
        assert "authorization" in asked.headers["access-control-allow-headers"].lower()
        answer = web.client.get("/api/items/x", headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin

    @pytest.mark.parametrize(
        "origin",
        [
            "https://elsewhere.example",
            "null",
            "http://localhost:3000.elsewhere.example",
            "https://tickets.example.elsewhere.example",
            "https://xtickets.example",
            "http://tickets.example",
        ],
    )
    def test_cors_keeps_others_out(self, web: HostProcess, origin: str) -> None:
        answer = web.client.get("/api/items/x", headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        asks = {"origin": origin, "access-control-request-method": "PUT"}
        asked = web.client.options("/api/items/x", headers=asks)
        assert "access-control-allow-origin" not in asked.headers

    def test_cors_lets_the_headers_of_the_api_pass(self, web: HostProcess) -> None:
        asks = {"origin": "http://localhost:3000", "access-control-request-method": "PUT"}
        names = "authorization, content-type, idempotency-key, if-match, if-none-match"
        may = web.client.options(
            "/api/items/x", headers={**asks, "access-control-request-headers": names}
        )
        assert may.status_code == 200
        assert set(names.split(", ")) <= set(
            may.headers["access-control-allow-headers"].lower().split(", ")
        )
        other = {**asks, "access-control-request-headers": "x-other"}
        assert web.client.options("/api/items/x", headers=other).status_code == 400

    def test_an_error_has_cors_headers_too(self, web: HostProcess) -> None:
        origin = "http://localhost:3000"
        answer = web.client.get("/api/raises/error", headers={"origin": origin})
        assert answer.status_code == 500
        assert answer.headers["access-control-allow-origin"] == origin


def test_a_caller_who_goes_away_harms_nothing(web: HostProcess) -> None:
    with pytest.raises(httpx2.TimeoutException):
        web.client.get("/api/slow?seconds=1", timeout=0.1)
    assert json.loads(web.client.get("/api/context").text)[0] == "with_context"
