"""Attacks on the guard, and honest queries that it must let through."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import yaml

from shared.errors import QueryRefused
from shared.sql.guard import guard
from shared.sql.policy import Policy, TableName

FOLDER = Path(__file__).parent
ATTACKS = cast(dict[str, list[str]], yaml.safe_load((FOLDER / "bypasses.yaml").read_text()))
TABLES = {
    TableName("SALES", "PUBLIC", "ORDERS"): ("ID", "REGION", "AMOUNT", "ORDERED_ON", "DETAILS"),
    TableName("SALES", "PUBLIC", "REGIONS"): ("REGION", "MANAGER"),
}
KNOWN = Policy(
    databases=frozenset({"SALES"}),
    schemas=frozenset({"PUBLIC"}),
    tables=TABLES,
    database="SALES",
    schema="PUBLIC",
)
UNKNOWN = replace(KNOWN, tables=None)


def find_refusal(sql: str, policy: Policy) -> QueryRefused | None:
    try:
        guard(sql, policy)
    except QueryRefused as error:
        return error
    return None


def test_the_corpus_is_large() -> None:
    attacks = [sql for listed in ATTACKS.values() for sql in listed]
    assert len(set(attacks)) == len(attacks) >= 150


@pytest.mark.parametrize("kind", list(ATTACKS))
def test_no_attack_passes(kind: str) -> None:
    policies = [KNOWN] if kind == "names" else [KNOWN, UNKNOWN]
    outcomes = [(sql, find_refusal(sql, policy)) for sql in ATTACKS[kind] for policy in policies]
    reasons = [refusal.reason for _, refusal in outcomes if refusal]
    assert [sql for sql, refusal in outcomes if refusal is None] == []
    assert [text for text in reasons if len(text) > 600 or not text.endswith((".", ")"))] == []


HONEST = yaml.safe_load((FOLDER / "honest.yaml").read_text())
SAMPLE = replace(
    KNOWN,
    tables={
        TableName("SALES", "PUBLIC", name): tuple(columns)
        for name, columns in HONEST["tables"].items()
    },
)


def test_at_most_two_of_a_hundred_honest_queries_are_refused() -> None:
    queries = HONEST["queries"]
    refused = [(sql, error.reason) for sql in queries if (error := find_refusal(sql, SAMPLE))]
    assert len(queries) >= 100
    assert len(refused) <= 0.02 * len(queries), refused


def test_what_was_let_through_is_let_through_again_and_unchanged() -> None:
    passed = [guard(sql, SAMPLE) for sql in HONEST["queries"] if not find_refusal(sql, SAMPLE)]
    assert [query.sql for query in passed if guard(query.sql, SAMPLE).sql != query.sql] == []
