"""A second Snowflake server over the same data: other names of tools, other shapes of results, and
no analyst. What a test wants to go wrong it does before a query is passed on."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shared.clients.mcp.connection import SnowflakeConnection
from shared.errors import QueryFailed
from tests.support.servers.mcp import TOKEN, Json, McpServer, mcp_server, says
from tests.support.servers.snowflake import LocalSnowflake

Spoil = Callable[[str], Json | None]
"""Given SQL: what the tool answers in place of the rows, or None."""


def spoil_nothing(_: str) -> Json | None:
    """Every query is passed on."""
    return None


@dataclass
class Relay:
    """`asked` is all SQL so far."""

    server: McpServer
    connection: SnowflakeConnection
    spoil: Spoil = spoil_nothing
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def reset(self) -> None:
        self.server.reset()
        self.server.tools = {}
        self.spoil, self.asked = spoil_nothing, []
        self.server.offer("run_snowflake_query", "statement", self.run, "Runs SQL.")

    def settings(self) -> dict[str, str]:
        return {
            "SNOWFLAKE_MCP_URL": self.server.address,
            "SNOWFLAKE_MCP_TOKEN": TOKEN,
            "SNOWFLAKE_DATABASES": "SALES",
            "SNOWFLAKE_ALLOWED": "user",
        }

    def selects(self) -> list[str]:
        """The queries that are no statements of the program's own about tables."""
        return [one for one in self.asked if "INFORMATION_SCHEMA" not in one and "/* amida" in one]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.connection.close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def run(self, sql: str) -> Json:
        """What the tool answers to this SQL."""
        self.asked.append(sql)
        spoiled = self.spoil(sql)
        if spoiled is not None:
            return spoiled
        try:
            query = self.connection.query(sql)
            rows = asyncio.run_coroutine_threadsafe(query, self._loop).result(30)
        except QueryFailed as error:
            return says(error.detail, error=True)
        records = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
        return says(json.dumps({"rows": records, "columns": list(rows.columns)}, default=_number))


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


@contextmanager
def relay(snowflake: LocalSnowflake) -> Iterator[Relay]:
    with mcp_server() as server:
        made = Relay(server, snowflake.connection())
        made.reset()
        yield made
        made.close()
