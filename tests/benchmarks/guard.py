"""What the guard of SQL costs a query, over the honest ones and the attacks."""

import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from shared.errors import QueryRefused
from shared.sql.guard import guard
from shared.sql.policy import Policy, TableName
from tests.benchmarks.verdicts import Row, judge_most

FOLDER = Path(__file__).parents[1] / "shared" / "sql"
ROUNDS = 3


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target."""
    honest: dict[str, Any] = yaml.safe_load((FOLDER / "honest.yaml").read_text())
    attacks: dict[str, list[str]] = yaml.safe_load((FOLDER / "bypasses.yaml").read_text())
    policy = Policy(databases=frozenset({"SALES"}), database="SALES", schema="PUBLIC")
    tables = {
        TableName("SALES", "PUBLIC", name): tuple(columns)
        for name, columns in honest["tables"].items()
    }
    known = replace(policy, tables=tables)
    yield _row("guard, honest queries", honest["queries"], known)
    yield _row("guard, attacks", [sql for listed in attacks.values() for sql in listed], known)


def _row(name: str, queries: list[str], policy: Policy) -> Row:
    for sql in queries:
        _seconds(sql, policy)
    spent = [_seconds(sql, policy) * 1000 for sql in queries * ROUNDS]
    p95 = statistics.quantiles(spent, n=20)[-1]
    middle = statistics.median(spent)
    more = f"; median {middle:.1f}, most {max(spent):.0f} ms"
    return judge_most(f"{name}, p95", p95, 20, "ms of the processor", more)


def _seconds(sql: str, policy: Policy) -> float:
    start = time.process_time()
    with suppress(QueryRefused):
        guard(sql, policy)
    return time.process_time() - start
