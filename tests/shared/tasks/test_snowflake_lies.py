"""A model that lies about rows: no number, name, time, direction or rank that no fact has is
delivered, however it is put."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from shared.clients.blobs import Container
from shared.tasks.snowflake_query.insights.claims import Known, UnprovedError, check
from shared.tasks.snowflake_query.insights.facts import Fact, FactKind
from shared.tasks.snowflake_query.insights.reckoning import Basis, find_facts
from shared.tasks.snowflake_query.models import Column, Table
from tests.support.servers.model import Body, ModelServer
from tests.support.servers.relay import Relay, relay
from tests.support.servers.snowflake import local_snowflake
from tests.support.tasks.questions import Questions, insight, texts

REGIONS = ("East", "North", "South", "West")
SALES = {
    "2026-01-01": ("1200.50", "880.25", "431.00", "1999.99"),
    "2026-02-01": ("1000.00", "990.75", "431.00", "2500.10"),
    "2026-03-01": ("1500.40", "700.20", "390.60", "3100.00"),
}
ROWS = [
    [month, region, amount]
    for month, amounts in SALES.items()
    for region, amount in zip(REGIONS, amounts, strict=True)
]
TABLE = Table(
    columns=[Column(name="MONTH_START"), Column(name="REGION"), Column(name="SALES")],
    rows=ROWS,
    numeric=[False, False, True],
)
BEFORE = Table(
    columns=TABLE.columns,
    rows=[["2025-10-01", region, "900.00"] for region in REGIONS],
    numeric=TABLE.numeric,
)
FACTS = find_facts(
    Basis(
        tables={"query": TABLE, "previous": BEFORE},
        previous_words="2025-10-01 to 2025-12-31",
        additive=frozenset({"SALES"}),
        is_whole=True,
        today=date(2026, 4, 10),
    )
)
KNOWN = Known(
    frozenset(REGIONS), frozenset({"sales", "region", "month"}), frozenset({"2026", "Q1 2026"})
)


def is_told(text: str, facts: Sequence[Fact]) -> bool:
    try:
        check(text, facts, [], KNOWN)
    except UnprovedError:
        return False
    return True


def facts_of(kind: FactKind, name: str = "") -> list[Fact]:
    return [one for one in FACTS if one.kind is kind and (not name or name in one.names)]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.text)
def test_each_fact_says_no_more_than_itself(fact: Fact) -> None:
    assert is_told(fact.text, [fact])


def tampered(fact: Fact) -> Iterator[str]:
    """The fact with one thing in it that is not true."""
    for found in re.finditer(r"\d", fact.text):
        digit = str((int(found[0]) + 3) % 10)
        yield fact.text[: found.start()] + digit + fact.text[found.end() :]
    for name in fact.names:
        for other in set(REGIONS) - {name}:
            yield fact.text.replace(name, other)
        yield fact.text.replace(name, "Atlantis")
    for words in (("rose", "fell"), ("highest", "lowest")):
        for one, other in permutations(words):
            if one in fact.text:
                yield fact.text.replace(one, other)
    for number in fact.numbers:
        yield fact.text.replace(number.shown.removeprefix("-"), "twice as much")
    yield f"{fact.text} That is 7 times more than ever."
    yield f"{fact.text} Atlantis sold more."
    yield f"{fact.text} It will double by 2031."


def test_no_tampered_fact_is_told() -> None:
    lies = [(text, fact) for fact in FACTS for text in tampered(fact)]

    told = [text for text, fact in lies if is_told(text, [fact])]

    assert len(lies) > 400
    assert told == []


def test_numbers_are_not_given_to_other_names() -> None:
    shares = facts_of(FactKind.SHARE)
    honest = {one.text.split()[0]: one.numbers[0].shown for one in shares}
    for first, second in permutations(honest, 2):
        mixed = f"{first} has {honest[second]} and {second} has {honest[first]} of the total."
        true = f"{first} has {honest[first]} and {second} has {honest[second]} of the total."
        assert not is_told(mixed, shares), mixed
        assert is_told(true, shares), true


def test_values_and_changes_belong_to_their_times() -> None:
    west = [one for one in FACTS if "West" in one.names]
    total = [*west, *facts_of(FactKind.TOTAL)]

    assert is_told("In February 2026 West made 2,500.10.", west)
    assert is_told("West rose by 24.0 % from February to March.", west)
    assert is_told("From January to March 2026, West rose by 55.0 %.", west)
    for lie in (
        "In March 2026 West made 2,500.10.",
        "West made 2,500.10.",
        "In 2026 West made 2,500.10.",
        "West rose by 55.0 % from February to March.",
        "West rose by 24.0 % from January to March.",
        "West made 15,124.79.",
        "15,124.79 is what West made.",
    ):
        assert not is_told(lie, total), lie


def test_directions_and_ranks_belong_to_their_names() -> None:
    changes = [one for one in facts_of(FactKind.CHANGE) if "2026-01" in one.times]
    ranks = facts_of(FactKind.RANK)

    assert is_told("West rose by 55.0 %, while North fell by 20.5 %.", changes)
    assert not is_told("North rose by 55.0 %, while West fell by 20.5 %.", changes)
    assert not is_told("West fell by 55.0 %, while North rose by 20.5 %.", changes)
    assert not is_told("North rose, while West fell.", changes)
    assert is_told("West is the highest and South the lowest.", ranks)
    assert not is_told("South is the highest and West the lowest.", ranks)
    assert not is_told("West leads, ahead of North.", ranks)


LIES = [
    "Sales of West are 2026.",
    "Sales of West are seven thousand.",
    "Sales of West are VII.",
    "Sales of West are ½ of the total.",
    "West has one half of the total.",
    "Sales of West did not rise.",
    "Sales of West rose tenfold.",
    "West sold more than North.",
    "Sales of West in 2025 are 7,600.09 in total.",
    "Sales of West in July are 7,600.09 in total.",
    "West is 7,600.09 per cent.",
    "West has 7,600.09 million in total.",
    "West Germany has 7,600.09 in total.",
    "Sales of West are 7.600.09 in total.",
    "Sales of West are 7,600.1 % in total.",
    "Sales of West are 76,000.9 in total.",
    "Sales of West are -7,600.09 in total.",
    "The total of sales is 7,600.09.",
    "West has the total of 15,124.79.",
    "",
]


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_not_told(lie: str) -> None:
    assert not is_told(lie, facts_of(FactKind.TOTAL, "West")) or not lie


TRUE = [
    "West comes to 7,600.09 in total.",
    "In Q1 2026, West made 7,600.1 in total.",
    "Sales of West: 7.6k in total.",
    "Sales of West are 7.600,09 in total.",
]


@pytest.mark.parametrize("text", TRUE)
def test_other_words_and_roundings_are_told(text: str) -> None:
    assert is_told(text, facts_of(FactKind.TOTAL, "West"))


@pytest.fixture(scope="module")
def second() -> Iterator[Relay]:
    with local_snowflake() as running, relay(running) as server:
        yield server


async def test_what_does_not_recompute_is_dropped_and_counted(
    container: Container, model: ModelServer, second: Relay
) -> None:
    questions = Questions(container, model, second.settings())

    def say(facts: Sequence[str], _: Body) -> list[dict[str, Any]]:
        total = next(n for n, fact in enumerate(facts, 1) if fact.startswith("The total"))
        return [
            insight(facts[total - 1], total),
            insight("The total of N is 999.", total),
            insight("North counts 1 of 2.", total),
            insight("N is 3 without a fact."),
            insight("The average of N is 31.", **{"AVG(N)": "31"}),
            insight("The average of N is 24.", **{"AVG(N)": "24"}),
            insight("Nothing can be read.", **{"SUM(N": "1", "N[99]": "1", "1 / 0": "1"}),
        ]

    questions.writer.insights = say
    result = await questions.tell(
        "SELECT SEGMENT, COUNT(*) AS N FROM CUSTOMERS GROUP BY SEGMENT ORDER BY 1", "How many?"
    )

    by_model = [one["text"] for one in result["insights"] if one["by"] == "model"]
    counts = [row[1] for row in result["rows"]]
    assert sum(counts) == 120
    assert by_model == ["The total of N is 120.", "The average of N is 40."] or by_model == [
        "The total of N is 120."
    ]
    assert "999" not in " ".join(texts(result))
    assert result["receipt"]["insights_dropped"] == 6
    assert result["receipt"]["numbers_dropped"] == 5
