"""What goes wrong with an MCP server: the reason is for people, and quotes nothing of it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from shared.clients.mcp.connection import SnowflakeConnection
from shared.clients.mcp.exchange import CONTAINER, ValueCounter
from shared.clients.mcp.settings import SnowflakeEndpoint
from shared.errors import PermanentFailure, QueryFailed, RetryLater, StepError
from tests.support.ports import find_free_port
from tests.support.servers.mcp import TOKEN, Json, McpServer, mcp_server, refuse, reply, says

CANARY = "canary-words"


@pytest.fixture(scope="module")
def running_server() -> Iterator[McpServer]:
    with mcp_server() as server:
        yield server


@pytest.fixture
async def server(running_server: McpServer) -> AsyncIterator[McpServer]:
    running_server.reset()
    yield running_server
    running_server.release.set()


async def failure(connection: SnowflakeConnection, sql: str = "SELECT 1") -> StepError:
    with pytest.raises(StepError) as error:
        await connection.query(sql)
    await connection.close()
    if not isinstance(error.value, QueryFailed):
        assert CANARY not in str(error.value)
    assert TOKEN not in str(error.value)
    return error.value


def at(
    method: str, answer: Callable[[Json], Response]
) -> Callable[[Json, Request], Response | None]:
    """Answer calls of that method so, and all others as usual."""
    return lambda call, _: answer(call) if call["method"] == method else None


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (400, PermanentFailure, "HTTP 400"),
        (401, PermanentFailure, "token"),
        (403, PermanentFailure, "role"),
        (404, PermanentFailure, "no Snowflake MCP server"),
        (408, RetryLater, "busy"),
        (429, RetryLater, "busy"),
        (500, RetryLater, "busy"),
        (503, RetryLater, "busy"),
    ],
)
@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
async def test_http_says_what_is_wrong(
    server: McpServer, method: str, status: int, kind: type[StepError], says: str
) -> None:
    headers = {"Retry-After": "7"}
    server.script = at(method, lambda _: JSONResponse({"message": CANARY}, status, headers))

    error = await failure(server.connection())

    assert type(error) is kind
    assert says in error.reason
    if isinstance(error, RetryLater):
        assert error.seconds == 7


@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
@pytest.mark.parametrize(
    ("code", "message", "kind", "says"),
    [
        (-32603, "MCP server does not exist or not authorized.", PermanentFailure, "role"),
        (-32603, "canary-words", RetryLater, "does not say why"),
        (-32602, "canary-words", PermanentFailure, "-32602"),
        (-32001, "canary-words", RetryLater, "in time"),
    ],
)
async def test_errors_of_the_protocol_come_in_http_200(
    server: McpServer, method: str, code: int, message: str, kind: type[StepError], says: str
) -> None:
    server.script = at(method, lambda call: refuse(call, code, message))

    error = await failure(server.connection())

    assert type(error) is kind
    assert says in error.reason


async def test_what_the_warehouse_has_against_a_query_is_told(server: McpServer) -> None:
    text = "SQL compilation error:\ninvalid identifier 'X'\x00" + "y" * 5_000
    server.offer("run", "sql", lambda _: says(text, error=True))

    error = await failure(server.connection())

    assert isinstance(error, QueryFailed)
    assert error.detail.startswith("SQL compilation error: invalid identifier 'X'y")
    assert len(error.detail) == 2_000
    assert len(error.reason) < 600


async def test_a_failed_query_that_is_told_as_if_it_had_not_failed(server: McpServer) -> None:
    server.offer("run", "sql", lambda _: says('{"error": {"message": "invalid identifier"}}'))

    assert "invalid identifier" in (await failure(server.connection())).reason


@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
async def test_a_server_that_answers_too_late(server: McpServer, method: str) -> None:
    server.held = method

    error = await failure(server.connection(timeout=0.3))

    assert isinstance(error, RetryLater)
    assert "in time" in error.reason


async def test_a_handshake_that_took_too_long_is_not_tried_in_another_way(
    server: McpServer,
) -> None:
    server.script = at("initialize", lambda call: refuse(call, -32001, "Request timed out"))

    assert "in time" in (await failure(server.connection())).reason
    assert server.methods() == ["initialize"]


async def test_a_server_that_is_away() -> None:
    port = find_free_port()
    endpoint = SnowflakeEndpoint(address=f"http://127.0.0.1:{port}/mcp")

    error = await failure(SnowflakeConnection(endpoint, 5))

    assert isinstance(error, RetryLater)
    assert "cannot be reached" in error.reason


@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
@pytest.mark.parametrize(
    "answer",
    [
        lambda call: HTMLResponse(f"<html>{CANARY}</html>"),
        lambda call: Response(b"{" + CANARY.encode(), media_type="application/json"),
        lambda call: JSONResponse([CANARY]),
        lambda call: reply(call, {"unknown": CANARY}),
        lambda call: Response(b"data: canary-words\n\n", media_type="text/event-stream"),
        lambda call: Response(status_code=202),
        lambda call: RedirectResponse("https://elsewhere.example.com/mcp", 307),
    ],
    ids=["html", "half JSON", "a list", "another shape", "bad events", "nothing", "redirect"],
)
async def test_a_server_that_speaks_something_else(
    server: McpServer, method: str, answer: Callable[[Json], Response]
) -> None:
    server.script = at(method, answer)

    error = await failure(server.connection(timeout=5))

    assert type(error) in (PermanentFailure, RetryLater)


@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
async def test_an_answer_without_end_is_given_up(server: McpServer, method: str) -> None:
    server.script = at(method, lambda call: reply(call, {"text": "x" * 200_000}))

    error = await failure(server.connection(max_bytes=100_000))

    assert type(error) is PermanentFailure
    assert "larger" in error.reason


async def test_a_packed_answer_is_not_unpacked(server: McpServer) -> None:
    def packed(call: Json) -> Response:
        answer = reply(call, {"text": "x"})
        answer.headers["content-encoding"] = "gzip"
        return answer

    server.script = at("tools/call", packed)

    assert type(await failure(server.connection())) is PermanentFailure


async def test_rows_that_are_none(server: McpServer) -> None:
    server.offer("run", "sql", lambda _: says("all went well"))

    error = await failure(server.connection())

    assert type(error) is PermanentFailure
    assert "no rows" in error.reason


async def test_a_server_without_an_sql_tool(server: McpServer) -> None:
    server.tools.clear()
    server.offer("search", "query", lambda _: says("x"), "Searches documents.")
    connection = server.connection()

    assert await connection.ask_analyst("?") is None
    assert "no tool that runs SQL" in (await failure(connection)).reason


async def test_a_fault_does_not_outlive_its_cause(server: McpServer) -> None:
    connection = server.connection()
    server.script = at("initialize", lambda _: Response(status_code=503))
    with pytest.raises(RetryLater):
        await connection.query("SELECT 1")
    server.reset()

    assert (await connection.query("SELECT 1")).rows == ((1,),)
    await connection.close()


async def test_tools_that_were_renamed_are_looked_for_again(server: McpServer) -> None:
    connection = server.connection()
    await connection.query("SELECT 1")
    server.offer("renamed", *("sql", server.tools.pop("run")[1]))
    server.script = lambda call, _: (
        refuse(call, -32602, "Unknown tool: run") if '"run"' in json.dumps(call) else None
    )
    with pytest.raises(PermanentFailure):
        await connection.query("SELECT 1")

    assert (await connection.query("SELECT 1")).rows == ((1,),)
    await connection.close()


async def test_a_session_that_the_server_forgot_is_opened_again(server: McpServer) -> None:
    server.keeps_sessions = True
    connection = server.connection()
    await connection.query("SELECT 1")
    server.forget_sessions()

    assert (await connection.query("SELECT 1")).rows == ((1,),)
    assert server.sessions == 2
    await connection.close()


async def test_a_call_that_fails_leaves_the_others_alone(server: McpServer) -> None:
    def answer(sql: str) -> Json:
        return says("no", error=True) if "bad" in sql else says('[{"N": 1}]')

    server.offer("run", "sql", answer)
    connection = server.connection()

    asked = [connection.query(f"SELECT {'bad' if n % 2 else n}") for n in range(6)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert [isinstance(outcome, QueryFailed) for outcome in outcomes] == [False, True] * 3
    assert server.sessions == 1
    await connection.close()


async def test_a_command_that_is_no_program() -> None:
    error = await failure(SnowflakeConnection(SnowflakeEndpoint(command=("no-such-program",)), 10))

    assert type(error) is PermanentFailure
    assert "SNOWFLAKE_MCP_COMMAND" in error.reason


async def test_a_command_that_ends_at_once() -> None:
    endpoint = SnowflakeEndpoint(command=(sys.executable, "-c", "raise SystemExit(3)"))

    assert type(await failure(SnowflakeConnection(endpoint, 10))) is RetryLater


@pytest.mark.parametrize(
    ("rows", "is_taken"),
    [([[1, 2]] * 10_000, True), ([[]] * 100_000, False), ([list(range(600_000))], False)],
    ids=["rows", "lists", "numbers"],
)
async def test_an_answer_of_more_values_than_anybody_asked_for_is_refused(
    server: McpServer, rows: list[list[int]], *, is_taken: bool
) -> None:
    """Reading it would keep all others waiting."""
    content = {"columns": ["A", "B"], "rows": rows}
    server.script = at(
        "tools/call", lambda call: reply(call, says() | {"structuredContent": content})
    )
    if is_taken:
        connection = server.connection()
        assert len((await connection.query("SELECT 1")).rows) == len(rows)
        await connection.close()
    else:
        assert "larger than is taken" in (await failure(server.connection())).reason


async def test_a_text_of_more_cells_than_anybody_asked_for_is_refused(server: McpServer) -> None:
    numbers = json.dumps([[1, 2, 3]] * 200_000)
    server.script = at("tools/call", lambda call: reply(call, says(numbers)))
    assert "malformed table" in (await failure(server.connection())).reason


@settings(derandomize=True, deadline=None)
@given(st.recursive(st.none() | st.text('a"\\,[{\n'), st.lists), st.data())
def test_values_are_counted_wherever_what_comes_is_cut_off(value: Any, data: st.DataObject) -> None:
    content, counter, counted = json.dumps(value).encode(), ValueCounter(), 0
    while content:
        size = data.draw(st.integers(1, len(content)))
        counted += counter.count(content[:size])
        content = content[size:]
    assert counted == count_work(value)


def count_work(value: Any) -> int:
    """That of lists and what is in them."""
    if not isinstance(value, list):
        return 0
    return CONTAINER + max(0, len(value) - 1) + sum(map(count_work, value))
