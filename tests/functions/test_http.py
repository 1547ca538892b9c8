"""Reading requests and answering errors."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import azure.functions as func
import pytest

from functions import http, registration
from shared.errors import (
    Invalid,
    LengthRequired,
    Malformed,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.models import Login, TicketsQuery


def request(body: bytes = b"", **headers: str) -> func.HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = "http://x/api/v1/tickets?token=secret"
    return func.HttpRequest("POST", url, headers=named, body=body)


async def answered(error: Exception) -> tuple[func.HttpResponse, dict[str, Any]]:
    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        raise error

    answering: Callable[..., Awaitable[func.HttpResponse]] = registration._explain_problems(handler)
    response = await answering(req=request())
    return response, json.loads(response.get_body())


async def test_a_problem_says_what_and_where() -> None:
    response, body = await answered(Invalid("Bad.", [{"loc": ["a"], "msg": "m", "type": "t"}]))
    assert response.mimetype == "application/problem+json"
    assert response.status_code == 422
    assert body == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "Bad.",
        "instance": "/api/v1/tickets",
        "errors": [{"loc": ["a"], "msg": "m", "type": "t"}],
    }


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (Unauthenticated("Who?"), "WWW-Authenticate", "Bearer"),
        (Unavailable("Away."), "Retry-After", "5"),
    ],
)
async def test_some_problems_have_headers(error: Problem, name: str, value: str) -> None:
    response, _ = await answered(error)
    assert response.headers[name] == value


async def test_the_unforeseen_is_told_by_an_id_that_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response, body = await answered(KeyError("inner detail"))
    assert response.status_code == 500
    assert "inner detail" not in json.dumps(body)
    fault = body["detail"].rpartition(": ")[2].rstrip(".")
    assert fault in caplog.text


@pytest.mark.parametrize(
    "body", [b" ", b"{", b"NaN", b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff", b'"\\ud800"']
)
def test_what_is_no_plain_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        http.read_json(request(body))


def test_a_mark_of_utf_8_before_json_is_ignored() -> None:
    assert http.read_json(request(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


def test_a_body_needs_its_length() -> None:
    with pytest.raises(LengthRequired):
        http.read_json(request(b""))


def test_a_body_has_its_limit_and_its_type() -> None:
    with pytest.raises(TooLarge):
        http.read_json(request(b'"' + b"x" * http.MAX_BODY + b'"'))
    with pytest.raises(UnsupportedMediaType):
        http.read_json(request(b"{}", Content_Type="text/plain"))
    with pytest.raises(UnsupportedMediaType):
        http.form_body(request(b"a=1", Content_Type="application/json"), Login)
    assert http.read_json(request(b"{}", Content_Type="Application/JSON; charset=utf-8")) == {}


def test_a_form_is_read() -> None:
    form = "application/x-www-form-urlencoded"
    read = http.form_body(request(b"username=a%40b.c&password=p+%26", Content_Type=form), Login)
    assert read == Login(username="a@b.c", password="p &")
    for bad in (b"\xff", b"a=%ff", b"&".join(b"a%d=1" % n for n in range(200))):
        with pytest.raises(Malformed):
            http.form_body(request(bad, Content_Type=form), Login)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"x"', True),
        ('W/"x"', True),
        ('"a", "x"', True),
        ("*", True),
        ('"a"', False),
        ("", False),
    ],
)
def test_if_none_match(header: str, expected: bool) -> None:
    assert http.matches(header, '"x"') is expected


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("6.6.6.6, 192.0.2.1:5123", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", None),
    ],
)
def test_the_address_is_the_one_that_the_platform_wrote(header: str, address: str | None) -> None:
    actor = http.visitor(request(X_Forwarded_For=header, User_Agent="a" * 999))
    assert actor.ip_address == address
    assert len(actor.user_agent or "") == 256


@pytest.mark.parametrize("packing", ["gzip", " BR ", "zstd, gzip"])
def test_a_packed_body_is_named(packing: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=rf"\(Content-Encoding: {packing.strip()}\)"):
        http.read_json(request(b"{}", content_length="2", content_encoding=packing))
    assert http.read_json(request(b"{}", content_length="2", content_encoding="identity")) == {}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("created_after=2026-11-01T00:00:00+02:00", "write %2B for it"),
        ("created_before=2026-11-01T00:00:00.5+0200", "write %2B for it"),
        ("status=failed&status=pending", "status is given more than once"),
        ("q=a&Q=b", "q is given more than once"),
    ],
)
def test_what_a_query_says_by_mistake_is_named(query: str, said: str) -> None:
    asked = func.HttpRequest(
        "GET", f"http://x/api/v1/tickets?{query}", params=dict(parse_qsl(query)), body=b""
    )
    with pytest.raises(Invalid, match=said):
        http.query_of(asked, TicketsQuery)


def test_what_a_query_says_twice_but_once_empty_is_taken() -> None:
    url = "http://x/api/v1/tickets?q=&q=a&created_after=2026-11-01T00:00:00%2B02:00"
    params = {"q": "a", "created_after": "2026-11-01T00:00:00+02:00"}
    query = http.query_of(func.HttpRequest("GET", url, params=params, body=b""), TicketsQuery)
    assert (query.q, query.created_after) == ("a", datetime(2026, 10, 31, 22, tzinfo=UTC))
