"""The MCP client against real HTTP servers that behave, or do not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest

from shared.clients.mcp.connection import SnowflakeConnection
from shared.clients.mcp.rows import Rows
from tests.support.servers.mcp import McpServer, gives, mcp_server


@pytest.fixture(scope="module")
def running_server() -> Iterator[McpServer]:
    with mcp_server() as server:
        yield server


@pytest.fixture
def server(running_server: McpServer) -> McpServer:
    running_server.reset()
    return running_server


@pytest.fixture
async def snowflake(server: McpServer) -> AsyncIterator[SnowflakeConnection]:
    connection = server.connection()
    yield connection
    await connection.close()


async def test_rows_come_with_names_and_exact_numbers(
    server: McpServer, snowflake: SnowflakeConnection
) -> None:
    server.offer("run", "sql", lambda _: gives(["A", "B"], [["1", "0.30"], [None, "x"]]))

    rows = await snowflake.query("SELECT 1")

    assert rows == Rows(("A", "B"), ((1, Decimal("0.30")), (None, "x")), ("fixed", "fixed"), "01b2")
    assert server.methods() == ["initialize", "tools/list", "tools/call"]


async def test_a_session_is_opened_once(server: McpServer, snowflake: SnowflakeConnection) -> None:
    await asyncio.gather(*(snowflake.query(f"SELECT {n}") for n in range(5)))

    assert server.sessions == 1
