"""The transport under the clients of Azure's services."""

import asyncio
import socket
import threading

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.rest import HttpRequest

from shared.clients.azure_transport import ConnectionPool, ObservedTransport
from shared.telemetry.spans import Service


async def test_a_service_that_never_answers_is_not_waited_for_longer_than_was_said() -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    patience = {"connection_timeout": 0.2, "read_timeout": 0.2, "retry_total": 2}
    async with ObservedTransport(Service.STORAGE, patience) as transport, asyncio.timeout(30):
        with pytest.raises(ServiceResponseError):
            await transport.send(HttpRequest("GET", f"http://127.0.0.1:{port}/"))
    server.close()


async def test_clients_share_connections_until_the_last_one_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And look at no proxy of the environment."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    opened = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.readline():
            if await reader.readline() and (await reader.readuntil(b"\r\n\r\n")):
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    request = HttpRequest("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    patience = {"connection_timeout": 5, "read_timeout": 5}
    connections = ConnectionPool()
    first, last = (ObservedTransport(Service.STORAGE, patience, connections) for _ in range(2))
    async with asyncio.timeout(30), last:
        async with first:
            assert (await first.send(request)).status_code == 204
        assert (await last.send(request)).status_code == 204
    assert opened == 1
    server.close()


async def test_a_connection_that_was_closed_while_the_loop_was_held_up_is_not_used() -> None:
    """Imports hold it up for seconds at a cold start, and an instance may be frozen."""
    closed, again = threading.Event(), threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def answer_twice() -> None:
        for is_first in (True, False):
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                if is_first:
                    again.wait(30)
            closed.set()

    thread = threading.Thread(target=answer_twice)
    thread.start()
    request = HttpRequest("POST", f"http://127.0.0.1:{server.getsockname()[1]}/", content=b"x")
    patience = {"connection_timeout": 5, "read_timeout": 5}
    async with ObservedTransport(Service.STORAGE, patience) as transport, asyncio.timeout(30):
        assert (await transport.send(request)).status_code == 204
        again.set()
        assert closed.wait(30)
        assert (await transport.send(request)).status_code == 204
    thread.join(30)
    server.close()
