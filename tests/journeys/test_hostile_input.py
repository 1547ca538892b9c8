"""What hostile clients send: a clear 4xx comes back, nothing of it is applied, nothing stored."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import jwt
import pytest
from starlette.responses import Response

from tests.support.running_app import PASSWORD, SETTINGS, RunningApp, custom
from tests.support.servers.storage_proxy import Call

JsonObject = dict[str, Any]
FAR = 4_000_000_000
"""A Unix time in the next century."""
CANARY = "canary-7f3a"
JSON = {"Content-Type": "application/json"}
ODD_KEYS = [
    "a'b",
    "' or PartitionKey ne '",
    "a%2Fb",
    "a%5Cb",
    "a%23b",
    "a%3Fb",
    "%00",
    "a%0Ab",
    "%ED%A0%80",
    "%C3%BC",
    "..",
    "%2e%2e%2fusers",
    "a" * 1025,
    "0" * 16 + "-" + "0" * 22,
    "0" * 16 + "-" + "G" * 22,
    "%F0%9F%98%80",
]


@pytest.fixture
def _calm_storage(running_app: RunningApp) -> Iterator[None]:
    running_app.storage.reset()
    yield
    running_app.storage.reset()


def problem(answer: httpx2.Response, status: int) -> JsonObject:
    """The body of an answer that must be this problem, with its headers as they should be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    body: JsonObject = answer.json()
    assert body["status"] == status
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["detail"].endswith(".")
    return body


def claims(running_app: RunningApp, **changes: Any) -> JsonObject:
    """Those of Ada's token, changed; None removes one."""
    token = running_app.api.headers["Authorization"].partition(" ")[2]
    found = jwt.decode(token, options={"verify_signature": False}) | changes
    return {name: value for name, value in found.items() if value is not None}


def signed(claims: JsonObject, key: str = SETTINGS["SECRET_KEY"], **more: Any) -> str:
    return jwt.encode(claims, key, **{"algorithm": "HS256", **more})


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hand(claims: JsonObject, **header: Any) -> str:
    """A token without a signature."""
    return f"{part({'alg': 'none', 'typ': 'JWT', **header})}.{part(claims)}."


class TestTokens:
    def refused(self, running_app: RunningApp, authorization: str) -> None:
        headers = {"Authorization": authorization}
        answer = running_app.host.client.get("/api/v1/users/me", headers=headers)
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_a_good_one_is_taken(self, running_app: RunningApp) -> None:
        headers = {"Authorization": f"Bearer {signed(claims(running_app))}"}
        assert running_app.host.client.get("/api/v1/users/me", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "authorization",
        ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi", f"Bearer {'a' * 9000}"],
        ids=lambda text: text[:10],
    )
    def test_no_token_at_all(self, running_app: RunningApp, authorization: str) -> None:
        self.refused(running_app, authorization)

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", None, 1])
    def test_no_signature(self, running_app: RunningApp, alg: Any) -> None:
        self.refused(running_app, f"Bearer {by_hand(claims(running_app), alg=alg)}")

    @pytest.mark.parametrize(
        "more",
        [
            {"key": "another secret that is long enough"},
            {"key": SETTINGS["SECRET_KEY"] * 2, "algorithm": "HS512"},
            {"algorithm": "HS384"},
            {"key": "another secret that is long enough", "headers": {"kid": "../../dev/null"}},
            {"key": "another secret that is long enough", "headers": {"kid": "' or '1'='1"}},
            {"key": "another secret that is long enough", "headers": {"jku": "http://127.0.0.1/"}},
        ],
    )
    def test_another_key_or_algorithm(self, running_app: RunningApp, more: JsonObject) -> None:
        self.refused(running_app, f"Bearer {signed(claims(running_app), **more)}")

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": None},
            {"exp": "soon"},
            {"exp": str(FAR)},
            {"exp": 1},
            {"exp": []},
            {"iat": None},
            {"jti": None},
            {"sub": None},
            {"sub": "0" * 16},
            {"sub": "a'b"},
            {"sub": "x" * 1025},
            {"sub": "\ud800"},
            {"sub": ["a"]},
            {"nbf": FAR},
        ],
        ids=lambda changes: str(changes)[:20],
    )
    def test_claims_that_do_not_count(self, running_app: RunningApp, changes: JsonObject) -> None:
        changed = claims(running_app, **changes)
        try:
            token = signed(changed)
        except TypeError:  # The library itself refuses to sign some.
            body = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(changed)}"
            key = jwt.get_algorithm_by_name("HS256").prepare_key(SETTINGS["SECRET_KEY"])
            seal = jwt.get_algorithm_by_name("HS256").sign(body.encode(), key)
            token = f"{body}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"
        self.refused(running_app, f"Bearer {token}")

    def test_a_role_of_ones_own_making(self, running_app: RunningApp) -> None:
        headers = {"Authorization": f"Bearer {signed(claims(running_app, role='admin'))}"}
        answer = running_app.host.client.get("/api/v1/users/me", headers=headers)
        assert answer.status_code == 401 or answer.json()["role"] == "user"


