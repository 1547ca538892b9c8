"""The MCP client with other servers, other ways to sign in, and other shapes of answers."""

import base64
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from shared.clients.mcp.analyst import AnalystAnswer, answer_of
from shared.clients.mcp.connection import SnowflakeConnection, SnowflakeConnections
from shared.clients.mcp.roles import Offered, Tool, Tools, assign_roles
from shared.clients.mcp.rows import Rows, rows_of
from shared.clients.mcp.settings import OAuthClient, SnowflakeEndpoint
from shared.errors import PermanentFailure, QueryFailed, StepError
from tests.support.servers.mcp import TOKEN, McpServer, mcp_server
from tests.support.servers.other_mcp import RefusesHandshake, other_servers
from tests.support.servers.serving import served

TOOLS = Tools(Tool("run_snowflake_query", "statement"), Tool("sales_view", "query"))
ROWS = (("North", Decimal("10.25")), ("South", None))


@pytest.fixture(scope="module")
def others() -> Iterator[tuple[str, str, RefusesHandshake]]:
    with other_servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def running_server() -> Iterator[McpServer]:
    with mcp_server() as server:
        yield server


@pytest.fixture
def server(running_server: McpServer) -> McpServer:
    running_server.reset()
    return running_server


async def check_other(endpoint: SnowflakeEndpoint) -> None:
    snowflake = SnowflakeConnection(endpoint, 30)
    assert await snowflake.tools() == TOOLS
    rows = await snowflake.query("SELECT 1")
    assert (rows.columns, rows.rows) == (("REGION", "SALES"), ROWS)
    with pytest.raises(QueryFailed, match="MISSING"):
        await snowflake.query("SELECT * FROM missing")
    answer = await snowflake.ask_analyst("How much?")
    assert answer == AnalystAnswer("SELECT 1", "You asked: How much?", (), verified=True)
    await snowflake.close()


async def test_a_server_with_sessions_events_and_other_names(others: tuple[str, str, Any]) -> None:
    await check_other(SnowflakeEndpoint(address=others[0]))


async def test_a_server_that_refuses_initialize_is_asked_what_it_speaks(
    others: tuple[str, str, RefusesHandshake],
) -> None:
    _, address, asked = others
    await check_other(SnowflakeEndpoint(address=address))

    assert asked.methods[:2] == ["initialize", "server/discover"]


async def test_a_server_that_is_a_command() -> None:
    command = (sys.executable, "-m", "tests.support.servers.other_mcp")
    await check_other(SnowflakeEndpoint(command=command))


@pytest.mark.parametrize("over", ["http", "stdio"])
async def test_no_server_answers_without_end(others: tuple[str, str, Any], over: str) -> None:
    command = (sys.executable, "-m", "tests.support.servers.other_mcp")
    endpoint = SnowflakeEndpoint(
        address=others[0] if over == "http" else "", command=() if over == "http" else command
    )
    snowflake = SnowflakeConnection(endpoint, 30, max_bytes=100_000)

    with pytest.raises(StepError):
        await snowflake.query("SELECT huge")
    assert (await snowflake.query("SELECT 1")).rows == ROWS
    await snowflake.close()


async def test_a_token_is_sent_as_bearer(server: McpServer) -> None:
    connection = server.connection()
    await connection.query("SELECT 1")
    await connection.close()

    signed = {request.headers["authorization"] for request in server.requests}
    assert signed == {f"Bearer {TOKEN}"}
    assert {request.headers["accept-encoding"] for request in server.requests} == {"identity"}


