"""The guard: what may run is made anew, limited and named in full; the rest is refused."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from shared.errors import QueryFault, QueryRefused
from shared.sql.guard import guard
from shared.sql.policy import GuardedQuery, Policy, TableName

ROOT = Path(__file__).parents[3]


def table(name: str) -> TableName:
    return TableName("SALES", "PUBLIC", name)


POLICY = Policy(
    databases=frozenset({"SALES"}),
    schemas=frozenset({"PUBLIC"}),
    tables={
        table("ORDERS"): ("ID", "REGION", "AMOUNT", "ORDERED_ON", "DETAILS"),
        table("REGIONS"): ("REGION", "MANAGER"),
    },
    database="SALES",
    schema="PUBLIC",
    max_rows=100,
)


def run(sql: str) -> GuardedQuery:
    return guard(sql, POLICY)


def refused(sql: str) -> QueryRefused:
    with pytest.raises(QueryRefused) as error:
        run(sql)
    return error.value


def test_a_query_is_named_in_full_and_limited() -> None:
    query = run("select region, sum(amount) as total from orders group by 1 -- all of it")

    assert query.sql == (
        "SELECT REGION, SUM(AMOUNT) AS TOTAL FROM SALES.PUBLIC.ORDERS GROUP BY 1 LIMIT 101"
    )
    assert query.tables == (table("ORDERS"),)
    assert [str(column) for column in query.columns] == [
        "SALES.PUBLIC.ORDERS.AMOUNT",
        "SALES.PUBLIC.ORDERS.REGION",
    ]
    assert query.outputs == ("REGION", "TOTAL")


@pytest.mark.parametrize(
    ("given", "sent"),
    [("limit 7", "LIMIT 7"), ("limit 5000", "LIMIT 101"), ("fetch first 9 rows only", "LIMIT 9")],
)
def test_a_limit_only_shrinks(given: str, sent: str) -> None:
    sql = " ".join(["select id from orders order by id", given])

    assert run(sql).sql.endswith(f"ORDER BY ID {sent}")


def test_what_the_guard_sends_passes_it_unchanged() -> None:
    once = run("with o as (select * from orders) select o.region from o order by 1")

    assert run(once.sql) == once


def test_a_star_gives_the_columns_that_the_policy_lists() -> None:
    sql = "select * from orders o join regions r using (region)"

    assert run(sql).outputs == ("ID", "REGION", "AMOUNT", "ORDERED_ON", "DETAILS", "MANAGER")


def test_a_name_in_other_letters_is_another_name() -> None:
    """The table, which was not asked for by the quoted name, must not pass for the query's own."""
    query = run('with "orders" as (select 1 as id) select id from ORDERS')

    assert query.tables == (table("ORDERS"),)
    assert "FROM SALES.PUBLIC.ORDERS" in query.sql


def test_a_reason_helps_to_mend_the_query() -> None:
    error = refused("select amont from orders")

    assert error.fault is QueryFault.COLUMN
    assert error.reason == (
        "There is no column AMONT: SALES.PUBLIC.ORDERS has ID, REGION, AMOUNT, ORDERED_ON, DETAILS."
    )


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "(" * 5_000 + "1" + ")" * 5_000,
        "select * from " + "(select * from " * 100 + "orders" + ")" * 100,
        "select " + "case when " * 1_000 + "1" + " then 1 end" * 1_000,
        " ".join(["select", ",".join(["id"] * 6_000), "from orders"]),
        "select '" + "x" * 30_000 + "'",
    ],
    ids=["brackets", "queries", "cases", "columns", "length"],
)
def test_what_is_too_much_is_refused_in_time(sql: str) -> None:
    assert refused(sql).fault in (QueryFault.TOO_LARGE, QueryFault.SYNTAX)


def test_text_that_cannot_be_parsed_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    error = refused("create stage canary url = 's3://canary/'")

    assert "canary" not in caplog.text + error.reason


def test_what_costs_to_load_is_loaded_where_it_is_used() -> None:
    """The app loads the modules of a task type; a parser and a client only when a ticket asks."""
    program = (
        "import sys, shared.sql.policy, shared.sql.templates, shared.clients.mcp.connection\n"
        "assert not {'sqlglot', 'mcp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    "text", ["it's", "back\\", "\\'", "'; DROP TABLE ORDERS; --", "line\nbreak", "/* */", "$$", "ü"]
)
def test_a_text_comes_out_as_it_went_in(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    sql = " ".join(["select region from orders where region =", f"'{escaped}'"])

    [literal] = [
        found
        for found in sqlglot.parse_one(run(sql).sql, dialect="snowflake").find_all(exp.Literal)
        if found.is_string
    ]
    assert literal.this == text
