"""Another MCP server than Snowflake's: the `mcp` package's own, with sessions and events, other
names of tools, and rows as objects, as the server of Snowflake Labs has them.

`python -m tests.support.servers.other_mcp` speaks over standard input and output.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.servers.serving import served

ROWS: list[dict[str, Any]] = [
    {"REGION": "North", "SALES": 10.25},
    {"REGION": "South", "SALES": None},
]


def other_server() -> MCPServer:
    server = MCPServer("another")

    @server.tool("search_documents", description="Searches documents.")
    def search(query: str) -> str:
        return query

    @server.tool("run_snowflake_query", description="Executes a SQL query and returns its rows.")
    def run(statement: str) -> list[dict[str, Any]]:
        if "missing" in statement:
            raise ToolError("Object 'MISSING' does not exist or not authorized.")
        return [{"X": "x" * 200_000}] if "huge" in statement else ROWS

    @server.tool("sales_view", description="Cortex Analyst over the semantic view of sales.")
    def ask(query: str) -> dict[str, Any]:
        return {"text": f"You asked: {query}", "sql": "SELECT 1", "verified": True}

    return server


@dataclass
class RefusesHandshake:
    """Passes on to `app` what is no `initialize`; of that it knows nothing."""

    app: ASGIApp
    methods: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        message = await receive()
        call = json.loads(message["body"])
        self.methods.append(call["method"])
        if call["method"] == "initialize":
            error = {"code": -32601, "message": "Method not found"}
            refusal = {"jsonrpc": "2.0", "id": call["id"], "error": error}
            await JSONResponse(refusal)(scope, receive, send)
            return
        waiting: list[Message] = [message]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, again, send)


@contextmanager
def other_servers() -> Iterator[tuple[str, str, RefusesHandshake]]:
    """The addresses of one that knows every handshake and of one that refuses `initialize`, and
    what the latter was asked."""
    newest = RefusesHandshake(other_server().streamable_http_app())
    with served(other_server().streamable_http_app(), newest) as ports:
        first, second = (f"http://127.0.0.1:{port}/mcp" for port in ports)
        yield first, second, newest


if __name__ == "__main__":
    other_server().run("stdio")
