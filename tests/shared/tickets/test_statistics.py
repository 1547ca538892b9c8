"""Sums of what ended: each attempt once, whoever dies, at a cost that stays."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from shared.clients.blobs import Container
from shared.clients.tables import Table
from shared.models import Call, Priority, Status, StoredTicket
from shared.models.clock import Clock
from shared.storage.keys import EVERYBODY, new_ticket_id
from shared.tickets.attempts import Attempt
from shared.tickets.statistics.ended_sums import EndedSums
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy


@pytest.fixture
def sums(table: Table, container: Container) -> EndedSums:
    return EndedSums(table, container, Clock())


async def ended(
    container: Container, owner: str, status: Status = Status.COMPLETED
) -> StoredTicket:
    """A ticket as it is once it has ended, after a call of the model."""
    moment = now()
    ticket = StoredTicket(
        id=new_ticket_id(owner, moment),
        title="A ticket",
        description="",
        task_type="custom",
        priority=Priority.MEDIUM,
        status=status,
        task_data={},
        created_by=owner,
        created_at=moment,
        updated_at=moment,
        completed_at=moment,
        processing_time_seconds=1.5,
    )
    attempt = Attempt(container, ticket.id, 1)
    await attempt.open()
    await attempt.record(Call(id="1", model="m", prompt_tokens=7, completion_tokens=3, cached=2))
    return ticket


async def whole(sums: EndedSums) -> Counter[str]:
    """Of this hour alone, or of two, should a test run over its end."""
    total: Counter[str] = Counter()
    async for one in sums.since(now() - timedelta(minutes=1)):
        total.update(one.numbers)
    return total


async def test_an_attempt_counts_once_by_however_many_it_is_told(
    table: Table, container: Container, sums: EndedSums
) -> None:
    tickets = [await ended(container, "a" * 16) for _ in range(5)]
    others = [EndedSums(table, container, Clock()) for _ in range(3)]
    await asyncio.gather(*(one.count(t) for one in [sums, *others] for t in tickets))
    found = await whole(sums)
    assert found["completed__custom"] == 5
    assert (found["prompt__custom"], found["completion__custom"]) == (35, 15)
    assert (found["cached__custom"], found["seconds__custom"]) == (10, 7.5)
    assert found["longest__custom"] == 1.5


async def test_a_new_attempt_counts_again_and_one_that_runs_does_not(
    container: Container, sums: EndedSums
) -> None:
    ticket = await ended(container, "b" * 16, Status.FAILED)
    await sums.count(ticket)
    await sums.count(ticket.model_copy(update={"status": Status.PROCESSING}))
    await sums.count(ticket.model_copy(update={"attempt": 2, "status": Status.COMPLETED}))
    found = await whole(sums)
    assert (found["failed__custom"], found["completed__custom"]) == (1, 1)
    assert found["failure__internal"] == 1


async def test_the_answer_costs_the_same_however_many_tickets_there_are(
    container: Container, sums: EndedSums, storage: StorageProxy
) -> None:
    costs = []
    for _ in range(2):
        for ticket in [await ended(container, "c" * 16) for _ in range(4)]:
            await sums.count(ticket)
        storage.reset()
        await whole(sums)
        costs.append(len(storage.calls))
    assert costs == [1, 1]


async def test_whoever_wrote_a_sum_last_adds_to_it_in_one_call(
    table: Table, container: Container, sums: EndedSums, storage: StorageProxy
) -> None:
    first, *more = [await ended(container, "e" * 16) for _ in range(4)]
    await sums.count(first)
    tables = []
    for ticket in (more[0], more[0], more[1]):
        storage.reset()
        await sums.count(ticket)
        tables.append(sum(call.service == "table" for call in storage.calls))
    assert tables[0] == 1
    assert tables[1] == 1, "it is counted already"
    await EndedSums(table, container, Clock()).count(more[2])
    await sums.count(await ended(container, "e" * 16))
    assert (await whole(sums))["completed__custom"] == 5


async def test_marks_and_sums_of_long_ago_are_forgotten(
    table: Table, container: Container, sums: EndedSums
) -> None:
    ticket = await ended(container, "d" * 16)
    await sums.count(ticket)
    await sums.count(ticket.model_copy(update={"completed_at": now() - timedelta(days=500)}))
    await sums.expire()
    keys = [row.key async for row in table.query(EVERYBODY, "counted_", "counted`")]
    assert len(keys) == 1
    assert ticket.id not in keys[0], "nothing is left of it when it is deleted"
    rows = [row.key async for row in table.query(EVERYBODY, "sums_", "sums`")]
    assert len(rows) == 1
