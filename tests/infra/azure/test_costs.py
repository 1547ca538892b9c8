"""What docs/operations.md says that 1,000 tickets cost follows from its counts and prices."""

import re

import pytest

from infra.checks.bicep import ROOT

UNITS = {"10,000": 10_000, "a million": 1_000_000}


def read_costs() -> dict[str, list[str]]:
    """The cells of each row, by its first two words: three types of ticket, and the price."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = page.partition("\n## Cost of 1,000 tickets\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return {" ".join(re.findall(r"\w+", name)[:2]): cells for name, *cells in rows}


COSTS = read_costs()


def read_numbers(cell: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", cell)]


def price(row: str, kind: int) -> float:
    """What 1,000 tickets of this kind cost by this row."""
    *counts, priced = COSTS[row]
    unit = next((unit for unit in UNITS if unit in priced), "")
    prices = read_numbers(priced.replace(unit, ""))
    number = read_numbers(counts[kind])
    if len(prices) == 1:
        prices *= len(number)
    return sum(map(float.__mul__, number, prices)) * 1000 / UNITS.get(unit, 1)


@pytest.mark.parametrize("kind", range(3))
def test_each_sum_follows_from_its_counts(kind: int) -> None:
    sums = {
        "the model": price("tokens in", kind),
        "storage": sum(price(f"{service} calls", kind) for service in ("table", "queue", "blob")),
        "functions": price("executions messages", kind) + price("GB seconds", kind),
    }
    for row, expected in sums.items():
        [told] = read_numbers(COSTS[row][kind])
        assert told == pytest.approx(expected, rel=0.04, abs=0.005), row
