"""Rows against a real Azurite: transactions, ETags, what is missing, and storage that is away."""

import pytest

from shared.clients import tables
from shared.clients.tables import Table, Verb, Write
from shared.errors import Unavailable, WriteConflict
from shared.settings.storage import StorageSettings


def row(key: str, **values: object) -> dict[str, object]:
    return {"PartitionKey": "p", "RowKey": key, **values}


async def test_a_missing_table_reads_as_empty_and_is_made_by_the_first_write(table: Table) -> None:
    assert await table.read("p", "a") is None
    assert [found async for found in table.query("p", "", "~")] == []
    await table.delete("p", "a")

    [etag] = await table.write([Write(Verb.INSERT, row("a", x=1))])

    found = await table.read("p", "a")
    assert found is not None
    assert (found.key, found.values["x"], found.etag) == ("a", 1, etag)


async def test_a_transaction_applies_whole_or_not_at_all(table: Table) -> None:
    inserts = [Write(Verb.INSERT, row("a", x=1)), Write(Verb.INSERT, row("taken"))]
    etag, _ = await table.write(inserts)
    writes = [
        Write(Verb.INSERT, row("b")),
        Write(Verb.MERGE, row("a", x=2), etag),
        Write(Verb.INSERT, row("taken")),
    ]
    with pytest.raises(WriteConflict):
        await table.write(writes)
    assert await table.read("p", "b") is None

    etags = await table.write(writes[:2])

    found = await table.read("p", "a")
    assert found is not None
    assert found.values["x"] == 2
    assert found.etag == etags[1]


@pytest.mark.parametrize(
    ("refused", "index"),
    [
        (Write(Verb.INSERT, row("a")), 1),
        (Write(Verb.MERGE, row("a"), "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""), 1),
        (Write(Verb.MERGE, row("gone"), "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""), 1),
    ],
)
async def test_a_conflict_names_the_write_that_was_overtaken(
    table: Table, refused: Write, index: int
) -> None:
    await table.write([Write(Verb.INSERT, row("a"))])
    with pytest.raises(WriteConflict) as conflict:
        await table.write([Write(Verb.INSERT, row("new")), refused])
    assert conflict.value.index == index


async def test_a_query_is_ordered_and_bounded(table: Table) -> None:
    await table.write([Write(Verb.INSERT, row(key)) for key in ("c", "a", "b", "d")])
    assert [found.key async for found in table.query("p", "a", "d")] == ["a", "b", "c"]


async def test_a_query_reads_all_pages(table: Table) -> None:
    for begin in range(0, 1100, 100):
        await table.write([Write(Verb.INSERT, row(f"{n:05d}")) for n in range(begin, begin + 100)])
    assert len([found async for found in table.query("p", "0", "1")]) == 1100


async def test_deleting_twice_is_deleting(table: Table) -> None:
    await table.write([Write(Verb.INSERT, row("a"))])
    await table.delete("p", "a")
    await table.delete("p", "a")
    assert await table.read("p", "a") is None


async def test_storage_that_is_away_is_unavailable() -> None:
    nowhere = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;"
        "TableEndpoint=http://127.0.0.1:9/devstoreaccount1;"
    )
    async with tables.service(StorageSettings(connection_string=nowhere)) as service:
        away = Table(service, "tickets")
        with pytest.raises(Unavailable):
            await away.read("p", "a")
        with pytest.raises(Unavailable):
            await away.write([Write(Verb.INSERT, row("a"))])
