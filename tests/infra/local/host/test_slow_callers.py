"""Callers that begin to send and do not go on."""

import asyncio

import pytest
import uvicorn
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message
from uvicorn.server import ServerState

from infra.local.host.bodies import MAX_HELD_BYTES, Bodies
from infra.local.host.protocol import KestrelProtocol

POST = {"type": "http", "headers": []}


class Impatient(KestrelProtocol):
    max_head_seconds = 0.05


async def nothing_more() -> Message:
    return await asyncio.Future()


async def test_a_body_that_stops_in_the_middle_gives_its_room_back() -> None:
    bodies, pieces = Bodies(max_seconds=0.05), [b"x" * MAX_HELD_BYTES]

    async def stopping() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        return await nothing_more()

    with bodies.bound(POST, stopping, MAX_HELD_BYTES) as receive:
        await receive()
        with pytest.raises(HTTPException) as refused:
            await receive()
    assert refused.value.status_code == 408

    async def short() -> Message:
        return {"type": "http.request", "body": b"x", "more_body": False}

    with bodies.bound(POST, short, MAX_HELD_BYTES) as receive:
        assert (await receive())["body"] == b"x"


async def test_who_has_sent_all_may_wait_for_the_answer() -> None:
    messages = [{"type": "http.request", "body": b"x"}]

    async def whole() -> Message:
        return messages.pop() if messages else await nothing_more()

    with Bodies(max_seconds=0.05).bound(POST, whole, 10) as receive:
        await receive()
        waiting = asyncio.ensure_future(receive())  # Ends when the caller leaves.
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        waiting.cancel()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_a_head_that_does_not_end_ends_its_connection(sent: bytes) -> None:
    config = uvicorn.Config(Response(), log_config=None)
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
    assert not state.connections