class TestBodies:
    @pytest.mark.parametrize("path", ["/tickets", "/auth/register", "/auth/login/json"])
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null x",
            b"\xff\xfe",
            b'{"title": NaN}',
            b'{"title": 1e999}',
            b'{"title": -Infinity}',
            b'{"title": "a", "title": "b"}',
            b'{"title": "\\ud800"}',
            b'{"title": "\xed\xa0\x80"}',
            b'{"title": ' + b"1" * 5000 + b"}",
            b"[" * 100_000,
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            b'{"task_data": ' + b"[" * 64 + b"]" * 64 + b"}",
        ],
        ids=lambda body: repr(body[:16]),
    )
    def test_what_is_no_plain_json(self, running_app: RunningApp, path: str, body: bytes) -> None:
        problem(running_app.api.post(path, content=body, headers=JSON), 400)

    @pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true", b"{}", b"[{}]"])
    @pytest.mark.parametrize(
        "path", ["/tickets", "/auth/register", "/auth/login/json", "/auth/refresh"]
    )
    def test_json_of_another_form(self, running_app: RunningApp, path: str, body: bytes) -> None:
        refusal = problem(running_app.api.post(path, content=body, headers=JSON), 422)
        assert refusal["errors"]
        for fault in refusal["errors"]:
            assert set(fault) == {"loc", "msg", "type"}

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x", ","]
    )
    def test_another_type(self, running_app: RunningApp, kind: str) -> None:
        answer = running_app.api.post("/tickets", content=b"{}", headers={"Content-Type": kind})
        problem(answer, 415)

    @pytest.mark.parametrize("size", [4 * 1024 * 1024 + 1, 11 * 1024 * 1024])
    def test_a_body_over_the_limit(self, running_app: RunningApp, size: int) -> None:
        problem(running_app.api.post("/tickets", content=b" " * size, headers=JSON), 413)

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("/tickets", "application/json"),
            ("/tickets", "multipart/form-data; boundary=x"),
            ("/auth/login", "application/x-www-form-urlencoded"),
        ],
    )
    def test_without_a_length(self, running_app: RunningApp, path: str, kind: str) -> None:
        pieces = (b" " * 1024 * 1024 for _ in range(3))
        headers = {"Content-Type": kind}
        fault = problem(running_app.api.post(path, content=pieces, headers=headers), 411)
        assert "Content-Length" in fault["detail"]

    def test_none_where_none_is_taken(self, running_app: RunningApp) -> None:
        """As `curl -X POST` sends it."""
        ticket = running_app.open()["id"]
        request = running_app.api.build_request("POST", f"/tickets/{ticket}/cancel")
        request.headers.pop("Content-Length", None)
        assert running_app.api.send(request).status_code in (200, 409)

    def test_inputs_over_their_limits(self, running_app: RunningApp) -> None:
        for over, place in (
            (custom(context="x" * 2 * 1024 * 1024), "task_data"),
            (custom() | {"description": "x" * 1024 * 1024 + "x"}, "description"),
        ):
            fault = problem(running_app.api.post("/tickets", json=over), 413)
            assert place in fault["detail"]

    def test_faults_do_not_repeat_what_was_sent(self, running_app: RunningApp) -> None:
        before = len(running_app.host.log)
        wrong = custom(output_schema=CANARY) | {"title": [CANARY], "priority": CANARY}
        answer = running_app.api.post("/tickets", json=wrong)
        places = {tuple(fault["loc"]) for fault in problem(answer, 422)["errors"]}
        assert {("title",), ("priority",)} <= places
        assert CANARY not in answer.text
        running_app.api.post(
            "/auth/register", json={"email": CANARY, "username": "x", "password": "y"}
        )
        assert CANARY not in running_app.host.log[before:]


