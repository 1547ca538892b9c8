"""Opening tickets: what is refused, what it costs, and that a crash anywhere is mended."""

from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from starlette.responses import Response

from shared.errors import Invalid, NotFound, Unavailable
from shared.models import NewTicket, Source, Status, StoredTicket, StoredUser, validate_model
from shared.storage.keys import new_ticket_id, split_ticket_id
from shared.tickets.intents import Intent, Purpose
from shared.tickets.listing.index import ListingState
from shared.workflow.messages import StartInput
from tests.support.product.accounts import by
from tests.support.product.app import SWEEP_AFTER, AppUnderTest
from tests.support.product.chains import first_invalid
from tests.support.product.clock import now
from tests.support.product.heard_workflows import HeardWorkflows
from tests.support.servers.storage_proxy import Call, StorageProxy, hold

BODY: dict[str, Any] = {
    "title": "A ticket",
    "task_type": "custom",
    "task_data": {"task_description": "Do it."},
}


async def opened(app: AppUnderTest, owner: StoredUser, **changes: Any) -> StoredTicket:
    opened = await app.ticket_opening.open_ticket(
        by(owner), validate_model(NewTicket, BODY | changes)
    )
    return opened.ticket


def intent(ticket_id: str, moment: datetime) -> Intent:
    standing = ListingState(*split_ticket_id(ticket_id), task_type="custom", status=Status.PENDING)
    return Intent(Purpose.OPEN, standing, moment)


def order_of(ticket: StoredTicket) -> StartInput:
    return StartInput(
        ticket_id=ticket.id,
        attempt=1,
        task_type="custom",
        parallel=1,
        first_wait=1,
        most_wait=1,
        waiting=None,
    )


async def swept(app: AppUnderTest) -> list[str]:
    """The tickets that a sweep starts."""
    workflows = HeardWorkflows()
    await app.sweeper.sweep(workflows)
    started = [ticket.id for ticket in workflows.started]
    assert workflows.swept == started, "who starts them says that a first start was lost"
    return started


async def nothing(_: Intent) -> None:
    """No ticket here has files."""


def age(app: AppUnderTest, factor: float = 1.1) -> None:
    app.clock.advance(SWEEP_AFTER * factor)


async def stored(app: AppUnderTest, owner: StoredUser) -> list[str]:
    rows = app.table.query(owner.id, "ticket_", "ticket`")
    return [f"{owner.id}-{row.key.removeprefix('ticket_')}" async for row in rows]


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"title": ""}, ["title"]),
        ({"title": "   "}, ["title"]),
        ({"title": "x" * 256}, ["title"]),
        ({"title": None}, ["title"]),
        ({"priority": "huge"}, ["priority"]),
        ({"task_type": "dance"}, ["task_type"]),
        ({"task_data": []}, ["task_data"]),
        ({"task_data": {}}, ["task_data", "task_description"]),
        ({"task_data": {"task_description": " "}}, ["task_data", "task_description"]),
        ({"task_data": {"task_description": 5}}, ["task_data", "task_description"]),
        (
            {"task_data": {"task_description": "x", "output_schema": {"type": "nonsense"}}},
            ["task_data", "output_schema"],
        ),
        (
            {"task_data": {"task_description": "x", "output_schema": {"$ref": "http://a/b"}}},
            ["task_data", "output_schema"],
        ),
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused_by_place_and_stores_nothing(
    app: AppUnderTest,
    owner: StoredUser,
    storage: StorageProxy,
    changes: dict[str, Any],
    loc: list[str],
) -> None:
    with pytest.raises(Invalid) as invalid:
        await opened(app, owner, **changes)
    assert [fault["loc"] for fault in invalid.value.errors] == [loc]
    assert storage.calls == []


async def test_an_unknown_task_type_is_told_the_known_ones(
    app: AppUnderTest, owner: StoredUser
) -> None:
    with pytest.raises(Invalid, match="custom"):
        await opened(app, owner, task_type="poetry")


async def test_what_clients_may_not_set_is_not_applied(
    app: AppUnderTest, owner: StoredUser
) -> None:
    changes = {"status": "completed", "created_by": "x", "PartitionKey": "y", "source": "blob"}
    ticket = await opened(app, owner, **changes)
    assert (ticket.status, ticket.source, ticket.created_by) == (
        Status.PENDING,
        Source.API,
        owner.id,
    )


