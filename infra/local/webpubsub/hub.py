"""Who is connected to a hub, in which groups and with which rights, and what is sent to whom."""

import asyncio
import base64
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from starlette.websockets import WebSocket

from infra.local.webpubsub import PROTOCOLS, RELIABLE_PROTOCOL

_TOO_SLOW = 1008
DataType = Literal["json", "text", "binary"]
Permission = Literal["joinLeaveGroup", "sendToGroup"]
MAX_WAITING = 5_000
"""Messages that a client has not taken or acknowledged. Azure ends a connection that lags behind,
and names no number.
https://learn.microsoft.com/azure/azure-web-pubsub/howto-develop-reliable-clients
"""
PERMISSIONS: tuple[Permission, ...] = ("joinLeaveGroup", "sendToGroup")


@dataclass(frozen=True)
class Payload:
    """What a message carries: a JSON value, a string or bytes, as `data_type` says."""

    data_type: DataType
    data: Any

    def as_frame(self) -> str | bytes:
        """How a plain WebSocket client gets it."""
        if self.data_type == "json":
            return json.dumps(self.data, ensure_ascii=False)
        frame: str | bytes = self.data
        return frame

    def as_fields(self) -> dict[str, Any]:
        """How it stands in a message of the JSON subprotocol."""
        is_binary = self.data_type == "binary"
        data = base64.b64encode(self.data).decode() if is_binary else self.data
        return {"dataType": self.data_type, "data": data}


@dataclass(frozen=True)
class Close:
    """The order to close a connection."""

    reason: str
    code: int = 1000


Outbox = asyncio.Queue[str | bytes | Close]


class Resumable(Protocol):
    """A session whose client may come back on another socket."""

    async def recover(self, socket: WebSocket) -> None: ...


@dataclass(eq=False)
class Connection:
    """One client. What is to be sent to it waits in `outbox`, in order; what a reliable one has not
    acknowledged is kept in `unacknowledged`, by number."""

    user_id: str | None = None
    protocol: str | None = None
    roles: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    state: str | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    outbox: "Outbox" = field(default_factory=asyncio.Queue)
    acknowledged: set[int] = field(default_factory=set)
    closed_for: str | None = None
    reconnection_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    unacknowledged: dict[int, str] = field(default_factory=dict)
    sequence: int = 0

    @property
    def speaks_json(self) -> bool:
        return self.protocol in PROTOCOLS

    @property
    def is_reliable(self) -> bool:
        return self.protocol == RELIABLE_PROTOCOL

    def greet(self) -> None:
        """Tell a client of the subprotocol who it is."""
        known = {"userId": self.user_id, "connectionId": self.id}
        token = {"reconnectionToken": self.reconnection_token} if self.is_reliable else {}
        self.tell({"type": "system", "event": "connected", **known, **token})

    def acknowledge(self, sequence: int) -> None:
        """The client has everything up to the number `sequence`."""
        for number in [n for n in self.unacknowledged if n <= sequence]:
            del self.unacknowledged[number]

    def recover(self) -> None:
        """Begin anew on another socket with what the client may have missed."""
        self.outbox = asyncio.Queue()
        self.greet()
        for text in [*self.unacknowledged.values()]:
            self.outbox.put_nowait(text)

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message of the JSON subprotocol."""
        self.outbox.put_nowait(json.dumps(message, ensure_ascii=False))

    def deliver(self, payload: Payload, **origin: str | None) -> None:
        """Send `payload` with where it comes from, as far as the client's protocol can say so; to
        one that lags behind no more."""
        if self.closed_for is not None:
            return
        if max(len(self.unacknowledged), self.outbox.qsize()) >= MAX_WAITING:
            self.close(f"{MAX_WAITING:,} messages wait to be taken or acknowledged", _TOO_SLOW)
            return
        if self.speaks_json:
            known = {name: value for name, value in origin.items() if value is not None}
            self._tell_in_sequence({"type": "message", **known, **payload.as_fields()})
        else:
            self.outbox.put_nowait(payload.as_frame())

    def _tell_in_sequence(self, message: dict[str, Any]) -> None:
        if not self.is_reliable:
            self.tell(message)
            return
        self.sequence += 1
        text = json.dumps({**message, "sequenceId": self.sequence}, ensure_ascii=False)
        self.unacknowledged[self.sequence] = text
        self.outbox.put_nowait(text)

    def close(self, reason: str, code: int = 1000) -> None:
        """Close the connection once everything before has been sent."""
        self.closed_for = reason
        if self.speaks_json:
            self.tell({"type": "system", "event": "disconnected", "message": reason})
        self.outbox.put_nowait(Close(reason, code))

    def may(self, permission: Permission, group: str | None) -> bool:
        """Whether it has `permission` for `group`; None asks for every group."""
        return bool(self.roles & {role_for(permission, None), role_for(permission, group)})


class Hub:
    """The connections of one hub."""

    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}
        self.sessions: dict[str, Resumable] = {}

    def members(self, *, group: str | None = None, user: str | None = None) -> list[Connection]:
        """The connections that are in `group` and belong to `user`, where these are given."""
        return [
            connection
            for connection in self.connections.values()
            if (group is None or group in connection.groups)
            and (user is None or user == connection.user_id)
        ]


def broadcast(
    to: list[Connection], payload: Payload, excluded: Collection[str] = (), **origin: str | None
) -> None:
    """Deliver `payload` to the connections `to` but those whose id is `excluded`."""
    for connection in to:
        if connection.id not in excluded:
            connection.deliver(payload, **origin)


def role_for(permission: Permission, group: str | None) -> str:
    """The role that grants `permission` for `group`, or for every group."""
    return f"webpubsub.{permission}" + ("" if group is None else f".{group}")
