"""Large tables: read as columns of numbers or texts, and reckoned exactly."""

import json

import pytest

from shared.documents.tables.objects import read_objects
from shared.documents.tables.queries import (
    Aggregate,
    Condition,
    FirstRows,
    Function,
    Groups,
    Query,
    RowTest,
    compute,
    profile,
)
from shared.documents.tables.reading import NoTableError, read_table

SALES = read_table(
    "region,product,price,sold at\n"
    "North,Tug,0.1,2024-01-31\n"
    "North,Barge,0.2,2024-02-29\n"
    "South,Tug,,2024-03-31\n"
    "South,“Ferry, old”,-10.30,2023-12-31\n".replace("“Ferry, old”", '"Ferry, old"')
)


def ask(query: Query) -> dict[str, str]:
    return {one.function: one.value for one in compute(SALES, query)}


def aggregate(function: str, column: str, *where: Condition) -> Aggregate:
    return Aggregate(
        kind="aggregate", function=Function(function), column=column, where=list(where)
    )


def condition(column: str, test: str, value: str) -> Condition:
    return Condition(column=column, test=RowTest(test), value=value)


@pytest.mark.parametrize(
    ("function", "column", "where", "value"),
    [
        ("sum", "price", (), "-10.00"),
        ("average", "price", (), "-3.333333"),
        ("minimum", "price", (), "-10.30"),
        ("count", "price", (), "4"),
        ("empty", "price", (), "1"),
        ("distinct", "region", (), "2"),
        ("maximum", "sold at", (), "2024-03-31"),
        ("sum", "price", (("region", "is", "North"),), "0.3"),
        ("count", "region", (("price", "above", "0.1"),), "1"),
        ("count", "region", (("price", "below", "0.10"),), "1"),
        ("count", "region", (("price", "is", "0.10"),), "1"),
        ("count", "region", (("price", "is_not", "0.1"), ("product", "contains", "tug")), "1"),
        ("count", "region", (("sold at", "above", "2024-01-31"),), "2"),
    ],
)
def test_values_are_exact(
    function: str, column: str, where: tuple[tuple[str, str, str], ...], value: str
) -> None:
    made = ask(aggregate(function, column, *(condition(*one) for one in where)))
    assert list(made.values()) == [value]


def test_what_a_column_has_not_is_not_answered() -> None:
    assert ask(aggregate("sum", "region")) == {}
    assert ask(aggregate("sum", "colour")) == {}
    assert ask(aggregate("sum", "price", condition("colour", "is", "red"))) == {}
    assert ask(aggregate("sum", "price", condition("region", "is", "West"))) == {}


def test_groups_and_rows_are_told_with_their_values() -> None:
    groups = Groups(kind="groups", function=Function.COUNT, column="region", by="product", where=[])
    assert ask(groups) == {
        "count(region) where product is “Tug”": "2",
        "count(region) where product is “Barge”": "1",
        "count(region) where product is “Ferry, old”": "1",
    }
    rows = FirstRows(kind="rows", sort_by="price", descending=True, where=[])
    assert list(ask(rows)) == ["row 2", "row 1", "row 4"]
    assert ask(rows)["row 4"] == (
        "region: South; product: Ferry, old; price: -10.30; sold at: 2023-12-31"
    )


def test_a_profile_tells_types_ranges_totals_and_gaps() -> None:
    told = {one.function: one.value for query in profile(SALES) for one in compute(SALES, query)}
    assert told["count(region)"] == "4"
    assert told["sum(price)"] == "-10.00"
    assert told["empty(price)"] == "1"
    assert told["minimum(sold at)"] == "2023-12-31"
    assert told["count(product) where product is “Tug”"] == "2"
    assert "sum(sold at)" not in told


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["1,000.50", "2"], "1002.50"),
        (["1.000,50", "2,5"], "1003.00"),
        (["1000000000000000000000.01", "0.01"], "1000000000000000000000.02"),
        (["007", "8"], None),
        (["5 %", "6"], None),
    ],
)
def test_numbers_are_those_of_one_way_to_write_them(cells: list[str], total: str | None) -> None:
    table = read_table("name;n\n" + "".join(f"x;{cell}\n" for cell in ["1", *cells]))
    made = compute(table, aggregate("sum", "n"))
    assert [one.value for one in made] == ([] if total is None else [_add_one(total)])


def _add_one(total: str) -> str:
    whole, _, rest = total.partition(".")
    return f"{int(whole) + 1}.{rest}" if rest else str(int(whole) + 1)


@pytest.mark.parametrize("text", ["", "one line", "a,b\n1,2\n3\n", "a\nb\nc\n"])
def test_what_has_no_columns_is_no_table(text: str) -> None:
    with pytest.raises(NoTableError):
        read_table(text)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a", "n": 1.50, "at": {"city": "Kiel"}}, {"name": "b", "n": 2e3, "x": null}]',
        '{"rows": [{"name":"a","n":1.50,"at":{"city":"Kiel"}},{"name":"b","n":2e3,"x":null}]}',
        '{"name": "a", "n": 1.50, "at": {"city": "Kiel"}}\n\n{"name": "b", "n": 2e3, "x": null}\n',
    ],
    ids=["list", "in an object", "lines"],
)
def test_objects_of_json_are_rows(text: str) -> None:
    table = read_objects(text)
    assert table.columns == ["name", "n", "at.city", "x"]
    assert table.rows == [["a", "1.50", "Kiel", ""], ["b", "2000", "", ""]]
    assert [one.value for one in compute(table, aggregate("sum", "n"))] == ["2001.50"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "[1, 2]", '[{"a": 1}, 2]', '{"a": 1, "b": 2', '[{"a": NaN, "b": 1}]'),
        *('[{"a": 1, "a": 2, "b": 3}]', "[" * 100_000, '[{"a": 1}]', '[{"a": 1, " a": 2}]'),
        '{"rows": [{"a": 1, "b": 2}], "more": 3}',
        json.dumps([{f"k{n}": 1 for n in range(300)}]),
    ],
)
def test_other_json_is_no_table(text: str) -> None:
    with pytest.raises(NoTableError):
        read_objects(text)


def test_rows_may_be_shorter_and_longer_than_the_first() -> None:
    rows = "".join(f"x{n},{n}\n" for n in range(30))
    table = read_table(f"name,n\n{rows}y\nz,5,,\n")
    assert table.rows[-2:] == [["y", ""], ["z", "5"]]
    longer = read_table(f"name,n\n{rows}z,5,6\n")
    assert longer.columns == ["name", "n", "column 3"]
    assert longer.rows[-2:] == [["x29", "29", ""], ["z", "5", "6"]]
