"""The local Snowflake: roles, tools, sales that are always the same, and no way to write."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal

import httpx2
import pytest

from infra.local.snowflake import FINANCE_TOKEN, OUTSIDER_TOKEN, SALES_TOKEN
from infra.local.snowflake.analyst import answer
from infra.local.snowflake.sample import tables
from shared.clients.mcp.connection import SnowflakeConnection
from shared.clients.mcp.roles import Tool, Tools
from shared.errors import PermanentFailure, QueryFailed
from shared.sql import templates
from shared.sql.guard import guard
from shared.sql.policy import Policy, TableName
from tests.support.servers.snowflake import LocalSnowflake, local_snowflake

ORDERS = TableName("SALES", "PUBLIC", "ORDERS")
NOTES = (
    'CREATE TABLE SALES.PUBLIC.NOTES ("A""B" VARCHAR)',
    "INSERT INTO SALES.PUBLIC.NOTES VALUES ('x''y')",
)


@pytest.fixture(scope="module")
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    script = tmp_path_factory.mktemp("snowflake") / "more.sql"
    script.write_text(";\n".join(NOTES))
    with local_snowflake(script) as running:
        yield running


@asynccontextmanager
async def connected(
    snowflake: LocalSnowflake, token: str = SALES_TOKEN
) -> AsyncIterator[SnowflakeConnection]:
    connection = snowflake.connection(token)
    yield connection
    await connection.close()


async def test_it_offers_what_the_managed_server_offers(snowflake: LocalSnowflake) -> None:
    async with connected(snowflake) as connection:
        tools = await connection.tools()
        answer = await connection.ask_analyst("Show me sales trends for the last quarter by region")
        assert answer is not None
        rows = await connection.query(answer.sql)
        unclear = await connection.ask_analyst("How are we doing?")

    assert tools == Tools(Tool("sales_sql", "sql"), Tool("sales_analyst", "message"))
    assert "2026-01-01 to 2026-03-31" in answer.text
    assert rows.columns == ("MONTH_START", "REGION_NAME", "SALES")
    assert rows.types == ("timestamp_ntz", "text", "fixed")
    assert rows.rows[0] == ("2026-01-01 00:00:00", "East", Decimal("11751.22"))
    assert unclear is not None
    assert (unclear.sql, len(unclear.suggestions)) == ("", 3)


async def test_each_token_is_a_role(snowflake: LocalSnowflake) -> None:
    costs = "SELECT COUNT(*) AS N FROM SALES.FINANCE.COSTS"
    async with connected(snowflake, FINANCE_TOKEN) as finance:
        assert (await finance.query(costs)).rows == ((18,),)
        listed = await finance.query(templates.list_tables("SALES", [], 100))
        assert {row[0] for row in listed.rows} == {"PUBLIC", "FINANCE"}
    async with connected(snowflake) as sales:
        with pytest.raises(QueryFailed, match="does not exist"):
            await sales.query(costs)
        listed = await sales.query(templates.list_tables("SALES", [], 100))
        assert {row[0] for row in listed.rows} == {"PUBLIC"}
    async with connected(snowflake, OUTSIDER_TOKEN) as outsider:
        with pytest.raises(PermanentFailure, match="role"):
            await outsider.query("SELECT 1")
    async with connected(snowflake, "made up") as nobody:
        with pytest.raises(PermanentFailure, match="token"):
            await nobody.query("SELECT 1")


def test_it_wants_an_accept_header(snowflake: LocalSnowflake) -> None:
    headers = {"Authorization": f"Bearer {SALES_TOKEN}", "Accept": "text/plain"}
    answer = httpx2.post(snowflake.address, headers=headers, json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "391902")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM SALES.PUBLIC.ORDERS",
        "WITH A AS (DELETE FROM SALES.PUBLIC.ORDERS RETURNING *) SELECT * FROM A",
        "SELECT * INTO SALES.PUBLIC.X FROM SALES.PUBLIC.ORDERS",
        "SELECT 1; SELECT 2",
        "SELECT * FROM READ_CSV('/etc/passwd')",
        "SELECT FROM",
    ],
)
async def test_it_only_reads_and_reads_no_files(snowflake: LocalSnowflake, sql: str) -> None:
    async with connected(snowflake) as connection:
        with pytest.raises(QueryFailed):
            await connection.query(sql)


async def test_the_programs_own_statements_run(snowflake: LocalSnowflake) -> None:
    notes = TableName("SALES", "PUBLIC", "NOTES")
    async with connected(snowflake) as connection:
        columns = await connection.query(templates.list_columns("SALES", ["PUBLIC"], 1000))
        primary = await connection.query(templates.list_primary_keys("SALES", "PUBLIC"))
        foreign = await connection.query(templates.list_foreign_keys("SALES", "PUBLIC"))
        values = await connection.query(templates.sample_values(ORDERS, ["STATUS", "CHANNEL"], 2))
        nasty = await connection.query(templates.sample_values(notes, ['A"B'], 2))
        latest = await connection.query(templates.latest_value(ORDERS, "ORDER_DATE"))

    described = {(row[1], row[2]): row[5] for row in columns.rows}
    assert described["ORDER_ITEMS", "AMOUNT"] == "EUR to pay for the line, after discount"
    keys = [dict(zip(primary.columns, row, strict=True)) for row in primary.rows]
    assert [k["column_name"] for k in keys if k["table_name"] == "ORDER_ITEMS"] == [
        "ORDER_ID",
        "LINE_NUMBER",
    ]
    assert [row[2:4] + row[6:8] for row in foreign.rows] == [
        ("REGIONS", "REGION_ID", "CUSTOMERS", "REGION_ID"),
        ("CUSTOMERS", "CUSTOMER_ID", "ORDERS", "CUSTOMER_ID"),
        ("ORDERS", "ORDER_ID", "ORDER_ITEMS", "ORDER_ID"),
        ("PRODUCTS", "PRODUCT_ID", "ORDER_ITEMS", "PRODUCT_ID"),
    ]
    assert set(values.rows) == {
        *(("STATUS", "cancelled"), ("STATUS", "completed")),
        *(("CHANNEL", "Phone"), ("CHANNEL", "Store")),
    }
    assert nasty.rows == (('A"B', "x'y"),)
    assert latest.rows == (("2026-06-30",),)


async def test_a_lost_answer_is_found_in_the_history(snowflake: LocalSnowflake) -> None:
    async with connected(snowflake) as connection:
        sql = templates.tag_query("SELECT COUNT(*) AS N FROM SALES.PUBLIC.ORDERS", "ticket-1-run")
        rows = await connection.query(sql)
        found = await connection.query(templates.find_in_history("SALES", "ticket-1-run"))
        again = await connection.query(templates.result_of(str(found.rows[0][0])))
        nothing = await connection.query(templates.find_in_history("SALES", "ticket-2-run"))

    assert found.rows == ((rows.query_id, "SUCCESS", None, 1),)
    assert again.rows == rows.rows
    assert nothing.rows == ()


async def test_what_the_guard_makes_of_a_query_runs(snowflake: LocalSnowflake) -> None:
    policy = Policy(
        databases=frozenset({"SALES"}),
        tables={ORDERS: ("ORDER_ID", "CUSTOMER_ID", "ORDER_DATE", "STATUS", "CHANNEL")},
        database="SALES",
        schema="PUBLIC",
        max_rows=5,
    )
    queries = [
        "select * from orders o order by order_id",
        "select status, count(*) n from orders group by all order by n desc limit 2",
        "select * from (select status, channel, order_id from orders) "
        "pivot (count(order_id) for channel in ('Web', 'Store')) order by status",
        "with recursive n as (select 1 i union all select i+1 from n where i < 9) select i from n",
    ]
    async with connected(snowflake) as connection:
        counts = [len((await connection.query(guard(q, policy).sql)).rows) for q in queries]

    assert counts == [6, 2, 3, 6]


def test_a_later_end_changes_nothing_before_it() -> None:
    early = {table.name: table.rows for table in tables(date(2026, 6, 30))}
    late = {table.name: table.rows for table in tables(date(2026, 7, 2))}

    assert late["ORDERS"][: len(early["ORDERS"])] == early["ORDERS"]
    assert {row[2].year for row in early["ORDERS"]} == {2022, 2023, 2024, 2025, 2026}
    assert late["CUSTOMERS"] == early["CUSTOMERS"]


@pytest.mark.parametrize(
    ("question", "part"),
    [
        (
            "sales by region last year",
            "o.ORDER_DATE >= '2025-01-01' AND o.ORDER_DATE < '2026-01-01'",
        ),
        ("revenue this quarter", ">= '2026-04-01' AND o.ORDER_DATE < '2026-07-01'"),
        ("orders count? how many orders per month in 2024", "DATE_TRUNC('MONTH', o.ORDER_DATE)"),
        ("quantity by category", "p.CATEGORY AS CATEGORY, SUM(i.QUANTITY)"),
    ],
)
def test_the_analyst_knows_periods_and_groups(question: str, part: str) -> None:
    [sql] = [b["statement"] for b in answer(question, date(2026, 6, 30)) if b["type"] == "sql"]
    assert part in sql


async def test_it_can_be_told_to_write() -> None:
    """So that tests can show what stands when only our own guard does."""
    with local_snowflake(until="2023-01-01", writes=True) as running:
        async with connected(running) as connection:
            await connection.query("DELETE FROM SALES.PUBLIC.ORDERS")
            left = await connection.query("SELECT COUNT(*) AS N FROM SALES.PUBLIC.ORDERS")
    assert left.rows == ((0,),)
