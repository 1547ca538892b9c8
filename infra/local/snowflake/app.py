"""The HTTP side of the stand-in: a server for each role, chosen by the bearer token."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from infra.local.snowflake import PATH, ROLES
from infra.local.snowflake.analyst import answer
from infra.local.snowflake.sample import tables
from infra.local.snowflake.warehouse import QueryError, Warehouse

_READS = ToolAnnotations(read_only_hint=True)


def application(until: date, script: str = "", reads_only: bool = True) -> Starlette:
    """The stand-in as an ASGI application, with sales up to the day `until`. A `script` is run in
    each role's warehouse at the start."""
    made = tables(until)
    servers = {
        token: _server(Warehouse(made, schemas, script, reads_only), until)
        for token, schemas in ROLES.items()
        if schemas
    }

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for server in servers.values():
                await stack.enter_async_context(server.router.lifespan_context(server))
            yield

    return Starlette(
        routes=[Route("/health", _health), Route(PATH, _Door(servers))], lifespan=lifespan
    )


async def _health(_: Request) -> Response:
    return JSONResponse({"stand_in": True})


class _Door:
    """Lets calls with a known token to the server of its role."""

    def __init__(self, servers: dict[str, Starlette]) -> None:
        self._servers = servers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in ROLES:
            refusal = {"code": "390303", "message": "Invalid OAuth access token."}
            await JSONResponse(refusal, 401)(scope, receive, send)
        elif "application/json" not in request.headers.get("accept", ""):
            refusal = {"code": "391902", "message": "Unsupported Accept header null is specified."}
            await JSONResponse(refusal, 400)(scope, receive, send)
        elif token in self._servers:
            await self._servers[token](scope, receive, send)
        else:
            await JSONResponse(await _unauthorized(request))(scope, receive, send)


async def _unauthorized(request: Request) -> dict[str, Any]:
    """As the managed server answers a role that may not use it: in HTTP 200."""
    body = await request.body()
    call = json.loads(body) if body else {}
    error = {"code": -32603, "message": "MCP server does not exist or not authorized."}
    return {"jsonrpc": "2.0", "id": call.get("id", 0), "error": error}


def _server(warehouse: Warehouse, today: date) -> Starlette:
    server = MCPServer("SALES_MCP")

    @server.tool("sales_sql", description="Run SQL on sales data.", annotations=_READS)
    async def run(sql: str) -> str:
        try:
            result = await asyncio.to_thread(warehouse.run, sql)
        except QueryError as error:
            raise ToolError(str(error)) from None
        return json.dumps(result.as_json())

    @server.tool("sales_analyst", description="Answers questions about sales.", annotations=_READS)
    async def analyse(message: str) -> str:
        return json.dumps({"content": answer(message, today)})

    return server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True
    )
