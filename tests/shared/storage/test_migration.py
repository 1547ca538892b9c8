"""What older versions stored is brought to the present form, and read in it before that.

`stored_1.json` holds the rows and blobs of a completed and a failed ticket, as the last version
wrote them that had no schemas; `in_flight.json` those of an older one, whose rows have fewer
columns.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.clients.tables import Verb, Write
from shared.models import Status, StoredUser
from shared.storage.migration import Migration, StoredDocuments, StoredRows
from shared.storage.schemas import SCHEMA, STEPS, StoredKind, present_version, upgrade
from tests.support.product.app import AppUnderTest
from tests.support.product.stored import read_fixture, restore
from tests.support.product.workflow import opened, run

HERE = Path(__file__).parent
STORED = read_fixture(HERE / "stored_1.json")
OLDER = read_fixture(HERE / "in_flight.json")
TICKET = present_version(StoredKind.TICKET)
RESULT = present_version(StoredKind.RESULT)
COMPLETED, FAILED = STORED["tickets"]
RESULT_BLOB = f"results/{COMPLETED}/1.json"


async def all_rows(app: AppUnderTest) -> list[dict[str, Any]]:
    rows, following = await app.table.page("")
    assert not following
    return [row.values for row in rows]


async def versions(app: AppUnderTest) -> list[int | None]:
    """Of the rows of tickets and their copies."""
    rows = await all_rows(app)
    of_tickets = [row for row in rows if row["RowKey"].startswith(("ticket_", "status_"))]
    return [row.get(SCHEMA) for row in of_tickets]


@pytest.mark.parametrize("fixture", [STORED, OLDER], ids=["last", "older"])
async def test_rows_and_documents_come_to_the_present_form(
    app: AppUnderTest, fixture: Mapping[str, Any]
) -> None:
    await restore(app, fixture)
    assert set(await versions(app)) == {None}
    done = await app.migration.run()
    assert set(await versions(app)) == {TICKET}
    results = [blob["name"] for blob in fixture["blobs"] if blob["name"].startswith("results/")]
    for name in results:
        assert (await app.container.read_json(name))[SCHEMA] == RESULT
    assert done == len(await versions(app)) + len(results)
    assert await app.migration.run() == 0


async def test_a_ticket_reads_the_same_before_and_after(app: AppUnderTest) -> None:
    await restore(app, STORED)
    before = [await shown(app, ticket) for ticket in (COMPLETED, FAILED)]
    await app.migration.run()
    assert [await shown(app, ticket) for ticket in (COMPLETED, FAILED)] == before
    assert before[0]["result_data"]["task_result"] == "# Done"
    assert SCHEMA not in before[0]["result_data"]
    assert before[1]["failure_kind"] == "model"


async def shown(app: AppUnderTest, ticket_id: str) -> dict[str, Any]:
    ticket = await app.ticket_queries.complete(await app.tickets.read(ticket_id))
    return {**ticket.__dict__, "etag": None, "result": None}


async def test_what_is_written_now_has_the_present_version(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order = await opened(app, owner)
    await run(app.activities, order)
    assert set(await versions(app)) == {TICKET}
    name = f"results/{order['ticket_id']}/1.json"
    assert (await app.container.read_json(name))[SCHEMA] == RESULT
    assert await app.migration.run() == 0


async def test_events_stay_as_they_were(app: AppUnderTest) -> None:
    """Their hashes tell of any change."""
    await restore(app, STORED)
    events = [row for row in await all_rows(app) if row["RowKey"].startswith("event_")]
    await app.migration.run()
    assert [row for row in await all_rows(app) if row["RowKey"].startswith("event_")] == events


async def test_an_old_host_beside_a_new_one(app: AppUnderTest) -> None:
    """It changes rows that are migrated, reading all it needs, and writes more of the old form
    behind the first pass: the second, a day later, finds these."""
    await restore(app, STORED)
    await app.migration.run()
    old = {name: value for name, value in (await row_of(app, FAILED)).items() if name != SCHEMA}
    await app.table.write([Write(Verb.REPLACE, old)])
    assert await app.migration.run() == 0
    assert (await app.tickets.read(FAILED)).status is Status.FAILED
    app.clock.advance(25 * 3600)
    assert await app.migration.run() == 1
    assert set(await versions(app)) == {TICKET}


async def row_of(app: AppUnderTest, ticket_id: str) -> dict[str, Any]:
    owner, _, rest = ticket_id.partition("-")
    row = await app.table.read(owner, f"ticket_{rest}")
    assert row is not None
    return row.values


async def test_a_run_that_dies_is_gone_on_with_where_it_was(app: AppUnderTest) -> None:
    """Page by page: whoever comes next begins with the page that was not finished."""
    await restore(app, STORED)

    class Pages:
        """Three pages; the second dies once."""

        name = "pages_1"
        seen: list[str] = []
        dies = True

        async def upgrade_page(self, token: str) -> tuple[int, str]:
            self.seen.append(token)
            if token == "2" and self.dies:
                self.dies = False
                raise ConnectionResetError
            return 1, {"": "2", "2": "3", "3": ""}[token]

    pages = Pages()
    with pytest.raises(ConnectionResetError):
        await Migration(app.table, [pages], app.clock).run()
    assert await Migration(app.table, [pages], app.clock).run() == 2
    assert pages.seen == ["", "2", "2", "3"]


async def test_a_run_is_bounded(app: AppUnderTest) -> None:
    class Endless:
        name = "endless_1"
        pages = 0

        async def upgrade_page(self, token: str) -> tuple[int, str]:
            self.pages += 1
            return 1, "more"

    endless = Endless()
    assert await Migration(app.table, [endless], app.clock).run() == endless.pages == 10
    assert await Migration(app.table, [endless], app.clock).run() == 10


async def test_a_result_that_is_deleted_meanwhile_does_not_come_back(app: AppUnderTest) -> None:
    await restore(app, STORED)
    found = await app.container.read_tagged(RESULT_BLOB)
    assert found is not None
    await app.container.delete(RESULT_BLOB)
    assert not await app.container.replace_json(RESULT_BLOB, {}, found[1])
    assert await app.container.read_json(RESULT_BLOB) is None


async def test_two_processes_at_once(app: AppUnderTest) -> None:
    """Each leaves to the other what that was faster with."""
    await restore(app, STORED)
    done = await asyncio.gather(app.migration.run(), app.another().migration.run())
    assert sum(done) == len(await versions(app)) + 1
    assert set(await versions(app)) == {TICKET}


@pytest.mark.parametrize("kind", StoredKind)
def test_a_step_only_adds_and_makes_the_same_of_what_it_made(kind: StoredKind) -> None:
    before = {"title": "T", "usage": {"calls": 1}}
    for step in STEPS[kind]:
        after = step(before)
        assert after == step(after)
        assert set(before) <= set(after)
        before = dict(after)
    assert upgrade(kind, {**before, SCHEMA: 99})[SCHEMA] == 99


def test_sources_are_named_by_their_versions(app: AppUnderTest) -> None:
    """So that an old host's checkpoints are not a new one's."""
    rows = StoredRows(app.table, {"ticket_": StoredKind.TICKET, "status_": StoredKind.TICKET})
    results = StoredDocuments(app.container, "results/", StoredKind.RESULT)
    assert (rows.name, results.name) == (f"ticket{TICKET}", f"result{RESULT}")
