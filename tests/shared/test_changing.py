"""What people do to tickets over real tables: who wins a race, what a crash leaves, what goes."""

import asyncio
from typing import Any

import pytest
from starlette.responses import Response

from shared.audit.chain import Actor, first_invalid
from shared.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unavailable
from shared.models import AuditAction, Role, Status, StoredTicket, StoredUser
from shared.storage.keys import EVERYBODY
from shared.tickets.intents import Intent, Purpose
from tests.proxy import Call, StorageProxy
from tests.shared.conftest import LINGER, SWEEP_AFTER, House, user
from tests.shared.test_processing import ANSWER, answering, opened, order_of, run

HERE = Actor("somebody", "192.0.2.7", "test")


def anything(_: StoredTicket) -> None:
    """Any version will do."""


async def edit(house: House, owner: StoredUser, ticket_id: str, **changes: Any) -> StoredTicket:
    return await house.changing.edit(owner, ticket_id, changes, HERE, anything)


async def processing(house: House, owner: StoredUser) -> str:
    """A ticket whose work has begun."""
    order = await opened(house, owner)
    await house.processing.plan(order)
    return order["ticket_id"]


async def completed(house: House, owner: StoredUser) -> str:
    house.model.reset(answering(ANSWER))
    order = await opened(house, owner)
    await run(house.processing, order)
    return order["ticket_id"]


async def rows(house: House, partition: str) -> list[str]:
    return [row.key async for row in house.table.query(partition, "a", "z")]


async def listed_of(house: House, ticket_id: str) -> list[str]:
    """Where everybody's index has a ticket."""
    rest = ticket_id.partition("-")[2]
    return [key.partition("_")[0] for key in await rows(house, EVERYBODY) if rest in key]


async def checked(house: House, owner: str) -> None:
    """Counters, copies and pointers are what the tickets are."""
    found = [row async for row in house.table.query(owner, "ticket_", "ticket`")]
    statuses = sorted(f"{row.values['status']}_{row.key[7:]}" for row in found)
    keys = await rows(house, owner)
    assert sorted(key[7:] for key in keys if key.startswith("status_")) == statuses
    totals = await house.tickets.totals(owner)
    assert sum(totals.values()) == len(found)
    for status in Status:
        of_it = sum(row.values["status"] == status for row in found)
        assert totals.of(status) == of_it
        pointers = house.table.query(EVERYBODY, f"{status}_", f"{status}`")
        assert len([row async for row in pointers if owner in row.key]) == of_it


async def test_an_edit_costs_two_calls(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    ticket_id = (await opened(house, owner))["ticket_id"]
    await edit(house, owner, ticket_id, title="Old")  # the owner's first change of this hour
    storage.reset()
    changed = await edit(house, owner, ticket_id, title="New", priority="high", description="d")
    assert len(storage.calls) == 2
    assert (changed.title, changed.priority, changed.description) == ("New", "high", "d")
    assert await house.tickets.read(ticket_id) == changed
    status = [row async for row in house.table.query(owner.id, "status_", "status`")]
    assert status[0].values["title"] == "New"
    event = (await house.tickets.events(ticket_id))[-1]
    assert event.action is AuditAction.TICKET_UPDATED
    assert (event.old_values["title"], event.new_values["title"]) == ("Old", "New")
    assert event.new_values["description"] == "3 bytes"
    assert (event.user_id, event.ip_address) == ("somebody", "192.0.2.7")


async def test_an_edit_that_changes_nothing_leaves_no_trace(
    house: House, owner: StoredUser
) -> None:
    ticket_id = (await opened(house, owner))["ticket_id"]
    before = await house.tickets.read(ticket_id)
    assert await edit(house, owner, ticket_id, title="T") == before
    assert await edit(house, owner, ticket_id) == before


async def test_task_data_can_be_changed_until_processing_begins(
    house: House, owner: StoredUser
) -> None:
    order = await opened(house, owner)
    changed = await edit(house, owner, order["ticket_id"], task_data={"task_description": "New"})
    assert changed.task_data == {"task_description": "New"}
    with pytest.raises(Invalid):
        await edit(house, owner, order["ticket_id"], task_data={"task_description": ""})
    await house.processing.plan(order)
    with pytest.raises(Conflict):
        await edit(house, owner, order["ticket_id"], task_data={"task_description": "Newer"})


async def test_of_two_who_saw_the_same_version_one_wins(house: House, owner: StoredUser) -> None:
    ticket_id = (await opened(house, owner))["ticket_id"]
    seen = (await house.tickets.read(ticket_id)).version

    def expects(ticket: StoredTicket) -> None:
        if ticket.version != seen:
            raise PreconditionFailed("Changed.")

    tries = [
        house.another_changing().edit(owner, ticket_id, {"title": f"{n}"}, HERE, expects)
        for n in range(6)
    ]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, PreconditionFailed) for one in done) == 5
    assert len(await house.tickets.events(ticket_id)) == 2