class TestProperties:
    def test_a_new_user_gets_no_rights_of_their_choice(self, running_app: RunningApp) -> None:
        new = {"email": "eve@example.com", "username": "eve", "password": PASSWORD}
        tries = {"role": "admin", "is_verified": True, "id": "0" * 16, "PartitionKey": "x"}
        tries |= {"odata.type": "x", "password_hash": "x", "tokens_from": 0, "RowKey": "x"}
        user = running_app.host.client.post("/api/v1/auth/register", json=new | tries).json()
        assert (user["role"], user["is_verified"]) == ("user", False)
        assert user["id"] != "0" * 16
        assert not {"PartitionKey", "odata.type", "password_hash", "RowKey"} & set(user)

    def test_a_new_ticket_is_what_the_app_makes_it(self, running_app: RunningApp) -> None:
        tries = {"status": "completed", "owner": "x", "created_by": "0" * 16, "id": "x"}
        tries |= {"attempt": "9", "source": "blob", "PartitionKey": "x", "odata.type": "x"}
        tries |= {"result_data": "x", "tokens_used": "7", "etag": "x", "error_message": "x"}
        answer = running_app.api.post("/tickets", json=custom() | tries)
        assert answer.status_code == 201
        ticket = answer.json()
        assert (ticket["status"], ticket["attempt"], ticket["source"]) == ("pending", 1, "api")
        assert ticket["created_by"] == running_app.api.get("/users/me").json()["id"]
        assert not {"owner", "PartitionKey", "odata.type", "etag"} & set(ticket)
        assert running_app.read(ticket["id"])["error_message"] is None

    @pytest.mark.parametrize(
        "title", ["'; drop", '"', "\u202egnp.exe", "\x00", "\x07", "\uffff", "😀", "</td>", "=1+1"]
    )
    def test_odd_texts_are_kept_as_they_are_or_refused(
        self, running_app: RunningApp, title: str
    ) -> None:
        answer = running_app.api.post("/tickets", json=custom(context=title) | {"title": title})
        if answer.status_code != 422:
            assert answer.status_code == 201, answer.text
            ticket = running_app.read(answer.json()["id"])
            assert (ticket["title"], ticket["task_data"]["context"]) == (title, title)


class TestKeys:
    @pytest.mark.parametrize("key", ODD_KEYS, ids=lambda key: key[:20])
    def test_ids_that_are_none_are_absent(self, running_app: RunningApp, key: str) -> None:
        answer = running_app.api.get(f"/tickets/{key}")
        assert answer.status_code == (400 if key == "%00" else 404), "the platform refuses NUL"
        assert CANARY not in answer.text

    @pytest.mark.parametrize(
        "name", ["a'b", "a/b", "a\\b", "#", "?", "a" * 254, "\x00", "ü", "😀", "' or 1 eq 1 or '"]
    )
    def test_names_that_are_nobodys(self, running_app: RunningApp, name: str) -> None:
        form = {"username": name, "password": "wrong password"}
        problem(running_app.host.client.post("/api/v1/auth/login", data=form), 401)

    @pytest.mark.parametrize(
        "name", ["a'b", "a/b", "ab#", "a?b", "tickets", "\x00\x00\x00", "ü" * 4]
    )
    def test_names_that_nobody_may_have(self, running_app: RunningApp, name: str) -> None:
        new = {"email": "odd@example.com", "username": name, "password": PASSWORD}
        problem(running_app.host.client.post("/api/v1/auth/register", json=new), 422)


