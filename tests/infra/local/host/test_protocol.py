"""The protocol below HTTP clients: what is refused before a function is asked, and what is not."""

import socket
from pathlib import Path

import pytest

from tests.support.hosts.process import HostProcess, StartHost

APPS = Path(__file__).parent / "apps"
SECONDS = 60.0


@pytest.fixture(scope="module")
def web(start_module_host: StartHost) -> HostProcess:
    return start_module_host(APPS / "web")


def exchange(host: HostProcess, *pieces: bytes) -> bytes:
    """All that is answered to `pieces`, sent one after the other, until the host ends it."""
    address = (host.client.base_url.host, host.client.base_url.port)
    with socket.create_connection(address, SECONDS) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def request(
    path: str = "plain_name", *headers: bytes, method: str = "GET", body: bytes = b""
) -> bytes:
    """A request that asks for the connection to end."""
    line = f"{method} /api/{path} HTTP/1.1".encode()
    return b"\r\n".join([line, b"Host: here", b"Connection: close", *headers, b"", body])


def status(answer: bytes) -> int:
    """That of the first answer."""
    return int(answer.split(b" ", 2)[1])


LINE = len("GET /api/plain_name? HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("plain_name?" + "q" * (8192 - LINE), [], 200),
        ("plain_name?" + "q" * (8193 - LINE), [], 414),
        ("plain_name", [b"X-Long: " + b"x" * 32000], 200),
        ("plain_name", [b"X-Long: " + b"x" * 32768], 431),
        ("plain_name", [b"X-%d: x" % n for n in range(98)], 200),
        ("plain_name", [b"X-%d: x" % n for n in range(99)], 431),
        ("plain_name", [b"Host: there"], 400),
        ("plain_name", [b"X-Bytes: \xff"], 400),
        ("items/a%00b", [], 400),
        ("items/a?q=%00", [], 200),
        ("items/\u00fc", [], 400),
    ],
)
def test_limits_and_what_cannot_be_read(
    web: HostProcess, path: str, headers: list[bytes], expected: int
) -> None:
    assert status(exchange(web, request(path, *headers))) == expected


def test_a_header_is_utf_8(web: HostProcess) -> None:
    assert (
        '"x-name": "\\u00fc"' in exchange(web, request("plain_name", "X-Name: ü".encode())).decode()
    )


@pytest.mark.parametrize(("version", "expected"), [("1.1", 400), ("1.0", 200)])
def test_a_request_without_host(web: HostProcess, version: str, expected: int) -> None:
    line = f"GET /api/plain_name HTTP/{version}\r\nConnection: close\r\n\r\n"
    assert status(exchange(web, line.encode())) == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [("get", 200), ("gEt", 200), ("FOO", 404), ("PROPFIND", 404), ("foo", 404)],
)
def test_any_method_is_taken_in_any_case(web: HostProcess, method: str, expected: int) -> None:
    assert status(exchange(web, request(method=method))) == expected


def test_an_odd_method_may_follow_another_request(web: HostProcess) -> None:
    first = b"FOO /api/plain_name HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi"
    address = (web.client.base_url.host, web.client.base_url.port)
    with socket.create_connection(address, SECONDS) as connection:
        connection.sendall(first)
        assert connection.recv(65536).startswith(b"HTTP/1.1 404")
        connection.sendall(request(method="get"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_head_in_pieces_is_left_as_it_is(web: HostProcess) -> None:
    """Also where a piece looks like the beginning of a request."""
    head = request("plain_name", b"X-Pieces: get it")
    before, after = head.split(b"get it")
    assert b'"x-pieces": "get it"' in exchange(web, before, b"get it" + after)


@pytest.mark.parametrize("code", [99, 999])
def test_any_status_of_three_digits_is_sent(web: HostProcess, code: int) -> None:
    assert status(exchange(web, request(f"answers/{code}"))) == code


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/plain_name HTTP/1.1\nHost: here\n\n",
        b"POST /api/plain_name HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/plain_name HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Length: 1\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_may_be_a_smuggled_request_is_refused(web: HostProcess, head: bytes) -> None:
    """Azure's host takes these; they are kept out for what stands behind a proxy."""
    assert status(exchange(web, head)) == 400


def test_http_1_0_gets_no_chunks(web: HostProcess) -> None:
    answer = exchange(web, b"GET /api/answers/text HTTP/1.0\r\n\r\n")
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\njust text")


OFFER = (
    b"Connection: Upgrade, HTTP2-Settings, close",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAEAAEAA",
)
"""As Java's own client and `curl --http2` send it with each first request."""


def offering(method: str, *headers: bytes) -> bytes:
    return request("plain_name", *OFFER, *headers, method=method).replace(
        b"Connection: close\r\n", b""
    )


@pytest.mark.parametrize("method", ["POST", "put"])
def test_an_offer_of_another_protocol_costs_no_body(web: HostProcess, method: str) -> None:
    head = offering(method, b"Content-Length: 2")
    whole = exchange(web, head + b"hi")
    assert b'"body": "aGk="' in whole
    assert b'"upgrade"' not in whole
    parted = exchange(web, head[:-1], head[-1:], b"h", b"i")
    assert b'"body": "aGk="' in parted


def test_what_follows_an_offer_is_answered_too(web: HostProcess) -> None:
    first = offering("GET").replace(b", close", b"")
    answer = exchange(web, first + request("words/a"))
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b'"word": "a"' in answer


def test_what_is_refused_is_refused_with_an_offer(web: HostProcess) -> None:
    assert status(exchange(web, offering("GET", b"Host: there"))) == 400
