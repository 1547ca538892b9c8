"""Keys that make a POST safe to repeat, over real tables."""

import asyncio
from typing import Any

import pytest

from shared.errors import Invalid, Malformed
from shared.models import NewTicket, StoredUser, TicketChanges, validate_model
from shared.storage.keys import EVERYBODY
from shared.tickets.idempotency import KEPT, once
from shared.tickets.opening import Opened, TicketOpening
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.servers.storage_proxy import StorageProxy

BODY: dict[str, Any] = {
    "title": "A ticket",
    "task_type": "custom",
    "task_data": {"task_description": "Do it.", "number": 1.0},
}


async def post(intake: TicketOpening, owner: StoredUser, key: str, **changes: Any) -> Opened:
    body = BODY | changes
    return await intake.open_ticket(
        by(owner), validate_model(NewTicket, body), once(owner.id, key, body)
    )


async def stored(app: AppUnderTest, owner: StoredUser) -> int:
    return len([row async for row in app.table.query(owner.id, "ticket_", "ticket`")])


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ü", "a\n", "\x7f"])
def test_what_is_no_key_is_malformed(key: str) -> None:
    with pytest.raises(Malformed):
        once("0" * 16, key, {})


async def test_the_same_request_again_answers_the_same(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    first = await post(app.ticket_opening, owner, "k")
    reordered = dict(reversed(BODY["task_data"].items())) | {"number": 1}
    await app.ticket_service.edit(
        by(owner),
        first.ticket.id,
        validate_model(TicketChanges, {"title": "Changed"}),
        lambda _: None,
    )
    storage.reset()
    again = await post(app.another().ticket_opening, owner, "k", task_data=reordered)
    assert len(storage.calls) == 1
    assert (first.is_new, again.is_new) == (True, False)
    same = first.ticket.model_dump(mode="json")
    assert again.ticket.model_dump(mode="json") | {"task_data": same["task_data"]} == same
    assert again.ticket.version == first.ticket.version
    assert await stored(app, owner) == 1


async def test_another_request_with_the_key_is_refused(
    app: AppUnderTest, owner: StoredUser
) -> None:
    await post(app.ticket_opening, owner, "k")
    with pytest.raises(Invalid):
        await post(app.ticket_opening, owner, "k", title="Another")
    assert (await post(app.ticket_opening, owner, "k2", title="Another")).is_new
    assert await stored(app, owner) == 2


async def test_twenty_at_once_in_several_processes_make_one_ticket(
    app: AppUnderTest, owner: StoredUser
) -> None:
    intakes = [app.another().ticket_opening for _ in range(5)]
    done = await asyncio.gather(*(post(intakes[n % 5], owner, "k") for n in range(20)))
    assert len({one.ticket.id for one in done}) == 1
    assert sum(one.is_new for one in done) == 1
    assert await stored(app, owner) == 1
    pointers = [row.key async for row in app.table.query(EVERYBODY, "all_", "all`")]
    assert len(pointers) == 1, "what the losers listed is gone"


async def test_a_deleted_ticket_is_not_made_again(app: AppUnderTest, owner: StoredUser) -> None:
    first = await post(app.ticket_opening, owner, "k")
    await app.ticket_deletion.delete(by(owner), first.ticket.id)
    again = await post(app.ticket_opening, owner, "k")
    assert (again.ticket.id, again.is_new) == (first.ticket.id, False)
    assert await stored(app, owner) == 0


async def test_a_key_is_forgotten_after_its_day(app: AppUnderTest, owner: StoredUser) -> None:
    first = await post(app.ticket_opening, owner, "k")
    assert await app.idempotency_keys.expire() == 0
    app.clock.advance(KEPT.total_seconds())
    again = await post(app.ticket_opening, owner, "k")
    assert again.is_new
    assert again.ticket.id != first.ticket.id
    app.clock.advance(KEPT.total_seconds())
    assert await app.idempotency_keys.expire() == 2
    left = [row.key async for row in app.table.query(owner.id, "once_", "once`")]
    assert left == [row.key async for row in app.table.query(EVERYBODY, "key_", "key`")] == []