async def test_a_change_whose_answer_was_lost_is_a_success(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    ticket_id = await completed(house, owner)
    seen = (await house.tickets.read(ticket_id)).version

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
    changed = await house.changing.edit(owner, ticket_id, {"title": "N"}, HERE, expects)
    assert (changed.title, len(lost)) == ("N", 1)
    assert len(await house.tickets.events(ticket_id)) == 4
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
        again = await house.changing.reprocess(owner, ticket_id, HERE)
        assert again.attempt == number + 1
        storage.reset()
        await house.changing.cancel(owner, ticket_id, HERE)
        await checked(house, owner.id)


async def test_cancelling_racing_completion_has_one_winner(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(ANSWER))
    seen = set()
    for _ in range(8):
        order = await opened(house, owner)
        planned = await house.processing.plan(order)
        await house.processing.work(order, planned["facts"], 0, {})
        done = await house.processing.combine(order, planned["facts"])
        cancelled, _ = await asyncio.gather(
            house.another_changing().cancel(owner, order["ticket_id"], HERE),
            house.worker().finish(order, done),
            return_exceptions=True,
        )
        ticket = await house.tickets.read(order["ticket_id"])
        won = Status.COMPLETED if isinstance(cancelled, Conflict) else Status.CANCELLED
        assert ticket.status is won
        events = await house.tickets.events(ticket.id)
        assert first_invalid(events) is None
        assert len(events) == 3
        seen.add(won)
    await checked(house, owner.id)


async def test_cancelling_twice_is_once_and_ended_is_ended(house: House, owner: StoredUser) -> None:
    ticket_id = await processing(house, owner)
    first = await house.changing.cancel(owner, ticket_id, HERE)
    assert first.status is Status.CANCELLED
    assert await house.changing.cancel(owner, ticket_id, HERE) == first
    with pytest.raises(Conflict):
        await house.changing.cancel(owner, await completed(house, owner), HERE)
    await checked(house, owner.id)


async def test_the_old_result_stays_until_the_new_attempt_succeeds(
    house: House, owner: StoredUser
) -> None:
    ticket_id = await completed(house, owner)
    again = await house.changing.reprocess(owner, ticket_id, HERE)
    assert (again.status, again.attempt, again.progress.percent) == (Status.PENDING, 2, 0)
    assert again.completed_at is None
    with pytest.raises(Conflict):
        await house.changing.reprocess(owner, ticket_id, HERE)
    old = await house.reading.result(owner, ticket_id, "md")
    assert old.content == b"# Done\n"

    house.model.reset(answering(ANSWER.__class__({"error": {}}, 401)))
    failed = await run(house.processing, order_of(again))
    await house.processing.fail(order_of(again), failed["reason"])
    assert (await house.reading.result(owner, ticket_id, "md")).content == b"# Done\n"

    third = await house.changing.reprocess(owner, ticket_id, HERE)
    assert third.error_message is None
    house.model.reset(answering(ANSWER))
    await house.processing.fail(order_of(again), "An older attempt.")
    await run(house.processing, order_of(third))
    ticket = await house.tickets.read(ticket_id)
    assert (ticket.status, ticket.attempt, ticket.result_attempt) == (Status.COMPLETED, 3, 3)
    await checked(house, owner.id)


async def test_a_crash_before_a_new_attempt_starts_is_mended(
    house: House, owner: StoredUser
) -> None:
    ticket_id = await completed(house, owner)
    await house.changing.reprocess(owner, ticket_id, HERE)
    await asyncio.sleep(SWEEP_AFTER * 1.1)
    started: list[int] = []

    async def start(ticket: StoredTicket) -> None:
        started.append(ticket.attempt)

    await house.intake.sweep(start, nothing, nothing)
    assert started == [2]


async def nothing(_: Intent | StoredTicket) -> None:
    """Not asked for here."""


async def test_deleting_leaves_the_trail_and_nothing_else(house: House, owner: StoredUser) -> None:
    ticket_id = await completed(house, owner)
    other = await completed(house, owner)
    await house.changing.delete(owner, ticket_id, HERE)

    with pytest.raises(NotFound):
        await house.tickets.read(ticket_id)
    with pytest.raises(NotFound):
        await house.changing.delete(owner, ticket_id, HERE)
    events = await house.tickets.events(ticket_id)
    assert first_invalid(events) is None
    assert events[-1].action is AuditAction.TICKET_DELETED
    assert await house.container.names(f"work/{ticket_id}") == []
    assert await house.container.names(f"results/{ticket_id}") == []
    assert await house.container.names(f"results/{other}") != []
    assert await listed_of(house, ticket_id) == ["intent"]
    await checked(house, owner.id)

    await asyncio.sleep(max(LINGER, SWEEP_AFTER) * 1.1)
    assert await house.intake.sweep(nothing, house.complete_deletion, nothing) == 1
    assert await listed_of(house, ticket_id) == []


async def test_what_an_activity_leaves_after_the_deletion_goes_as_well(
    house: House, owner: StoredUser
) -> None:
    house.model.reset(answering(ANSWER))
    order = await opened(house, owner)
    planned = await house.processing.plan(order)
    working = asyncio.create_task(house.worker().work(order, planned["facts"], 0, {}))
    await house.changing.delete(owner, order["ticket_id"], HERE)
    await working
    await asyncio.sleep(max(LINGER, SWEEP_AFTER) * 1.1)
    await house.intake.sweep(nothing, house.complete_deletion, nothing)
    assert await house.container.names(f"work/{order['ticket_id']}") == []
    assert await listed_of(house, order["ticket_id"]) == []
    await checked(house, owner.id)


async def test_a_deletion_is_remembered_until_nothing_is_left_of_the_workflows(
    house: House, owner: StoredUser
) -> None:
    ticket_id = await completed(house, owner)
    await house.changing.delete(owner, ticket_id, HERE)
    sweeper = house.another_changing(linger=0)
    [intent] = [one for one in await house.intents.all() if one.ticket_id == ticket_id]
    await sweeper.complete_deletion(intent, is_erased=False)
    assert await listed_of(house, ticket_id) == ["intent"]
    await sweeper.complete_deletion(intent, is_erased=True)
    assert await listed_of(house, ticket_id) == []


async def test_a_change_that_a_deletion_overtakes_leaves_nothing_behind(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    order = await opened(house, owner)
    loop, fast = asyncio.get_running_loop(), house.another_changing()
    batches = 0

    async def overtake(call: Call) -> Response | None:
        """The second batch of a cancellation is that of the ticket's rows."""
        nonlocal batches
        batches += "$batch" in call.path
        if "$batch" in call.path and batches == 2:
            deleting = fast.delete(owner, order["ticket_id"], HERE)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(deleting, loop))
        return None

    storage.reset(before=overtake)
    with pytest.raises(NotFound):
        await house.changing.cancel(owner, order["ticket_id"], HERE)
    assert batches > 2
    assert await listed_of(house, order["ticket_id"]) == ["intent"]
    await checked(house, owner.id)


async def test_of_many_who_ask_for_a_new_attempt_at_once_one_gets_it(
    house: House, owner: StoredUser
) -> None:
    ticket_id = await completed(house, owner)
    others = [house.another_changing() for _ in range(10)]
    asked = (one.reprocess(owner, ticket_id, HERE) for one in others)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    got = [answer for answer in answers if isinstance(answer, StoredTicket)]
    assert [ticket.attempt for ticket in got] == [2]
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9
    assert (await house.tickets.read(ticket_id)).attempt == 2
    await checked(house, owner.id)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_deletion_that_dies_anywhere_is_completed(
    house: House, owner: StoredUser, storage: StorageProxy, moment: str
) -> None:
    for number in range(1, 30):
        ticket_id = await completed(house, owner)

        async def die(call: Call, number: int = number) -> Response | None:
            return Response(status_code=503) if call.number >= number else None

        storage.reset(**{moment: die})
        try:
            await house.another_changing().delete(owner, ticket_id, HERE)
            died = False
        except Unavailable:
            died = True
        storage.reset()
        sweeper = house.another_changing(linger=0)
        left = [one for one in await house.intents.all() if one.purpose is Purpose.DELETE]
        for intent in left:
            assert intent.ticket_id == ticket_id
            await sweeper.complete_deletion(intent, is_erased=True)
            assert await house.container.names(f"results/{ticket_id}") == []
            assert await listed_of(house, ticket_id) == []
        await checked(house, owner.id)
        if not died:
            return
    raise AssertionError("a deletion takes no end")


async def test_strangers_find_nothing_to_change(house: House, owner: StoredUser) -> None:
    ticket_id = (await opened(house, owner))["ticket_id"]
    for stranger in (user(), user(Role.MANAGER)):
        for act in (house.changing.cancel, house.changing.reprocess, house.changing.delete):
            with pytest.raises(NotFound):
                await act(stranger, ticket_id, HERE)
        with pytest.raises(NotFound):
            await edit(house, stranger, ticket_id, title="x")
    assert len(await house.tickets.events(ticket_id)) == 1


async def test_sixteen_writers_lose_nothing(house: House, owner: StoredUser) -> None:
    ticket_id = (await opened(house, owner))["ticket_id"]

    async def write(writer: int) -> None:
        mine = house.another_changing()
        for number in range(3):
            await mine.edit(owner, ticket_id, {"title": f"{writer}.{number}"}, HERE, anything)

    await asyncio.gather(*(write(writer) for writer in range(16)))
    ticket = await house.tickets.read(ticket_id)
    events = await house.tickets.events(ticket_id)
    assert (ticket.events, ticket.seq, len(events)) == (49, 48, 49)
    assert first_invalid(events) is None
    await checked(house, owner.id)
