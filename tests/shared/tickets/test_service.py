"""What people do to tickets over real tables: who wins a race, what a crash leaves, what goes."""

import asyncio
from typing import Any

import pytest
from starlette.responses import Response

from shared.audit.chain import Actor
from shared.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unavailable
from shared.models import (
    AuditAction,
    ResultQuery,
    Role,
    Status,
    StoredTicket,
    StoredUser,
    TicketChanges,
    validate_model,
)
from shared.storage.keys import EVERYBODY
from shared.tickets.intents import Purpose
from tests.support.product.accounts import by
from tests.support.product.app import LINGER, SWEEP_AFTER, AppUnderTest, user
from tests.support.product.chains import first_invalid
from tests.support.product.heard_workflows import HeardWorkflows
from tests.support.product.workflow import ANSWER, answering, opened, order_of, run
from tests.support.servers.storage_proxy import Call, StorageProxy

HERE = Actor("somebody", "192.0.2.7", "test")


def anything(_: StoredTicket) -> None:
    """Any version will do."""


async def edit(
    app: AppUnderTest, owner: StoredUser, ticket_id: str, **changes: Any
) -> StoredTicket:
    return await app.ticket_service.edit(
        by(owner), ticket_id, validate_model(TicketChanges, changes), anything
    )


async def processing(app: AppUnderTest, owner: StoredUser) -> str:
    """A ticket whose work has begun."""
    order = await opened(app, owner)
    await app.activities.plan(order)
    return order["ticket_id"]


async def completed(app: AppUnderTest, owner: StoredUser) -> str:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner)
    await run(app.activities, order)
    return order["ticket_id"]


async def rows(app: AppUnderTest, partition: str) -> list[str]:
    return [row.key async for row in app.table.query(partition, "a", "z")]


async def listed_of(app: AppUnderTest, ticket_id: str) -> list[str]:
    """Where everybody's index has a ticket."""
    rest = ticket_id.partition("-")[2]
    return [key.partition("_")[0] for key in await rows(app, EVERYBODY) if rest in key]


async def checked(app: AppUnderTest, owner: str) -> None:
    """Counters, copies and pointers are what the tickets are."""
    found = [row async for row in app.table.query(owner, "ticket_", "ticket`")]
    statuses = sorted(f"{row.values['status']}_{row.key[7:]}" for row in found)
    keys = await rows(app, owner)
    assert sorted(key[7:] for key in keys if key.startswith("status_")) == statuses
    totals = await app.tickets.totals(owner)
    assert sum(totals.values()) == len(found)
    for status in Status:
        of_it = sum(row.values["status"] == status for row in found)
        assert totals.of(status) == of_it
        pointers = app.table.query(EVERYBODY, f"{status}_", f"{status}`")
        assert len([row async for row in pointers if owner in row.key]) == of_it


