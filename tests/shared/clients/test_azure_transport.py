"""The transport under the clients of Azure's services."""

import asyncio

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.rest import HttpRequest

from shared.clients.azure_transport import ObservedTransport
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
