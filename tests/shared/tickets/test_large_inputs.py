"""Inputs of tickets that are too long for a row: whole where a ticket is read, short in lists, gone
with the ticket, and, as its files, neither lost nor left behind when a process dies anywhere."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from shared.attachments.store import NewFile
from shared.documents.file_types import InMemory
from shared.errors import Conflict, PreconditionFailed, Problem, TooLarge
from shared.models import (
    AuditAction,
    NewTicket,
    StoredTicket,
    StoredUser,
    TicketChanges,
    TicketsQuery,
    validate_model,
)
from shared.tickets.intents import Purpose
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.product.heard_workflows import HeardWorkflows
from tests.support.product.workflow import ANSWER, answering, order_of, run, shown
from tests.support.servers.storage_proxy import Call, StorageProxy, lose_answers

MIB = 1024 * 1024
LONG = {"task_description": "Do it.", "context": "ü" * 35_000}
OTHER = {"task_description": "Do it.", "context": "é" * 35_000}
SMALL = {"task_description": "Do it."}
Way = Callable[[AppUnderTest, StoredUser, StoredTicket], Awaitable[object]]


def data_of(size: int) -> dict[str, str]:
    """A task_data of so many bytes."""
    frame = len('{"task_description":"x","context":""}')
    rest = size - frame
    return {"task_description": "x", "context": "ü" * (rest // 2) + "u" * (rest % 2)}


async def open_ticket(app: AppUnderTest, owner: StoredUser, **fields: Any) -> StoredTicket:
    body = {"title": "A ticket", "task_type": "custom", "task_data": SMALL} | fields
    new = validate_model(NewTicket, body)
    return (await app.ticket_opening.open_ticket(by(owner), new)).ticket


def accept(_: StoredTicket) -> None:
    """Any version will do."""


async def edit(
    app: AppUnderTest, owner: StoredUser, ticket_id: str, **changes: Any
) -> StoredTicket:
    given = validate_model(TicketChanges, changes)
    return await app.ticket_service.edit(by(owner), ticket_id, given, accept)


async def read(app: AppUnderTest, ticket_id: str) -> StoredTicket:
    return await app.ticket_queries.complete(await app.tickets.read(ticket_id))


async def blobs(app: AppUnderTest) -> set[str]:
    """Which inputs and files are stored, by their ids."""
    listed = [await app.container.names(kind) for kind in ("inputs/", "attachments/")]
    return {Path(name).stem for names in listed for name in names}


async def named(app: AppUnderTest, ticket_id: str) -> set[str]:
    return {*(await app.tickets.read(ticket_id)).stored_sizes}


async def sweep_late(app: AppUnderTest) -> None:
    app.clock.advance(16 * 60)
    await app.sweeper.sweep(HeardWorkflows())


@pytest.mark.parametrize(
    ("field", "made"),
    [
        ("task_data", data_of),
        ("description", lambda size: "ü" * (size // 2) + "u" * (size % 2)),
    ],
)
async def test_its_limit_is_one_of_bytes(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy, field: str, made: Any
) -> None:
    limit = {"task_data": 2 * MIB, "description": MIB}[field]
    ticket = await open_ticket(app, owner, **{field: made(limit)})
    assert getattr(await read(app, ticket.id), field) == made(limit)
    storage.reset()
    with pytest.raises(TooLarge, match=f"{field} has {limit + 1} bytes; at most {limit}"):
        await open_ticket(app, owner, **{field: made(limit + 1)})
    with pytest.raises(TooLarge):
        await edit(app, owner, ticket.id, **{field: made(limit + 1)})
    assert storage.calls == []


@pytest.mark.parametrize(
    ("fields", "calls"),
    [
        ({"task_data": data_of(65_536), "description": "\U0001f600" * 16_000}, 2),
        ({"task_data": data_of(65_537)}, 3),
        ({"task_data": data_of(65_537), "description": "x" * 16_001}, 4),
    ],
    ids=["both fit", "one does not", "neither does"],
)
async def test_only_what_does_not_fit_into_the_row_costs_more(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy, fields: Any, calls: int
) -> None:
    await open_ticket(app, owner, task_data=LONG)  # which makes table and container
    storage.reset()
    ticket = await open_ticket(app, owner, **fields)
    assert len(storage.calls) == calls
    storage.reset()
    whole = await read(app, ticket.id)
    assert len(storage.calls) == 1 + len(whole.large_inputs)
    assert {name: getattr(whole, name) for name in fields} == fields
    assert await app.intents.find(ticket.id, Purpose.FILES) is None


async def test_a_list_has_its_beginning_and_says_so(app: AppUnderTest, owner: StoredUser) -> None:
    text = "a" * 7_996 + "Nord" + "Pole" + "x" * 20_000
    ticket = await open_ticket(app, owner, task_data=LONG, description=text)

    async def listed(**query: Any) -> list[StoredTicket]:
        page = await app.ticket_list.page(by(owner), TicketsQuery(**query))
        return page.tickets  # type: ignore[return-value]

    one = (await listed())[0]
    assert one.shortened == ["description", "task_data"]
    assert one.description == text[:8_000]
    assert one.task_data == {}
    assert len(one.model_dump_json()) < 10_000
    assert [found.id for found in await listed(q="nord")] == [ticket.id]
    assert await listed(q="pole") == []
    whole = await read(app, ticket.id)
    assert (whole.shortened, whole.description, whole.task_data) == ([], text, LONG)


async def test_the_model_is_shown_it_in_every_attempt(app: AppUnderTest, owner: StoredUser) -> None:
    app.model.reset(answering(ANSWER))
    ticket = await open_ticket(app, owner, task_data=LONG)
    order = order_of(ticket)
    assert len(str(order)) < 500
    await run(app.activities, order)
    for data, sign in ((None, "ü"), (OTHER, "é"), (SMALL, "")):
        assert (await shown(app, order)).result_data["task_result"] == "# Done"
        again = await app.ticket_service.reprocess(by(owner), ticket.id, data)
        await run(app.activities, order_of(again))
        prompt = app.model.bodies[-1]["messages"][-1]["content"]
        assert sign * 35_000 in prompt
        assert (await read(app, ticket.id)).task_data == (data or LONG)
        assert await blobs(app) == await named(app, ticket.id)
    assert await blobs(app) == set()


async def test_changing_it_leaves_nothing_of_the_old_one(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    ticket = await open_ticket(app, owner, task_data=LONG, description="d" * 20_000)
    changed = await edit(app, owner, ticket.id, task_data=OTHER, description="short")
    assert (await app.ticket_queries.complete(changed)).task_data == OTHER
    assert (await read(app, ticket.id)).description == "short"
    assert await blobs(app) == await named(app, ticket.id)
    assert len(await blobs(app)) == 1
    storage.reset()
    await edit(app, owner, ticket.id, task_data=dict(OTHER))
    assert len(storage.calls) == 1, "nothing changes"
    await edit(app, owner, ticket.id, title="Another")
    assert (await read(app, ticket.id)).task_data == OTHER
    event = (await app.tickets.events(ticket.id))[1]
    assert event.action is AuditAction.TICKET_UPDATED
    assert event.new_values == {"task_data": "70042 bytes", "description": "7 bytes"}
    assert event.old_values == {"task_data": "70042 bytes", "description": "20002 bytes"}
    await app.ticket_deletion.delete(by(owner), ticket.id)
    assert await blobs(app) == set()


async def test_a_change_that_is_refused_stores_nothing(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    app.model.reset(answering(ANSWER))
    ticket = await open_ticket(app, owner, task_data=LONG)

    def refuse(_: StoredTicket) -> None:
        raise PreconditionFailed("Another version.")

    changes = validate_model(TicketChanges, {"task_data": OTHER})
    with pytest.raises(PreconditionFailed):
        await app.ticket_service.edit(by(owner), ticket.id, changes, refuse)
    await run(app.activities, order_of(ticket))
    with pytest.raises(Conflict):
        await edit(app, owner, ticket.id, task_data=OTHER)
    assert await blobs(app) == await named(app, ticket.id)


async def test_whoever_reads_while_it_changes_reads_one_or_the_other(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket = await open_ticket(app, owner, task_data=LONG)
    seen = await app.tickets.read(ticket.id)
    await edit(app, owner, ticket.id, task_data=OTHER)
    assert (await app.large_inputs.complete(seen)).task_data == OTHER


async def test_a_lost_answer_loses_nothing(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    storage.reset(after=lose_answers(2))
    ticket = await open_ticket(app, owner, task_data=LONG)
    assert (ticket.task_data, ticket.shortened) == (LONG, [])
    storage.reset(after=lose_answers(2))
    await edit(app, owner, ticket.id, task_data=OTHER)
    storage.reset()
    assert (await read(app, ticket.id)).task_data == OTHER
    assert await blobs(app) == await named(app, ticket.id)


async def _open(app: AppUnderTest, owner: StoredUser, _: StoredTicket) -> object:
    file = NewFile("a.txt", InMemory(memoryview(b"The harbour freezes in January.")))
    files = app.attachments.batch(await app.attachments.examine([file]))
    body = {"title": "A ticket", "task_type": "custom", "task_data": OTHER}
    new = validate_model(NewTicket, body | {"description": "d" * 20_000})
    return await app.ticket_opening.open_ticket(by(owner), new, None, files)


async def _edit(app: AppUnderTest, owner: StoredUser, ticket: StoredTicket) -> object:
    return await edit(app, owner, ticket.id, task_data=OTHER)


async def _shorten(app: AppUnderTest, owner: StoredUser, ticket: StoredTicket) -> object:
    return await edit(app, owner, ticket.id, task_data=SMALL)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("way", [_open, _edit, _shorten], ids=lambda way: way.__name__[1:])
async def test_dying_at_any_call_neither_loses_nor_leaves_anything(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy, way: Way, moment: str
) -> None:
    first = await open_ticket(app, owner, task_data=LONG)
    for k in range(1, 20):
        dying = app.another()
        dying.try_once()

        async def meddle(call: Call, k: int = k) -> Response | None:
            return Response(status_code=503) if call.number >= k else None

        storage.reset(**{moment: meddle})
        try:
            await way(dying, owner, first)
            survived = len(storage.calls) < k
        except Problem:
            survived = False
        storage.reset()
        await sweep_late(app)
        rows = [row async for row in app.table.query(owner.id, "ticket_", "ticket`")]
        ids = [f"{owner.id}-{row.key.removeprefix('ticket_')}" for row in rows]
        for ticket_id in ids:
            assert (await read(app, ticket_id)).task_data in (LONG, OTHER, SMALL)
        assert await blobs(app) == {one for each in ids for one in await named(app, each)}, k
        if survived:
            return
        if way is not _open:
            await edit(app, owner, first.id, task_data=LONG)
    raise AssertionError("this takes 20 storage calls or more")