@pytest.mark.parametrize("body", [None, [], "x", 5])
async def test_a_body_that_is_no_object_is_refused(
    app: AppUnderTest, owner: StoredUser, body: Any
) -> None:
    with pytest.raises(Invalid):
        await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))


async def test_opening_costs_two_storage_calls_reading_one_sweeping_one(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    await opened(app, owner)  # which makes the table
    for _ in range(3):
        storage.reset()
        ticket = await opened(app, owner)
        assert len(storage.calls) == 2
    storage.reset()
    await app.tickets.read(ticket.id)
    assert len(storage.calls) == 1
    storage.reset()
    assert await swept(app) == []
    assert len(storage.calls) == 1


async def test_a_pending_ticket_is_started_until_it_moves_on(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket = await opened(app, owner)
    assert await swept(app) == [], "it is young"
    age(app)
    assert await swept(app) == [ticket.id]
    assert await swept(app) == [ticket.id]

    await app.activities.plan(order_of(ticket))

    assert await swept(app) == []
    assert await app.intents.all() == []


async def test_an_intent_whose_ticket_moved_on_or_never_came_is_removed(
    app: AppUnderTest, owner: StoredUser
) -> None:
    old = now() - timedelta(seconds=SWEEP_AFTER * 3)
    await app.intents.add(intent(new_ticket_id(owner.id, old), old))
    ticket = await opened(app, owner)
    await app.activities.plan(order_of(ticket))
    await app.intents.add(intent(ticket.id, old))

    assert await swept(app) == []
    assert await app.intents.all() == []


async def test_an_intent_whose_ticket_may_still_come_is_kept(
    app: AppUnderTest, owner: StoredUser
) -> None:
    young = now() - timedelta(seconds=SWEEP_AFTER * 1.2)
    await app.intents.add(intent(new_ticket_id(owner.id, young), young))
    assert await swept(app) == []
    assert len(await app.intents.all()) == 1


async def test_one_bad_ticket_does_not_keep_the_sweep_from_the_others(
    app: AppUnderTest, owner: StoredUser
) -> None:
    tickets = [await opened(app, owner) for _ in range(3)]
    age(app)
    workflows = HeardWorkflows(refused=tickets[1].id)
    assert await app.sweeper.sweep(workflows) == 3
    assert sorted(ticket.id for ticket in workflows.started) == sorted(
        [tickets[0].id, tickets[2].id]
    )


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("lasting", [False, True])
async def test_a_fault_at_any_storage_call_loses_and_doubles_nothing(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy, took_effect: bool, lasting: bool
) -> None:
    await opened(app, owner)  # which makes the table and the counter
    for number in (1, 2):
        before = set(await stored(app, owner))
        storage.reset()

        async def spoil(call: Call, number: int = number) -> Response | None:
            hit = call.number >= number if lasting else call.number == number
            return Response(status_code=503) if hit else None

        storage.reset(**{"after" if took_effect else "before": spoil})
        try:
            accepted = {(await opened(app, owner)).id}
        except Unavailable:
            accepted = set()
        storage.reset()

        new = set(await stored(app, owner)) - before
        assert accepted <= new
        assert len(new) <= 1
        for ticket_id in new:
            assert first_invalid(await app.tickets.events(ticket_id)) is None
            assert ticket_id in {intent.ticket_id for intent in await app.intents.all()}

    age(app, 2.1)
    started = await swept(app)
    assert sorted(started) == sorted(await stored(app, owner))
    assert {intent.ticket_id for intent in await app.intents.all()} == set(started)


async def test_opening_gives_up_before_the_sweeper_takes_it_for_dead(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    release = Event()
    storage.reset(before=hold(lambda _: True, Event(), release))
    with pytest.raises(Unavailable):
        await opened(app.another(SWEEP_AFTER_SECONDS="1"), owner)
    release.set()


async def test_a_ticket_that_is_not_there_is_not_found(
    app: AppUnderTest, owner: StoredUser
) -> None:
    with pytest.raises(NotFound):
        await app.tickets.read(new_ticket_id(owner.id, now()))
