"""The realtime messages of a ticket: one stored for each number, none without one, none twice."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.accounts.audience import groups_of
from shared.audit.chain import Actor, Draft
from shared.errors import NotFound
from shared.models import (
    AuditAction,
    Message,
    NewTicket,
    Notice,
    Progress,
    Role,
    StoredTicket,
    StoredUser,
    Update,
    validate_model,
)
from shared.tickets.repository import Decide, Tickets
from shared.tickets.transaction import TicketChange
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy

BODY: dict[str, Any] = {
    "title": "A ticket",
    "task_type": "custom",
    "task_data": {"task_description": "Do it."},
}
UPDATES: TypeAdapter[list[Update]] = TypeAdapter(list[Update])


class Listener:
    """Hears what is announced."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    async def hear(self, ticket: StoredTicket, messages: Sequence[Message]) -> None:
        self.heard += messages


async def opened(app: AppUnderTest, owner: StoredUser) -> str:
    return (
        await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, BODY))
    ).ticket.id


def progressed(percent: int, seconds: float) -> Decide:
    """Progress at a moment after the ticket was opened."""

    def decide(ticket: StoredTicket) -> TicketChange:
        moment = ticket.created_at + timedelta(seconds=seconds)
        values = {"progress": Progress(stage="s", done=percent, total=100, percent=percent)}
        return TicketChange(values, None, (Notice.PROCESSING_STATUS,), moment=moment)

    return decide


async def test_what_is_announced_is_what_is_stored(app: AppUnderTest, owner: StoredUser) -> None:
    ticket_id = await opened(app, owner)
    listener = Listener()
    tickets = Tickets(app.table, listener.hear)
    for second in range(3):
        await tickets.change(ticket_id, progressed(second + 1, second))
    stored = await app.ticket_queries.updates(by(owner), ticket_id, 0)
    assert [message["seq"] for message in stored] == [1, 2, 3, 4]
    assert stored[0]["type"] == "ticket_update"
    assert "attachments" not in stored[0]["data"]
    assert stored[1:] == listener.heard == await app.ticket_queries.updates(by(owner), ticket_id, 1)
    UPDATES.validate_python(stored)


async def test_a_new_ticket_is_announced_although_the_answer_to_storing_it_was_lost(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket = await app.tickets.read(await opened(app, owner))
    listener = Listener()
    draft = Draft(AuditAction.TICKET_CREATED, Actor(), "Ticket created.")
    again = Tickets(app.table, listener.hear)
    await again.create(ticket.model_copy(update={"events": 0}), draft)
    assert listener.heard == await app.ticket_queries.updates(by(owner), ticket.id, 0)
    assert len(listener.heard) == 1


async def test_numbers_neither_skip_nor_repeat_however_many_write(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await opened(app, owner)
    listener = Listener()
    writers = [Tickets(app.table, listener.hear) for _ in range(6)]

    def renamed(title: str) -> Decide:
        return lambda ticket: TicketChange(
            {"title": title}, None, (Notice.TICKET_UPDATE,), moment=now()
        )

    await asyncio.gather(
        *(writer.change(ticket_id, renamed(f"{n}")) for n in range(4) for writer in writers)
    )
    stored = await app.tickets.updates(ticket_id, 0)
    assert [message["seq"] for message in stored] == [*range(1, 26)]
    assert sorted(message["seq"] for message in listener.heard) == [*range(2, 26)]


async def test_progress_that_comes_too_soon_gets_no_number(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await opened(app, owner)
    tickets = app.another().tickets
    for step in range(40):
        await tickets.change(ticket_id, progressed(step, step / 10))
    stored = await app.tickets.updates(ticket_id, 1)
    assert [message["seq"] for message in stored] == [*range(2, 10)], "8 in four seconds"
    assert [message["details"]["percent"] for message in stored] == [*range(0, 40, 5)]
    assert (await tickets.read(ticket_id)).progress.percent == 39, "what is not told is stored"


async def test_a_message_costs_no_storage_call_of_its_own(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    ticket_id = await opened(app, owner)
    tickets = app.another().tickets
    known = await tickets.read(ticket_id)
    storage.reset()
    await tickets.change(ticket_id, progressed(1, 1), known)
    assert len(storage.calls) == 1
    storage.reset()
    await app.ticket_queries.updates(by(owner), ticket_id, 0)
    assert len(storage.calls) == 2


async def test_only_readers_catch_up_and_nothing_is_left_of_a_deleted_ticket(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket_id = await opened(app, owner)
    with pytest.raises(NotFound):
        await app.ticket_queries.updates(by(user()), ticket_id, 0)
    await app.ticket_deletion.delete(by(owner), ticket_id)
    assert await app.tickets.updates(ticket_id, 0) == []


def test_groups_are_what_a_user_may_read() -> None:
    somebody = user()
    own = f"user-{somebody.id}"
    assert groups_of(somebody.model_copy(update={"department": "sales"})) == [own]
    manager = somebody.model_copy(update={"role": Role.MANAGER})
    assert groups_of(manager) == [own], "an empty department is nobody's"
    [_, sales] = groups_of(manager.model_copy(update={"department": "sales"}))
    [_, legal] = groups_of(manager.model_copy(update={"department": "legal 'x'"}))
    assert sales.startswith("department-")
    assert legal not in (sales, "department-legal 'x'")
    assert groups_of(somebody.model_copy(update={"role": Role.ADMIN})) == [own, "admins"]
