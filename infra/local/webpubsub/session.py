"""The life of one client's WebSocket, from the handshake to the last event."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress

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
from infra.local.webpubsub.hub import (
    Close,
    Connection,
    Hub,
    Outbox,
    Payload,
    Permission,
    broadcast,
)
from infra.local.webpubsub.upstream import Upstream, UpstreamError

_LOGGER = logging.getLogger(__name__)
_POLICY_VIOLATION = 1008
_LEFT = (1000, 1001, 1012)
"""With which a client closes a connection that it does not want back, or we do as we stop."""
_INTERNAL_ERROR = 1011


class RequestError(Exception):
    """A client's request was not carried out; `name` is the protocol's word for why."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Session:
    """Serves `connection`, already accepted on `socket`, until either side closes it. A reliable
    one that is lost is kept for `recovery_seconds`, in which it may go on upon another socket."""

    def __init__(
        self,
        socket: WebSocket,
        name: str,
        hub: Hub,
        connection: Connection,
        upstream: Upstream | None,
        recovery_seconds: float,
    ) -> None:
        self._socket = socket
        self._name = name
        self._hub = hub
        self._me = connection
        self._upstream = upstream
        self._recovery_seconds = recovery_seconds
        self._reason = ""
        self._was_left = False
        self._expiry: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Return when the socket is closed and, unless it may be recovered, the event handler knows
        that."""
        self._hub.connections[self._me.id] = self._me
        self._hub.sessions[self._me.id] = self
        if self._me.speaks_json:
            self._me.greet()
        await self._serve(self._socket, is_new=True)

    async def recover(self, socket: WebSocket) -> None:
        """Go on upon `socket`, as `run` does."""
        previous, self._socket = self._socket, socket
        if self._expiry is not None:
            self._expiry.cancel()
        with suppress(RuntimeError, WebSocketDisconnect):  # It is closed already.
            await previous.close()
        self._me.recover()
        await self._serve(socket, is_new=False)

    async def _serve(self, socket: WebSocket, *, is_new: bool) -> None:
        writer = asyncio.create_task(self._write(socket, self._me.outbox))
        try:
            if is_new and self._upstream is not None:
                await _told(self._upstream.connected(self._name, self._me))
            await self._read(socket)
        finally:
            writer.cancel()
            if socket is self._socket:  # No other has taken over.
                await self._leave()
        await asyncio.wait([writer])
        if not writer.cancelled():
            writer.result()

    async def _leave(self) -> None:
        """End, at once or when nobody has come back for a while."""
        if not self._me.is_reliable or self._was_left or self._me.closed_for is not None:
            await self._end()
        else:
            self._expiry = asyncio.create_task(self._expire())

    async def _expire(self) -> None:
        await asyncio.sleep(self._recovery_seconds)
        await self._end()

    async def _end(self) -> None:
        del self._hub.connections[self._me.id], self._hub.sessions[self._me.id]
        if self._upstream is not None:
            await _told(self._upstream.disconnected(self._name, self._me, self._reason))

    async def _write(self, socket: WebSocket, outbox: Outbox) -> None:
        try:
            while True:
                out = await outbox.get()
                if isinstance(out, Close):
                    await socket.close(out.code, _shortened(out.reason))
                    return
                if isinstance(out, str):
                    await socket.send_text(out)
                else:
                    await socket.send_bytes(out)
        except WebSocketDisconnect:
            return  # the reader is told too, and ends the session

    async def _read(self, socket: WebSocket) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                self._reason = self._me.closed_for or message.get("reason") or ""
                self._was_left = socket is self._socket and message.get("code") in _LEFT
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
            self._me.acknowledge(frame.sequence_id)
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