async def test_an_edit_costs_two_calls(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    ticket_id = (await opened(app, owner))["ticket_id"]
    await edit(app, owner, ticket_id, title="Old")  # the owner's first change of this hour
    storage.reset()
    changed = await edit(app, owner, ticket_id, title="New", priority="high", description="d")
    assert len(storage.calls) == 2
    assert (changed.title, changed.priority, changed.description) == ("New", "high", "d")
    assert await app.tickets.read(ticket_id) == changed
    status = [row async for row in app.table.query(owner.id, "status_", "status`")]
    assert status[0].values["title"] == "New"
    event = (await app.tickets.events(ticket_id))[-1]
    assert event.action is AuditAction.TICKET_UPDATED
    assert (event.old_values["title"], event.new_values["title"]) == ("Old", "New")
    assert event.new_values["description"] == "3 bytes"
    assert (event.user_id, event.ip_address) == (owner.id, "192.0.2.1")


async def test_an_edit_that_changes_nothing_leaves_no_trace(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = (await opened(app, owner))["ticket_id"]
    before = await app.tickets.read(ticket_id)
    assert await edit(app, owner, ticket_id, title="T") == before
    assert await edit(app, owner, ticket_id) == before


async def test_task_data_can_be_changed_until_processing_begins(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order = await opened(app, owner)
    changed = await edit(app, owner, order["ticket_id"], task_data={"task_description": "New"})
    assert changed.task_data == {"task_description": "New"}
    with pytest.raises(Invalid):
        await edit(app, owner, order["ticket_id"], task_data={"task_description": ""})
    await app.activities.plan(order)
    with pytest.raises(Conflict):
        await edit(app, owner, order["ticket_id"], task_data={"task_description": "Newer"})


async def test_of_two_who_saw_the_same_version_one_wins(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = (await opened(app, owner))["ticket_id"]
    seen = (await app.tickets.read(ticket_id)).version

    def expects(ticket: StoredTicket) -> None:
        if ticket.version != seen:
            raise PreconditionFailed("Changed.")

    tries = [
        app.another().ticket_service.edit(
            by(owner), ticket_id, validate_model(TicketChanges, {"title": f"{n}"}), expects
        )
        for n in range(6)
    ]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, PreconditionFailed) for one in done) == 5
    assert len(await app.tickets.events(ticket_id)) == 2


async def test_a_change_whose_answer_was_lost_is_a_success(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    ticket_id = await completed(app, owner)
    seen = (await app.tickets.read(ticket_id)).version

    def expects(ticket: StoredTicket) -> None:
        if ticket.version != seen:
            raise PreconditionFailed("Changed.")

    lost: list[Call] = []

    async def lose(call: Call) -> Response | None:
        if call.path.endswith("$batch") and len(lost) < 1:
            lost.append(call)
            return Response(status_code=500)
        return None

    storage.reset(after=lose)
    changed = await app.ticket_service.edit(
        by(owner), ticket_id, validate_model(TicketChanges, {"title": "N"}), expects
    )
    assert (changed.title, len(lost)) == ("N", 1)
    assert len(await app.tickets.events(ticket_id)) == 4
    for number in (1, 2, 3):
        lost.clear()
        count = 0

        async def lose_one(call: Call, number: int = number) -> Response | None:
            nonlocal count
            count += call.path.endswith("$batch")
            if count == number and not lost:
                lost.append(call)
                return Response(status_code=500)
            return None

        storage.reset(after=lose_one)
        again = await app.ticket_service.reprocess(by(owner), ticket_id)
        assert again.attempt == number + 1
        storage.reset()
        await app.ticket_service.cancel(by(owner), ticket_id)
        await checked(app, owner.id)


async def test_cancelling_racing_completion_has_one_winner(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(ANSWER))
    seen = set()
    for _ in range(8):
        order = await opened(app, owner)
        planned: Any = await app.activities.plan(order)
        await app.activities.work(order, planned["facts"], 0, {})
        done: Any = await app.activities.combine(order, planned["facts"])
        cancelled, _ = await asyncio.gather(
            app.another().ticket_service.cancel(by(owner), order["ticket_id"]),
            app.another().activities.finish(order, done),
            return_exceptions=True,
        )
        ticket = await app.tickets.read(order["ticket_id"])
        won = Status.COMPLETED if isinstance(cancelled, Conflict) else Status.CANCELLED
        assert ticket.status is won
        events = await app.tickets.events(ticket.id)
        assert first_invalid(events) is None
        assert len(events) == 3
        seen.add(won)
    await checked(app, owner.id)


async def test_cancelling_twice_is_once_and_ended_is_ended(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await processing(app, owner)
    first = await app.ticket_service.cancel(by(owner), ticket_id)
    assert first.status is Status.CANCELLED
    assert await app.ticket_service.cancel(by(owner), ticket_id) == first
    with pytest.raises(Conflict):
        await app.ticket_service.cancel(by(owner), await completed(app, owner))
    await checked(app, owner.id)


async def test_the_old_result_stays_until_the_new_attempt_succeeds(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await completed(app, owner)
    again = await app.ticket_service.reprocess(by(owner), ticket_id)
    assert (again.status, again.attempt, again.progress.percent) == (Status.PENDING, 2, 0)
    assert again.completed_at is None
    with pytest.raises(Conflict):
        await app.ticket_service.reprocess(by(owner), ticket_id)
    old = await app.ticket_queries.result(by(owner), ticket_id, ResultQuery(format="md"))
    assert old.content.startswith(b"# Done\n\n---\n\n## What took how long\n")

    app.model.reset(answering(ANSWER.__class__({"error": {}}, 401)))
    failed: Any = await run(app.activities, order_of(again))
    await app.activities.fail(order_of(again), failed["reason"])
    assert (
        await app.ticket_queries.result(by(owner), ticket_id, ResultQuery(format="md"))
    ).content == old.content

    third = await app.ticket_service.reprocess(by(owner), ticket_id)
    assert third.error_message is None
    app.model.reset(answering(ANSWER))
    await app.activities.fail(order_of(again), "An older attempt.")
    await run(app.activities, order_of(third))
    ticket = await app.tickets.read(ticket_id)
    assert (ticket.status, ticket.attempt, ticket.result_attempt) == (Status.COMPLETED, 3, 3)
    await checked(app, owner.id)


async def test_a_crash_before_a_new_attempt_starts_is_mended(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await completed(app, owner)
    await app.ticket_service.reprocess(by(owner), ticket_id)
    app.clock.advance(SWEEP_AFTER * 1.1)
    workflows = HeardWorkflows()
    await app.sweeper.sweep(workflows)
    assert [ticket.attempt for ticket in workflows.started] == [2]


async def test_deleting_leaves_the_trail_and_nothing_else(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await completed(app, owner)
    other = await completed(app, owner)
    await app.ticket_deletion.delete(by(owner), ticket_id)

    with pytest.raises(NotFound):
        await app.tickets.read(ticket_id)
    with pytest.raises(NotFound):
        await app.ticket_deletion.delete(by(owner), ticket_id)
    events = await app.tickets.events(ticket_id)
    assert first_invalid(events) is None
    assert events[-1].action is AuditAction.TICKET_DELETED
    assert await app.container.names(f"work/{ticket_id}") == []
    assert await app.container.names(f"results/{ticket_id}") == []
    assert await app.container.names(f"results/{other}") != []
    assert await listed_of(app, ticket_id) == ["intent"]
    await checked(app, owner.id)

    app.clock.advance(LINGER)
    assert await app.sweeper.sweep(HeardWorkflows()) == 1
    assert await listed_of(app, ticket_id) == []


async def test_what_an_activity_leaves_after_the_deletion_goes_as_well(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner)
    planned: Any = await app.activities.plan(order)
    working = asyncio.create_task(app.another().activities.work(order, planned["facts"], 0, {}))
    await app.ticket_deletion.delete(by(owner), order["ticket_id"])
    await working
    app.clock.advance(LINGER)
    await app.sweeper.sweep(HeardWorkflows())
    assert await app.container.names(f"work/{order['ticket_id']}") == []
    assert await listed_of(app, order["ticket_id"]) == []
    await checked(app, owner.id)


async def test_a_deletion_is_remembered_until_nothing_is_left_of_the_workflows(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await completed(app, owner)
    await app.ticket_deletion.delete(by(owner), ticket_id)
    app.clock.advance(LINGER)
    [intent] = [one for one in await app.intents.all() if one.ticket_id == ticket_id]
    await app.ticket_deletion.settle(intent, HeardWorkflows(is_purged=False))
    assert await listed_of(app, ticket_id) == ["intent"]
    await app.ticket_deletion.settle(intent, HeardWorkflows())
    assert await listed_of(app, ticket_id) == []


async def test_a_change_that_a_deletion_overtakes_leaves_nothing_behind(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    order = await opened(app, owner)
    loop, fast = asyncio.get_running_loop(), app.another().ticket_deletion
    batches = 0

    async def overtake(call: Call) -> Response | None:
        """The second batch of a cancellation is that of the ticket's rows."""
        nonlocal batches
        batches += "$batch" in call.path
        if "$batch" in call.path and batches == 2:
            deleting = fast.delete(by(owner), order["ticket_id"])
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(deleting, loop))
        return None

    storage.reset(before=overtake)
    with pytest.raises(NotFound):
        await app.ticket_service.cancel(by(owner), order["ticket_id"])
    assert batches > 2
    assert await listed_of(app, order["ticket_id"]) == ["intent"]
    await checked(app, owner.id)


async def test_of_many_who_ask_for_a_new_attempt_at_once_one_gets_it(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await completed(app, owner)
    others = [app.another().ticket_service for _ in range(10)]
    asked = (one.reprocess(by(owner), ticket_id) for one in others)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    got = [answer for answer in answers if isinstance(answer, StoredTicket)]
    assert [ticket.attempt for ticket in got] == [2]
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9
    assert (await app.tickets.read(ticket_id)).attempt == 2
    await checked(app, owner.id)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_deletion_that_dies_anywhere_is_completed(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy, moment: str
) -> None:
    for number in range(1, 30):
        ticket_id = await completed(app, owner)

        async def die(call: Call, number: int = number) -> Response | None:
            return Response(status_code=503) if call.number >= number else None

        storage.reset(**{moment: die})
        try:
            await app.another().ticket_deletion.delete(by(owner), ticket_id)
            died = False
        except Unavailable:
            died = True
        storage.reset()
        app.clock.advance(LINGER)
        left = [one for one in await app.intents.all() if one.purpose is Purpose.DELETE]
        for intent in left:
            assert intent.ticket_id == ticket_id
            await app.ticket_deletion.settle(intent, HeardWorkflows())
            assert await app.container.names(f"results/{ticket_id}") == []
            assert await listed_of(app, ticket_id) == []
        await checked(app, owner.id)
        if not died:
            return
    raise AssertionError("a deletion takes no end")


async def test_strangers_find_nothing_to_change(app: AppUnderTest, owner: StoredUser) -> None:
    ticket_id = (await opened(app, owner))["ticket_id"]
    for stranger in (user(), user(Role.MANAGER)):
        for act in (
            app.ticket_service.cancel,
            app.ticket_service.reprocess,
            app.ticket_deletion.delete,
        ):
            with pytest.raises(NotFound):
                await act(by(stranger), ticket_id)
        with pytest.raises(NotFound):
            await edit(app, stranger, ticket_id, title="x")
    assert len(await app.tickets.events(ticket_id)) == 1


async def test_sixteen_writers_lose_nothing(app: AppUnderTest, owner: StoredUser) -> None:
    ticket_id = (await opened(app, owner))["ticket_id"]

    async def write(writer: int) -> None:
        mine = app.another().ticket_service
        for number in range(3):
            await mine.edit(
                by(owner),
                ticket_id,
                validate_model(TicketChanges, {"title": f"{writer}.{number}"}),
                anything,
            )

    await asyncio.gather(*(write(writer) for writer in range(16)))
    ticket = await app.tickets.read(ticket_id)
    events = await app.tickets.events(ticket_id)
    assert (ticket.events, ticket.seq, len(events)) == (49, 49, 49)
    assert first_invalid(events) is None
    await checked(app, owner.id)
