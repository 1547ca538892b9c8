"""HTTP/1.1 as Kestrel, the server of Azure's Functions host, takes and refuses it.

httptools parses; what Kestrel refuses before a function is asked is refused here, with the same
status and an empty body, and the connection ends.
"""

import asyncio
import re
from http import HTTPStatus

import httptools
from uvicorn.protocols.http import httptools_impl

MAX_REQUEST_LINE_BYTES = 8 * 1024
MAX_HEADERS_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_HEAD_SECONDS = 30
"""Until when a connection has sent the head of its first request, and of each that it begins."""

# uvicorn knows 100 to 599 only; a function may answer any number of three digits.
httptools_impl.STATUS_LINE |= {
    status: f"HTTP/1.1 {status} \r\n".encode() for status in (*range(100), *range(600, 1000))
}

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?= )")
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
)
_LINE_END = len(" HTTP/1.1\r\n")
_HEADER_EXTRA = len(": \r\n")


class _RefusedError(Exception):
    """The request is answered with `status` before it is complete."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Parser(httptools.HttpRequestParser):
    """Takes no offer to go on in another protocol, at which httptools drops the body: the head is
    read again without it. Java's own client offers HTTP/2 so (RFC 9110, 7.8)."""

    def __init__(self, protocol: "KestrelProtocol") -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        """Read on."""
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if not self._protocol.is_offered_another:
                raise
            self._protocol.read_without_offer(data[offer.args[0] :])


class KestrelProtocol(httptools_impl.HttpToolsProtocol):
    """uvicorn's protocol with Kestrel's limits, its strictness, and its patience with methods."""

    _status = HTTPStatus.BAD_REQUEST
    _in_head = False
    _unknown_method: str | None = None
    _headers_bytes = 0
    max_head_seconds: float = MAX_HEAD_SECONDS
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        self._make_parser()
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._end_waiting()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._end_waiting()
        self._late = self.loop.call_later(self.max_head_seconds, self.transport.close)

    def _end_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what came in."""
        in_body = self.cycle is not None and self.cycle.more_body
        super().data_received(data if self._in_head or in_body else self._with_known_method(data))

    def _with_known_method(self, data: bytes) -> bytes:
        """The parser ends at a method it does not know; Kestrel takes any, in any case."""
        found = _METHOD.match(data)
        method = found[0].decode().upper() if found else ""
        if found is None or (data.startswith(method.encode()) and method in METHODS):
            return data
        if method not in METHODS:
            method, self._unknown_method = "POST", found[0].decode()
        return method.encode() + data[found.end() :]

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._headers_bytes = 0
        self._await_head()

    def on_url(self, url: bytes) -> None:
        """A part of the request line came in."""
        super().on_url(url)
        method = self._unknown_method or self.parser.get_method()
        if len(method) + 1 + len(self.url) + _LINE_END > MAX_REQUEST_LINE_BYTES:
            raise self._refusal(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came in."""
        super().on_header(name, value)
        self._headers_bytes += len(name) + len(value) + _HEADER_EXTRA
        if len(self.headers) > MAX_HEADERS or self._headers_bytes > MAX_HEADERS_BYTES:
            raise self._refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        try:
            value.decode()
        except UnicodeDecodeError:
            raise self._refusal(HTTPStatus.BAD_REQUEST) from None

    def on_headers_complete(self) -> None:
        """The request may be answered."""
        if self.is_offered_another:
            return
        hosts = sum(name == b"host" for name, _ in self.headers)
        needed = self.parser.get_http_version() != "1.0"
        if hosts > 1 or (needed and not hosts) or b"%00" in self.url.partition(b"?")[0]:
            raise self._refusal(HTTPStatus.BAD_REQUEST)
        super().on_headers_complete()
        self._end_waiting()
        self._in_head = False
        if self._unknown_method is not None:
            self.scope["method"] = self._unknown_method
            self._unknown_method = None

    def on_message_complete(self) -> None:
        """The body is here."""
        if not self.is_offered_another:
            super().on_message_complete()

    @property
    def is_offered_another(self) -> bool:
        """Whether the request offers to go on in another protocol, and not by its method."""
        return self.parser.should_upgrade() and any(name == b"upgrade" for name, _ in self.headers)

    def read_without_offer(self, rest: bytes) -> None:
        """Read the request again as it would be without the offer, and the `rest` of it."""
        version = self.parser.get_http_version().encode()
        lines = [b" ".join((self.parser.get_method(), self.url, b"HTTP/" + version))]
        lines += [b": ".join(header) for header in self.headers if header[0] != b"upgrade"]
        self._make_parser()  # The one before may be at its end.
        self.parser.feed_data(b"\r\n".join((*lines, b"", rest)))

    def _make_parser(self) -> None:
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # As uvicorn does.

    def _refusal(self, status: HTTPStatus) -> _RefusedError:
        self._status = status
        return _RefusedError(status)

    def send_400_response(self, msg: str) -> None:
        """Refuse with what was found to be wrong; called when the parser ends with an error."""
        line = f"HTTP/1.1 {self._status} {self._status.phrase}\r\n"
        self.transport.write(f"{line}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()
