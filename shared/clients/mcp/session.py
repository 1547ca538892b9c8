"""One session with an MCP server: opened at the first call, kept, and opened again when it is lost.

The `mcp` client must be entered and left by one task, so each session has a task of its own; calls
come from any task of its event loop, several at once.
"""

import asyncio
import logging
import shutil
import sys
from asyncio import AbstractEventLoop, Event, Future, Task
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from shared.clients.http import read_certificates
from shared.clients.mcp import faults
from shared.clients.mcp.authorization import signature_of
from shared.clients.mcp.exchange import EXCHANGE, BoundedTransport, Exchange
from shared.clients.mcp.roles import Offered
from shared.clients.mcp.settings import SnowflakeEndpoint
from shared.errors import PermanentFailure, StepError

if TYPE_CHECKING:
    from mcp.client.client import Client
    from mcp_types import Tool

T = TypeVar("T")

CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 300.0
_MAX_PAGES = 20
_RELAY = Path(__file__).with_name("relay.py")
_MODES = ("legacy", "auto")
"""The handshake that most servers know, then `server/discover` for those that refuse it."""

# The `mcp` package, which has both names, would log what it cannot read of an answer.
for _name in ("mcp", "client"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool said: its texts, and the same in structure where the server gives that."""

    texts: tuple[str, ...]
    structured: Any
    is_error: bool


@dataclass(eq=False)
class _Live:
    """A session in its loop; `ready` gives its client or the StepError for which there is none."""

    loop: AbstractEventLoop
    ready: "Future[Client]"
    stop: Event = field(default_factory=Event)
    calls: int = 0
    used: float = 0.0
    task: "Task[None] | None" = None


class McpSession:
    """Calls of one server; `max_bytes` bounds each of its answers."""

    def __init__(self, endpoint: SnowflakeEndpoint, max_bytes: int) -> None:
        self._endpoint = endpoint
        self._signature = signature_of(endpoint)
        self._max_bytes = max_bytes
        self._live: _Live | None = None

    async def list_tools(self, seconds: float) -> list[Offered]:
        """Every tool of the server. Raises StepError."""

        async def list_all(client: "Client") -> list[Offered]:
            found: list[Offered] = []
            cursor: str | None = None
            for _ in range(_MAX_PAGES):
                page = await client.list_tools(cursor=cursor, cache_mode="refresh")
                found += [_read_offer(tool) for tool in page.tools]
                cursor = page.next_cursor
                if cursor is None:
                    return found
            raise PermanentFailure("The Snowflake server lists its tools without end.")

        return await self._run(list_all, seconds)

    async def call(self, tool: str, arguments: dict[str, Any], seconds: float) -> ToolAnswer:
        """What the tool answers, within so many seconds. Raises StepError."""

        async def call_once(client: "Client") -> ToolAnswer:
            result = await client.call_tool(tool, arguments, read_timeout_seconds=seconds)
            texts = tuple(block.text for block in result.content if block.type == "text")
            return ToolAnswer(texts, result.structured_content, bool(result.is_error))

        answer = await self._run(call_once, seconds)
        if sum(map(len, answer.texts)) > self._max_bytes:  # as of a server that is a command
            raise faults.too_large()
        return answer

    async def close(self) -> None:
        """End the session, if one is open in this loop."""
        live, self._live = self._live, None
        if live and live.task and live.loop is asyncio.get_running_loop():
            live.stop.set()
            await asyncio.wait([live.task])

    async def _run(self, use: Callable[["Client"], Awaitable[T]], seconds: float) -> T:
        """Call; a session that the server has forgotten is opened again, once."""
        for is_last in (False, True):
            exchange = Exchange()
            token = EXCHANGE.set(exchange)
            try:
                async with (
                    asyncio.timeout(seconds + CONNECT_SECONDS),
                    self._client(seconds) as client,
                ):
                    return await use(client)
            except StepError:
                raise
            except Exception as error:
                if faults.breaks_session(error):
                    self._drop()
                if is_last or not faults.is_forgotten(error, exchange):
                    raise faults.explain_error(error, exchange) from None
            finally:
                EXCHANGE.reset(token)
        raise AssertionError  # the second time returns or raises

    @asynccontextmanager
    async def _client(self, seconds: float) -> AsyncIterator["Client"]:
        loop = asyncio.get_running_loop()
        live = self._live
        if live is None or live.loop is not loop or live.task is None or live.task.done():
            live = self._live = _Live(loop, loop.create_future())
            live.task = asyncio.create_task(self._serve(live, seconds))
        live.calls += 1
        try:
            yield await asyncio.shield(live.ready)
        finally:
            live.calls -= 1
            live.used = loop.time()

    async def _serve(self, live: _Live, seconds: float) -> None:
        """The session's own task. What breaks it after it was ready, its calls have heard."""
        exchange = Exchange()
        EXCHANGE.set(exchange)
        try:
            for mode in _MODES:
                try:
                    async with self._connect(mode, seconds) as client:
                        live.ready.set_result(client)
                        await self._stay(live)
                    return
                except Exception as error:
                    if live.ready.done():
                        return
                    if mode is _MODES[-1] or not faults.refuses_handshake(error, exchange):
                        live.ready.set_exception(faults.explain_error(error, exchange))
                        return
        finally:
            if self._live is live:
                self._live = None
            if not live.ready.done():
                live.ready.set_exception(faults.snowflake_away("The Snowflake session was ended."))
            live.ready.exception()  # taken, also when nobody waits for it any more

    async def _stay(self, live: _Live) -> None:
        """Return when told to stop, or nobody has called for a while."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(live.stop.wait(), _IDLE_SECONDS)
                break
            if not live.calls and live.loop.time() - live.used >= _IDLE_SECONDS:
                break
        if self._live is live:
            self._live = None

    def _drop(self) -> None:
        live, self._live = self._live, None
        if live:
            live.stop.set()

    @asynccontextmanager
    async def _connect(self, mode: str, seconds: float) -> AsyncIterator["Client"]:
        from mcp.client.client import Client

        async with AsyncExitStack() as stack:
            transport = await self._transport(stack, seconds)
            client = Client(transport, mode=mode, read_timeout_seconds=seconds, cache=None)
            await stack.enter_async_context(client)
            # Answers are read tolerantly here, and a schema of the server's own could be one that
            # takes for ever to apply.
            client.session.validate_tool_result = _accept  # type: ignore[method-assign]
            yield client

    async def _transport(self, stack: AsyncExitStack, seconds: float) -> Any:
        known = self._endpoint
        if known.command:
            return self._command(stack)
        from mcp.client.streamable_http import streamable_http_client

        http = httpx2.AsyncClient(
            transport=BoundedTransport(
                httpx2.AsyncHTTPTransport(verify=read_certificates()), self._max_bytes
            ),
            auth=self._signature,
            timeout=httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            headers={"Accept-Encoding": "identity", "User-Agent": "amida-ticket-orchestrator"},
        )
        await stack.enter_async_context(http)
        return streamable_http_client(
            known.address, http_client=http, max_sse_event_size=self._max_bytes
        )

    def _command(self, stack: AsyncExitStack) -> Any:
        from mcp.client.stdio import StdioServerParameters, stdio_client

        command = self._endpoint.command
        if shutil.which(command[0]) is None:
            raise faults.no_command()
        quiet = stack.enter_context(Path("/dev/null").open("w"))  # noqa: SIM115
        relayed = ["-I", str(_RELAY), str(self._max_bytes), *command]
        server = StdioServerParameters(command=sys.executable, args=relayed)
        return stdio_client(server, errlog=quiet)


async def _accept(name: str, result: Any) -> None:
    return None


def _read_offer(tool: "Tool") -> Offered:
    hints = tool.annotations
    return Offered(
        name=tool.name,
        description=tool.description or "",
        schema=tool.input_schema,
        read_only=bool(hints and hints.read_only_hint),
    )