class TestObjects:
    def test_anothers_ticket_answers_as_an_absent_one(self, running_app: RunningApp) -> None:
        ticket = running_app.open()["id"]
        absent = ticket[:-8] + "00000000"
        mallory = running_app.log_in("mallory")
        bodies = []
        for ticket_id in (ticket, absent):
            body = problem(mallory.get(f"/tickets/{ticket_id}"), 404)
            assert body.pop("instance").endswith(ticket_id)
            bodies.append(body)
        assert bodies[0] == bodies[1]

    @pytest.mark.parametrize("path", ["/users", "/audit", "/audit/verify?ticket_id=x", "/users/x"])
    def test_what_is_for_admins_is_forbidden(self, running_app: RunningApp, path: str) -> None:
        problem(running_app.api.get(path), 403)


class TestQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "per_page=0",
            "per_page=101",
            "per_page=" + "9" * 5000,
            "per_page=1&per_page=2",
            "page=-1",
            "page=x",
            "status=done",
            "status=failed'",
            "created_after=1",
            "created_after=yesterday",
            "created_after=2026-01-01",
            "created_before=2026-13-01T00:00:00Z",
        ],
        ids=lambda query: query[:30],
    )
    def test_that_do_not_validate(self, running_app: RunningApp, query: str) -> None:
        [fault] = problem(running_app.api.get(f"/tickets?{query}"), 422)["errors"]
        assert fault["loc"] == ["query", query.partition("=")[0]]

    @pytest.mark.parametrize(
        "query",
        [
            "status=&q=&page=&per_page=&cursor=&created_after=&assigned_to=",
            "created_after=0001-01-01T00:00:00%2B14:00",
            "created_before=9999-12-31T23:59:59-14:00",
            "created_by=a'b",
            "assigned_to=%27%20or%201%20eq%201%20or%20%27",
            "q=%00%27%5C%F0%9F%98%80",
            "unknown=1",
        ],
    )
    def test_that_are_odd_but_fine(self, running_app: RunningApp, query: str) -> None:
        answer = running_app.api.get(f"/tickets?{query}")
        assert answer.status_code == 200, answer.text

    @pytest.mark.parametrize(
        "cursor", ["x", "%00", "A" * 3000, "%F0%9F%98%80", "bnVsbA", "..", "%27"]
    )
    def test_a_cursor_of_ones_own_making(self, running_app: RunningApp, cursor: str) -> None:
        problem(running_app.api.get(f"/tickets?cursor={cursor}"), 400)


class TestPaths:
    @pytest.mark.parametrize("path", ["/health", "/users/me", "/task-types", "/openapi.json"])
    def test_a_slash_at_the_end_does_not_matter(self, running_app: RunningApp, path: str) -> None:
        assert (
            running_app.api.get(path).json().keys() == running_app.api.get(f"{path}/").json().keys()
        )

    def test_a_verb_that_the_platform_does_not_know(self, running_app: RunningApp) -> None:
        assert running_app.api.request("PROPFIND", "/health").status_code == 404

    @pytest.mark.parametrize("verb", ["PATCH", "POST", "DELETE", "TRACE"])
    def test_another_verb_is_not_found(self, running_app: RunningApp, verb: str) -> None:
        assert problem(running_app.api.request(verb, "/health"), 404)["detail"].startswith(
            f"There is nothing here for {verb}"
        )

    @pytest.mark.parametrize("path", ["", "/nothing", "/ws/ws/canary-of-a-token/more", "/tickets/"])
    def test_an_unknown_path_is_answered_as_all_are(
        self, running_app: RunningApp, path: str
    ) -> None:
        url = f"{running_app.host.base_url}/api/v1{path}"
        answer = httpx2.request("DELETE", url, timeout=60)
        assert problem(answer, 404)["instance"] == f"/api/v1{path}"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "canary-of-a-token" not in running_app.host.log

    def test_head_is_get_without_its_body(self, running_app: RunningApp) -> None:
        paths = running_app.api.get("/openapi.json").json()["paths"]
        # What is ready is known for a minute, and asked below.
        left_out = {"/health/ready"} | {path for path in paths if "{" in path}
        plain = [path for path in paths if "get" in paths[path] and path not in left_out]
        ticket = f"/tickets/{running_app.run()['id']}"
        for path in (*plain, ticket, f"{ticket}/result", "/tickets/nobodys"):
            got, head = (running_app.api.request(verb, path) for verb in ("GET", "HEAD"))
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers["content-type"] == got.headers["content-type"], path
            assert head.headers.get("etag") == got.headers.get("etag"), path

    def test_every_answer_has_safe_headers(self, running_app: RunningApp) -> None:
        for path in (
            "/health",
            "/users/me",
            "/tickets/x",
            "/docs",
            "/docs/start.js",
            "/task-types",
        ):
            headers = running_app.api.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["referrer-policy"] == "no-referrer"
        assert running_app.api.get("/users/me").headers["cache-control"] == "no-store"

    def test_a_host_that_no_url_can_have(self, running_app: RunningApp) -> None:
        answer = running_app.api.get("/tickets/x", headers={"Host": "["})
        problem(answer, 404)


