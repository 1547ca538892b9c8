"""Pages and files that papers are written from, fetched from hosts that the settings allow, and
from no private network: names are resolved first, all their addresses are looked at, and the
connection goes to one that was looked at. Redirects are checked as if they had been given.
"""

import asyncio
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self
from urllib.parse import unquote, urljoin, urlsplit

import httpx2

from shared.clients import http
from shared.clients.retry_after import retry_after
from shared.documents.file_types import DOCX, PDF, kind_of_name
from shared.errors import PermanentFailure, RetryLater, SettingsError, UnsupportedMediaType
from shared.telemetry.spans import Service, outside_call

MAX_BYTES = 10 * 1024 * 1024
SECONDS = 60.0
"""For a page with all its redirects."""
MAX_REDIRECTS = 5

_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
_NAT64 = ip_network("64:ff9b::/96")
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    PDF: ".pdf",
    DOCX: ".docx",
}
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class WebPage:
    """What an address holds; `name` is one that a file of it might have."""

    address: str
    name: str
    data: bytes


class SourcePages:
    """Fetches from `hosts` (`example.org`, `*.example.org`, with a port where it is not the usual
    one); `networks` may be reached although they are private."""

    def __init__(self, hosts: Sequence[str], networks: Sequence[str] = ()) -> None:
        self._hosts = tuple(hosts)
        self._networks = tuple(ip_network(one) for one in networks)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        hosts = [one.lower() for one in _read_list(environment, "SOURCE_URL_HOSTS")]
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise SettingsError(
                    "The setting SOURCE_URL_HOSTS must list host names such as example.org or "
                    "*.example.org, separated by commas."
                )
        try:
            return cls(hosts, _read_list(environment, "SOURCE_URL_NETWORKS"))
        except ValueError:
            raise SettingsError(
                "The setting SOURCE_URL_NETWORKS must list networks such as 10.0.0.0/8, separated "
                "by commas."
            ) from None

    def find_fault(self, url: str) -> str | None:
        """Why this address is not fetched, a sentence, as far as that can be told without asking
        anybody; None when nothing is wrong with it."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return f"{_hide_secrets(url)} is no web address."
        if parts.scheme not in ("http", "https") or not host:
            return f"{_hide_secrets(url)} is no web address (https://…)."
        if parts.username or parts.password:
            return f"{_hide_secrets(url)} has a user name in it; please give an address without."
        if not self._allows(host, port):
            known = ", ".join(self._hosts) or "none"
            return f"{host} is not among the hosts that sources may come from ({known})."
        address = _literal(host)
        if address is not None and self._is_private(address):
            return f"{host} is an address of a private network."
        return None

    async def fetch(self, url: str) -> WebPage:
        """Raises RetryLater, PermanentFailure."""
        try:
            # A client of its own: a connection is not shared between names of one address.
            async with asyncio.timeout(SECONDS), http.client(SECONDS) as client:
                return await self._follow(client, url)
        except TimeoutError:
            raise RetryLater(
                f"{_hide_secrets(url)} did not answer within {SECONDS:g} seconds.",
                service=Service.WEB,
            ) from None

    async def _follow(self, client: httpx2.AsyncClient, url: str) -> WebPage:
        at = url
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._get(client, at)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return _page(url, at, answer)
            at = urljoin(at, answer.headers["location"])
        raise PermanentFailure(
            f"{_hide_secrets(url)} leads from one address to the next without an end."
        )

    async def _get(self, client: httpx2.AsyncClient, url: str) -> http.Received:
        """One request, to an address that was looked at."""
        fault = self.find_fault(url)
        if fault:
            raise PermanentFailure(f"A source cannot be fetched: {fault}")
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        address = await self._resolve_host(
            host, parts.port or (443 if parts.scheme == "https" else 80)
        )
        try:
            target = httpx2.URL(url).copy_with(host=str(address), fragment=None)
        except httpx2.InvalidURL:
            raise PermanentFailure(f"{_hide_secrets(url)} is no web address.") from None
        request = client.build_request(
            "GET",
            target,
            headers={"Host": host if parts.port is None else f"{host}:{parts.port}"},
            extensions={"sni_hostname": host},
        )
        with outside_call(Service.WEB, "GET", host) as call:
            answer = await http.send(client, request, host, MAX_BYTES, SECONDS, Service.WEB)
            call.note_answer(answer.status)
            return answer

    async def _resolve_host(self, host: str, port: int) -> IPv4Address | IPv6Address:
        """An address of this host, none of whose addresses is private."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise RetryLater(f"The name {host} cannot be resolved.", service=Service.WEB) from None
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not addresses or any(map(self._is_private, addresses)):
            raise PermanentFailure(
                f"A source cannot be fetched: {host} is an address of a private network."
            )
        return addresses[0]

    def _allows(self, host: str, port: int | None) -> bool:
        shown = host if port in (None, 80, 443) else f"{host}:{port}"
        return any(
            shown.endswith(one[1:]) if one.startswith("*.") else shown == one for one in self._hosts
        )

    def _is_private(self, address: IPv4Address | IPv6Address) -> bool:
        inner = _find_target(address)
        if any(inner in network for network in self._networks):
            return False
        return not inner.is_global or inner.is_multicast


def _find_target(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that a transition mechanism leads to, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, also as the odd numbers that resolvers take for one."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host)) if re.match(r"[\dx]", host) else None
    except OSError:
        return None


def _page(url: str, at: str, answer: http.Received) -> WebPage:
    status = answer.status
    if status == 429 or status >= 500:
        seconds = retry_after(answer.headers)
        raise RetryLater(
            f"{_hide_secrets(url)} is out of order (HTTP {status}).", seconds, Service.WEB
        )
    if status != httpx2.codes.OK:
        raise PermanentFailure(f"The source {_hide_secrets(url)} cannot be read (HTTP {status}).")
    if answer.body is None:
        limit = MAX_BYTES // 1024 // 1024
        raise PermanentFailure(
            f"The source {_hide_secrets(url)} is larger than {limit} MB; please attach the part "
            "that matters as a file."
        )
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return WebPage(url, _name(at, kind), answer.body)


def _name(url: str, kind: str) -> str:
    """A file name whose suffix says what the server says, else what the address does."""
    last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2] or "page"
    suffix = _SUFFIXES.get(kind)
    if suffix:
        return last if last.lower().endswith(suffix) else f"{last}{suffix}"
    try:
        kind_of_name(last)
    except UnsupportedMediaType:
        return f"{last}.html"
    return last


def _hide_secrets(url: str) -> str:
    """Without what might be a secret in it."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0].partition("#")[0])[:200]


def _read_list(environment: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in environment.get(name, "").split(",") if one.strip()]
