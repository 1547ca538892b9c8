"""An MCP server over HTTP under a test's control: JSON-RPC in single answers, the tools that the
test gives it, and whatever else a server can do wrong."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from shared.clients.mcp.connection import SnowflakeConnection
from shared.clients.mcp.settings import SnowflakeEndpoint
from tests.support.servers.serving import served

TOKEN = "canary-token"
VERSION = "2025-11-25"

Json = dict[str, Any]
Act = Callable[[str], Json]
"""What a tool answers to its text: the `result` of `tools/call`."""
Script = Callable[[Json, Request], Response | None]
"""Given a call and its request: an answer, or None for the usual one."""


def as_usual(_: Json, __: Request) -> Response | None:
    """Every call is answered as it should be."""
    return None


def says(*texts: str, error: bool = False) -> Json:
    """The result of a tool that answers with these texts."""
    return {"content": [{"type": "text", "text": text} for text in texts], "isError": error}


def gives(columns: list[str], rows: list[list[Any]]) -> Json:
    """Rows as Snowflake's own server gives them: every value as text."""
    described = [{"name": name, "type": "fixed"} for name in columns]
    table = {"data": rows, "resultSetMetaData": {"rowType": described}}
    return says(json.dumps({"result_set": table, "query_id": "01b2"}))


@dataclass
class McpServer:
    """An ASGI app. `tools` are by name: what each is described by, and what it does. `asked` are
    the calls so far, `sessions` those that were opened. Calls of the method `held` wait for
    `release`; with `keeps_sessions` a call needs the id of one that is `known`."""

    tools: dict[str, tuple[Json, Act]] = field(default_factory=dict)
    script: Script = as_usual
    asked: list[Json] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    sessions: int = 0
    token: str = TOKEN
    address: str = ""
    held: str = ""
    release: threading.Event = field(default_factory=threading.Event)
    keeps_sessions: bool = False
    known: set[str] = field(default_factory=set)

    def reset(self) -> None:
        self.tools, self.script = {}, as_usual
        self.asked, self.requests, self.sessions = [], [], 0
        self.token, self.held, self.keeps_sessions = TOKEN, "", False
        self.release = threading.Event()
        self.known.clear()
        self.offer("run", "sql", lambda _: gives(["N"], [["1"]]))

    def offer(self, name: str, argument: str, act: Act, description: str = "", **more: Any) -> None:
        """Offer a tool that takes one text."""
        schema = {
            "type": "object",
            "properties": {argument: {"type": "string"}},
            "required": [argument],
        }
        described = {"name": name, "description": description, "inputSchema": schema} | more
        self.tools[name] = (described, act)

    def connection(self, timeout: float = 20.0, **changes: Any) -> SnowflakeConnection:
        limit = {"max_bytes": changes.pop("max_bytes")} if "max_bytes" in changes else {}
        endpoint = SnowflakeEndpoint(**({"address": self.address, "token": TOKEN} | changes))
        return SnowflakeConnection(endpoint, timeout, **limit)

    def methods(self) -> list[str]:
        return [call["method"] for call in self.asked if "id" in call]

    def forget_sessions(self) -> None:
        self.known.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            answer = await self._answer(request)
            await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        call = json.loads(await request.body())
        self.asked.append(call)
        self.requests.append(request)
        scripted = self.script(call, request)
        if scripted is not None:
            return scripted
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"message": "canary-words"}, 401)
        if call["method"] == self.held:
            await asyncio.to_thread(self.release.wait, 30)
        opens = call["method"] == "initialize"
        is_known = opens or request.headers.get("mcp-session-id") in self.known
        if self.keeps_sessions and not is_known:
            return JSONResponse({"message": "canary-words"}, 404)
        if "id" not in call:
            return Response(status_code=202)
        answer = reply(call, self._result(call))
        if self.keeps_sessions and opens:
            self.known.add(f"session-{self.sessions}")
            answer.headers["mcp-session-id"] = f"session-{self.sessions}"
        return answer

    def _result(self, call: Json) -> Json:
        if call["method"] == "initialize":
            self.sessions += 1
            info = {"name": "server under test", "version": "1"}
            return {"protocolVersion": VERSION, "capabilities": {"tools": {}}, "serverInfo": info}
        if call["method"] == "tools/list":
            return {"tools": [described for described, _ in self.tools.values()]}
        _, act = self.tools[call["params"]["name"]]
        [text] = call["params"]["arguments"].values()
        return act(text)


def reply(call: Json, result: Json) -> Response:
    return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "result": result})


def refuse(call: Json, code: int, message: str, status: int = 200, data: Any = None) -> Response:
    """A JSON-RPC error."""
    error = {"code": code, "message": message} | ({"data": data} if data is not None else {})
    return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "error": error}, status)


@contextmanager
def mcp_server() -> Iterator[McpServer]:
    """A running McpServer at `address`."""
    server = McpServer()
    with served(server) as (port,):
        server.address = f"http://127.0.0.1:{port}/mcp"
        server.reset()
        yield server