@pytest.mark.usefixtures("_calm_storage")
class TestStorage:
    def test_that_is_away_is_503_and_says_when_to_come_back(self, running_app: RunningApp) -> None:
        async def away(_: Call) -> Response:
            return Response(status_code=503)

        eve = running_app.log_in("late")
        running_app.storage.reset(before=away)
        answer = eve.post("/tickets", json=custom())
        problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
        ready = eve.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["storage"]["ok"]) == (503, False)
        assert int(ready.headers["retry-after"]) >= 1
        assert eve.get("/health").json() == {"status": "ok"}

    def test_that_is_away_breaks_no_call(self, running_app: RunningApp) -> None:
        async def away(_: Call) -> Response:
            return Response(status_code=503)

        description = running_app.api.get("/openapi.json").json()
        user, ticket = running_app.api.get("/users/me").json()["id"], running_app.open()["id"]
        values = {"{user_id}": user, "{ticket_id}": ticket, "{attachment_id}": "0" * 16}
        bodies = {
            "register": {"email": "x@example.com", "username": "xxx", "password": PASSWORD},
            "login_json": {"username": "nobody", "password": "wrong password"},
            "refresh": {"refresh_token": f"{'0' * 32}.x"},
            "logout": {"refresh_token": f"{'0' * 32}.x"},
            "create_ticket": custom(),
            "change_ticket": {"title": "Another"},
            "change_me": {"full_name": "Ada"},
            "direct_upload": {"filename": "a.txt", "content_type": "text/plain", "size": 5},
        }
        calls = []
        for path, item in description["paths"].items():
            for name, value in values.items():
                path = path.replace(name, value)  # noqa: PLW2901
            for verb, operation in item.items():
                name = operation["operationId"]
                more: JsonObject = {"json": bodies[name]} if name in bodies else {}
                if name == "add_attachments":
                    more = {"files": {"file": ("a.txt", b"Some text.")}}
                calls.append((name, verb.upper(), path, more))
        # The app answers from its memory who Ada is, for some seconds.
        running_app.storage.reset(before=away)
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(
                    lambda call: running_app.api.request(call[1], call[2], **call[3]), calls
                )
            )
        told = {call[0]: answer.status_code for call, answer in zip(calls, answers, strict=True)}
        assert 500 not in told.values(), told
        assert {name for name in bodies if told[name] != 503} == set(), told
        for answer in answers:
            assert answer.status_code != 503 or int(answer.headers["retry-after"]) >= 1

    def test_that_answers_nonsense_is_500_with_an_id_that_is_in_the_log(
        self, running_app: RunningApp
    ) -> None:
        async def nonsense(_: Call) -> Response:
            return Response(f'{{"odata.error": {{"code": "{CANARY}"}}}}', 400, JSON)

        eve = running_app.log_in("later")
        running_app.storage.reset(before=nonsense)
        answer = eve.post("/tickets", json=custom())
        body = problem(answer, 500)
        assert CANARY not in answer.text
        fault = body["detail"].rpartition(": ")[2].rstrip(".")
        assert len(fault) >= 8
        assert fault in running_app.host.log