class TokenServer:
    """Gives the tokens of `answers`, one after the other."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            form = parse_qs((await request.body()).decode())
            self.asked.append((request.headers["authorization"], form))
            await self.answers.pop(0)(scope, receive, send)


def granted(token: str, life: int = 600) -> Response:
    return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": life})


async def query_with(server: McpServer, tokens: TokenServer, times: int = 1) -> None:
    with served(tokens) as (port,):
        client = OAuthClient(
            token_url=f"http://127.0.0.1:{port}/token",
            client_id="client",
            client_secret="canary-secret",
            scope="session:role:ANALYST",
        )
        connection = server.connection(token="", oauth=client)
        try:
            for _ in range(times):
                await connection.query("SELECT 1")
        finally:
            await connection.close()


async def test_client_credentials_get_a_token_once(server: McpServer) -> None:
    tokens = TokenServer(granted(TOKEN))

    await query_with(server, tokens, times=3)

    [(header, form)] = tokens.asked
    assert base64.b64decode(header.removeprefix("Basic ")) == b"client:canary-secret"
    assert form == {"grant_type": ["client_credentials"], "scope": ["session:role:ANALYST"]}


async def test_a_token_that_is_refused_is_asked_for_anew(server: McpServer) -> None:
    tokens = TokenServer(granted("old"), granted(TOKEN))

    await query_with(server, tokens)

    assert len(tokens.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"error": "invalid_client", "error_description": "canary-secret"}, 401),
        JSONResponse({"access_token": ""}),
        JSONResponse({"access_token": "a\nb"}),
        JSONResponse(["canary-secret"]),
        Response("canary-secret"),
    ],
    ids=["refused", "empty", "two lines", "a list", "no JSON"],
)
async def test_no_token_is_a_clear_failure(server: McpServer, answer: Response) -> None:
    with pytest.raises(PermanentFailure, match="SNOWFLAKE_OAUTH_TOKEN_URL") as error:
        await query_with(server, TokenServer(answer))

    assert "canary" not in str(error.value)


async def test_each_department_has_its_connection(server: McpServer) -> None:
    connections = SnowflakeConnections.from_environment(
        {
            "SNOWFLAKE_CONNECTIONS": json.dumps(
                {"Finance": {"address": server.address, "token": "T"}}
            ),
            "T": TOKEN,
        }
    )
    finance = connections.connection_of("Finance")

    assert (await finance.query("SELECT 1")).rows == ((1,),)
    assert connections.connection_of("Finance") is finance
    with pytest.raises(PermanentFailure, match="no Snowflake connection"):
        connections.connection_of("Sales")
    await finance.close()


def table(**more: Any) -> dict[str, Any]:
    return {"data": [["1", "a"]], **more}


def typed(*kinds: str) -> dict[str, Any]:
    return {"rowType": [{"name": f"C{n}", "type": kind} for n, kind in enumerate(kinds)]}


@pytest.mark.parametrize(
    ("texts", "structured", "columns", "rows"),
    [
        ([json.dumps({"result_set": table()})], None, ("COLUMN_1", "COLUMN_2"), (("1", "a"),)),
        (
            [json.dumps({"result_set": table(resultSetMetaData=typed("fixed", "text"))})],
            None,
            ("C0", "C1"),
            ((1, "a"),),
        ),
        (['{"columns": ["A"], "rows": [[0.10]]}'], None, ("A",), ((Decimal("0.10"),),)),
        (
            ['[{"A": 1}, {"A": null, "B": {"x": 1}}]'],
            None,
            ("A", "B"),
            ((1, None), (None, '{"x": 1}')),
        ),
        (['{"A": 1}', '{"A": 2}'], None, ("A",), ((1,), (2,))),
        (['{"columns": ["A"], "rows": []}'], None, ("A",), ()),
        (["[]"], None, (), ()),
        (["two rows"], {"result": [{"A": 1.5}]}, ("A",), ((Decimal("1.5"),),)),
        (['{"result": "[{\\"A\\": true}]"}'], None, ("A",), ((True,),)),
    ],
)
def test_rows_in_many_shapes(
    texts: list[str], structured: Any, columns: tuple[str, ...], rows: tuple[Any, ...]
) -> None:
    found = rows_of(texts, structured)

    assert (found.columns, found.rows) == (columns, rows)


@pytest.mark.parametrize(
    ("kind", "text", "cell"),
    [
        ("fixed", "12345678901234567890", 12345678901234567890),
        ("fixed", "-1.50", Decimal("-1.50")),
        ("real", "1e-7", Decimal("1E-7")),
        ("real", "NaN", "NaN"),
        ("boolean", "true", True),
        ("date", "2026-01-31", "2026-01-31"),
        ("text", "007", "007"),
        ("fixed", "oops", "oops"),
    ],
)
def test_values_have_the_type_that_snowflake_tells(kind: str, text: str, cell: Any) -> None:
    told = {"result_set": {"data": [[text]], "resultSetMetaData": typed(kind)}}

    assert rows_of([json.dumps(told)], None) == Rows(("C0",), ((cell,),), (kind,))


@pytest.mark.parametrize(
    "text",
    ['{"rows": [[1], [1, 2]]}', '{"columns": ["A"], "rows": [[1, 2]]}', "{}", "null", '"x"', "7"],
)
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(PermanentFailure):
        rows_of([text], None)


def test_an_analyst_answers_in_blocks() -> None:
    blocks = [
        {"type": "text", "text": "This is our interpretation."},
        {
            "type": "sql",
            "statement": "SELECT 1",
            "confidence": {"verified_query_used": {"name": "sales"}},
        },
    ]
    told = {"message": {"role": "analyst", "content": blocks}}
    expected = AnalystAnswer("SELECT 1", "This is our interpretation.", (), verified=True)

    assert answer_of([json.dumps(told)], None) == expected
    assert answer_of([json.dumps(block) for block in blocks], None) == expected
    assert answer_of([], told) == expected


def test_an_analyst_that_does_not_understand_suggests() -> None:
    told = [
        {"type": "text", "text": "Which sales?"},
        {"type": "suggestions", "suggestions": ["By month?", 7, "By year?"]},
    ]

    answer = answer_of([json.dumps({"content": told})], None)

    assert answer == AnalystAnswer("", "Which sales?", ("By month?", "By year?"), verified=False)
    assert answer_of(["plain words"], None).text == "plain words"


def offered(
    name: str, *required: str, said: str = "", optional: str = "", read: bool = False
) -> Offered:
    names = [*required, *filter(None, [optional])]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(required),
    }
    return Offered(name, said, schema, read)


@pytest.mark.parametrize(
    ("tools", "sql", "analyst"),
    [
        ([offered("a", "sql"), offered("b", "message")], "a", "b"),
        ([offered("a", "query", said="Runs SQL."), offered("b", "query")], "a", None),
        ([offered("a", "query", "columns", said="Searches SQL texts.")], None, None),
        ([offered("a", "sql", optional="timeout")], "a", None),
        ([offered("a", "sql"), offered("b", "statement", read=True)], "b", None),
        ([offered("a", "statement"), offered("b", "sql")], "b", None),
        ([offered("a", "text", said="An agent that answers questions.")], None, "a"),
        ([offered("a", "message", "semantic_model")], None, None),
        (
            [Offered("a", "", {}), Offered("b", "", {"properties": {"sql": {"type": "integer"}}})],
            None,
            None,
        ),
    ],
)
def test_tools_are_known_by_what_they_take(
    tools: list[Offered], sql: str | None, analyst: str | None
) -> None:
    found = assign_roles(tools)

    assert found.sql is None if sql is None else found.sql and found.sql.name == sql
    assert (
        found.analyst is None
        if analyst is None
        else found.analyst and found.analyst.name == analyst
    )
