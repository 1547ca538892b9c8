"""The events that Web PubSub hands to the app, as CloudEvents over HTTP: which are genuine.

https://learn.microsoft.com/azure/azure-web-pubsub/reference-cloud-events
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit

from shared.errors import Forbidden, Malformed, Unauthenticated
from shared.settings.realtime import RealtimeSettings

_MAX_ID = 200
_PREFIX = "azure.webpubsub."

ReadToken = Callable[[str], Awaitable[object]]
"""Raises Unauthenticated for a token that is not the service's for us."""


class EventKind(StrEnum):
    """What happens to a connection; a message of its client is the last."""

    CONNECT = "sys.connect"
    CONNECTED = "sys.connected"
    DISCONNECTED = "sys.disconnected"
    MESSAGE = "user"


@dataclass(frozen=True, slots=True)
class ConnectionEvent:
    """An event of our hub that the service sent; `name` is what a client called its message."""

    kind: EventKind
    name: str
    connection_id: str
    user_id: str

    @property
    def is_message(self) -> bool:
        return self.kind is EventKind.MESSAGE


class EventVerification:
    """With a connection string events are signed with either of the service's keys, of which ours
    is one; with an identity the event handler's Entra token comes along. Without either of them
    every event is refused."""

    def __init__(self, settings: RealtimeSettings, read_token: ReadToken | None) -> None:
        parts = dict(part.partition("=")[::2] for part in settings.connection_string.split(";"))
        named = {name.lower(): value for name, value in parts.items()}
        endpoint = named.get("endpoint") or settings.endpoint
        self._host = urlsplit(endpoint).hostname or ""
        self._key = named.get("accesskey", "").encode()
        self._hub = settings.hub.lower()
        self._read_token = read_token

    def check_origin(self, origin: str) -> str:
        """The answer to the service's question whether it may send events from `origin`.

        Raises Forbidden for any other than our service.
        """
        wanted = {part.strip().lower() for part in origin.split(",")}
        if not self._host or self._host not in wanted:
            raise Forbidden("Events are taken from this app's Web PubSub service only.")
        return self._host

    async def verify(self, headers: Mapping[str, str]) -> ConnectionEvent:
        """The event with these `headers`, whose names are lower case.

        Raises Unauthenticated for one that is not the service's, Malformed for one that is none of
        ours to take, and Unavailable when the keys that tell cannot be had.
        """
        connection_id = headers.get("ce-connectionid", "")
        if not 0 < len(connection_id) <= _MAX_ID:
            raise Unauthenticated("The event names no connection.")
        await self._check_sender(headers, connection_id)
        if headers.get("ce-hub", "").lower() != self._hub:
            raise Malformed("The event is of another hub.")
        return ConnectionEvent(
            _kind(headers.get("ce-type", "")),
            headers.get("ce-eventname", ""),
            connection_id,
            headers.get("ce-userid", ""),
        )

    async def _check_sender(self, headers: Mapping[str, str], connection_id: str) -> None:
        if self._key:
            mac = f"sha256={hmac.new(self._key, connection_id.encode(), sha256).hexdigest()}"
            given = headers.get("ce-signature", "").encode().split(b",")
            if not any(hmac.compare_digest(mac.encode(), one.strip()) for one in given):
                raise Unauthenticated("The event is not signed by this app's Web PubSub service.")
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if self._read_token is None or scheme.lower() != "bearer":
            raise Unauthenticated("The event does not come from this app's Web PubSub service.")
        await self._read_token(token.strip())


def _kind(text: str) -> EventKind:
    name = text.removeprefix(_PREFIX)
    if name.startswith("user."):
        return EventKind.MESSAGE
    try:
        return EventKind(name)
    except ValueError:
        raise Malformed(f"There are no events of the type {text[:_MAX_ID]!r} here.") from None
