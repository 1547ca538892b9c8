"""The life of one client's WebSocket, from the handshake to the last event."""

import asyncio
import logging
from collections.abc import Coroutine

from starlette.websockets import WebSocket, WebSocketDisconnect

from infra.local.webpubsub.frames import (
    Event,
    Frame,
    FrameError,
    JoinGroup,
    LeaveGroup,
    Ping,
    SendToGroup,
    SequenceAck,
    parse,
)
from infra.local.webpubsub.hub import Close, Connection, Hub, Payload, Permission, broadcast
from infra.local.webpubsub.upstream import Upstream, UpstreamError

_LOGGER = logging.getLogger(__name__)
_POLICY_VIOLATION = 1008
_INTERNAL_ERROR = 1011


class RequestError(Exception):
    """A client's request was not carried out; `name` is the protocol's word for why."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Session:
    """Serves `connection`, already accepted on `socket`, until either side closes it."""

    def __init__(
        self,
        socket: WebSocket,
        name: str,
        hub: Hub,
        connection: Connection,
        upstream: Upstream | None,
    ) -> None:
        self._socket = socket
        self._name = name
        self._hub = hub
        self._me = connection
        self._upstream = upstream
        self._reason = ""

    async def run(self) -> None:
        """Return when the connection is closed and the event handler knows it."""
        self._hub.connections[self._me.id] = self._me
        if self._me.speaks_json:
            known = {"userId": self._me.user_id, "connectionId": self._me.id}
            self._me.tell({"type": "system", "event": "connected", **known})
        writer = asyncio.create_task(self._write())
        try:
            if self._upstream is not None:
                await _told(self._upstream.connected(self._name, self._me))
            await self._read()
        finally:
            del self._hub.connections[self._me.id]
            writer.cancel()
            if self._upstream is not None:
                gone = self._upstream.disconnected(self._name, self._me, self._reason)
                await _told(gone)
        await asyncio.wait([writer])
        if not writer.cancelled():
            writer.result()

    async def _write(self) -> None:
        try:
            while True:
                out = await self._me.outbox.get()
                if isinstance(out, Close):
                    await self._socket.close(out.code, _shortened(out.reason))
                    return
                if isinstance(out, str):
                    await self._socket.send_text(out)
                else:
                    await self._socket.send_bytes(out)
        except WebSocketDisconnect:
            return  # the reader is told too, and ends the session

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self._reason = self._me.closed_for or message.get("reason") or ""
                return
            if self._me.closed_for is None:
                await self._take(message.get("text"), message.get("bytes"))

    async def _take(self, text: str | None, data: bytes | None) -> None:
        try:
            if not self._me.speaks_json:
                await self._take_plain(text, data)
            elif text is None:
                raise FrameError("a binary frame is none of the subprotocol")
            else:
                await self._answer(parse(text))
        except FrameError as error:
            self._me.close(str(error), _POLICY_VIOLATION)

    async def _take_plain(self, text: str | None, data: bytes | None) -> None:
        if self._upstream is None:
            return
        payload = Payload("binary", data) if text is None else Payload("text", text)
        try:
            await self._hand_over("message", payload)
        except RequestError as error:
            self._me.close(str(error), _INTERNAL_ERROR)

    async def _answer(self, frame: Frame) -> None:
        if isinstance(frame, SequenceAck):
            return
        if isinstance(frame, Ping):
            self._me.tell({"type": "pong"})
            return
        ack: dict[str, object] = {"type": "ack", "ackId": frame.ack_id, "success": True}
        try:
            self._once(frame.ack_id)
            await self._do(frame)
        except RequestError as error:
            ack |= {"success": False, "error": {"name": error.name, "message": str(error)}}
        if frame.ack_id is not None:
            self._me.tell(ack)

    def _once(self, ack_id: int | None) -> None:
        if ack_id is None:
            return
        if ack_id in self._me.acknowledged:
            raise RequestError(
                "Duplicate", f"the message with ack id {ack_id} was processed before"
            )
        self._me.acknowledged.add(ack_id)

    async def _do(self, frame: JoinGroup | LeaveGroup | SendToGroup | Event) -> None:
        if isinstance(frame, Event):
            await self._hand_over(frame.event, frame.payload)
            return
        permission: Permission = (
            "sendToGroup" if isinstance(frame, SendToGroup) else "joinLeaveGroup"
        )
        if not self._me.may(permission, frame.group):
            raise RequestError("Forbidden", f"the client has no role to {permission} {frame.group}")
        if isinstance(frame, JoinGroup):
            self._me.groups.add(frame.group)
        elif isinstance(frame, LeaveGroup):
            self._me.groups.discard(frame.group)
        else:
            to = self._hub.members(group=frame.group)
            excluded = {self._me.id} if frame.no_echo else ()
            origin = {"from": "group", "group": frame.group, "fromUserId": self._me.user_id}
            broadcast(to, frame.payload, excluded, **origin)

    async def _hand_over(self, event: str, payload: Payload) -> None:
        if self._upstream is None:
            raise RequestError("InternalServerError", "no event handler is set")
        try:
            back = await self._upstream.user_event(self._name, self._me, event, payload)
        except UpstreamError as error:
            _LOGGER.warning("event handler: %s", error)
            raise RequestError("InternalServerError", str(error)) from error
        if back is not None:
            self._me.deliver(back, **{"from": "server"})


async def _told(call: Coroutine[None, None, None]) -> None:
    """Wait for an event that nobody waits for the answer to; a failure is only logged."""
    try:
        await call
    except UpstreamError as error:
        _LOGGER.warning("event handler: %s", error)


def _shortened(reason: str) -> str:
    """`reason` as far as it fits in a close frame, which has room for 123 bytes."""
    return reason.encode()[:123].decode(errors="ignore")
