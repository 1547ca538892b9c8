"""Tickets over real tables: one transaction a change, a whole chain, exact counts, nothing lost."""

import asyncio
from typing import Any

import pytest

from shared.audit.chain import Actor, Draft
from shared.clients.tables import Table
from shared.errors import NotFound
from shared.models import (
    AuditAction,
    NewTicket,
    Notice,
    Status,
    StoredTicket,
    StoredUser,
    validate_model,
)
from shared.tickets.repository import Decide, Tickets
from shared.tickets.transaction import TicketChange
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.product.chains import first_invalid
from tests.support.product.clock import now

BODY: dict[str, Any] = {
    "title": "A ticket",
    "task_type": "custom",
    "task_data": {"task_description": "Do it. Grüße \U0001f600", "extra": [1, None]},
}
ACTOR = Actor("u", "192.0.2.1", "agent/1.0")


async def opened(app: AppUnderTest, owner: StoredUser) -> StoredTicket:
    return (await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, BODY))).ticket


def to_status(status: Status) -> Decide:
    def decide(ticket: StoredTicket) -> TicketChange | None:
        if ticket.status is status:
            return None
        draft = Draft(AuditAction.TICKET_STARTED, Actor(), f"Now {status}.")
        return TicketChange({"status": status}, draft, (Notice.TICKET_UPDATE,), moment=now())

    return decide


async def counts(table: Table, owner: str) -> dict[str, int]:
    """The sum over all shards, without zeros."""
    total: dict[str, int] = {}
    async for row in table.query(owner, "counter_", "counter`"):
        for name, value in row.values.items():
            if "__" in name:
                total[name] = total.get(name, 0) + value
    return {name: value for name, value in total.items() if value}


async def test_a_ticket_reads_back_as_it_was_created(app: AppUnderTest, owner: StoredUser) -> None:
    ticket = await opened(app, owner)
    assert await app.tickets.read(ticket.id) == ticket
    assert ticket.task_data == BODY["task_data"]
    assert (ticket.status, ticket.attempt, ticket.created_by) == (Status.PENDING, 1, owner.id)


@pytest.mark.parametrize("ticket_id", ["", "x", "../..", "0" * 16 + "-" + "0" * 22, "a" * 2000])
async def test_no_other_id_is_a_ticket(app: AppUnderTest, ticket_id: str) -> None:
    with pytest.raises(NotFound):
        await app.tickets.read(ticket_id)


async def test_newer_tickets_come_first(app: AppUnderTest, owner: StoredUser) -> None:
    made = [(await opened(app, owner)).id for _ in range(4)]
    keys = [row.key async for row in app.table.query(owner.id, "ticket_", "ticket`")]
    assert keys == [f"ticket_{ticket_id[17:]}" for ticket_id in reversed(made)]


async def test_creating_again_what_was_stored_changes_nothing(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket = await opened(app, owner)
    draft = Draft(AuditAction.TICKET_CREATED, ACTOR, "Ticket created.")
    again = await app.tickets.create(ticket.model_copy(update={"events": 0}), draft)
    assert again == ticket
    assert len(await app.tickets.events(ticket.id)) == 1
    assert await counts(app.table, owner.id) == {"pending__custom": 1}


async def test_each_change_adds_to_one_chain(app: AppUnderTest, owner: StoredUser) -> None:
    ticket = await opened(app, owner)
    for status in (Status.PROCESSING, Status.FAILED):
        ticket = await app.tickets.change(ticket.id, to_status(status))

    events = await app.tickets.events(ticket.id)

    assert [event.description for event in events] == [
        "Ticket created.",
        "Now processing.",
        "Now failed.",
    ]
    assert first_invalid(events) is None
    assert (ticket.events, ticket.last_hash, ticket.seq) == (3, events[-1].hash, 3)
    assert (events[0].ip_address, events[0].user_agent) == ("192.0.2.1", "test")


async def test_what_is_altered_in_a_chain_shows(app: AppUnderTest, owner: StoredUser) -> None:
    ticket = await opened(app, owner)
    for status in (Status.PROCESSING, Status.FAILED):
        await app.tickets.change(ticket.id, to_status(status))
    first, second, third = await app.tickets.events(ticket.id)

    altered = second.model_copy(update={"description": "Nothing happened."})
    assert first_invalid([first, altered, third]) == second.id
    assert first_invalid([first, third]) == third.id
    assert first_invalid([second, third]) == second.id
    rehashed = altered.model_copy(update={"hash": "0" * 64})
    assert first_invalid([first, rehashed, third]) == second.id


async def test_no_update_is_lost_among_processes(app: AppUnderTest, owner: StoredUser) -> None:
    ticket = await opened(app, owner)

    async def add_tokens(process: Tickets) -> None:
        for _ in range(10):
            await process.change(
                ticket.id,
                lambda seen: TicketChange({"tokens_used": seen.tokens_used + 1}, moment=now()),
            )

    await asyncio.gather(*(add_tokens(app.another().tickets) for _ in range(4)))
    assert (await app.tickets.read(ticket.id)).tokens_used == 40


async def test_counts_stay_exact_among_processes(app: AppUnderTest, owner: StoredUser) -> None:
    tickets = await asyncio.gather(*(opened(app, owner) for _ in range(12)))

    async def end(process: Tickets, mine: list[StoredTicket]) -> None:
        for ticket in mine:
            await process.change(ticket.id, to_status(Status.PROCESSING))
            await process.change(ticket.id, to_status(Status.COMPLETED))

    processes = [app.another().tickets for _ in range(20)]  # more than there are shards
    await asyncio.gather(*(end(each, tickets[:8]) for each in processes))

    expected = {"pending__custom": 4, "completed__custom": 8}
    assert await counts(app.table, owner.id) == expected


async def test_a_change_that_was_made_already_is_not_made_again(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket = await opened(app, owner)
    changed = await asyncio.gather(
        *(app.another().tickets.change(ticket.id, to_status(Status.PROCESSING)) for _ in range(6))
    )
    assert {each.version for each in changed} == {changed[0].version}
    assert len(await app.tickets.events(ticket.id)) == 2


async def test_values_can_be_cleared(app: AppUnderTest, owner: StoredUser) -> None:
    ticket = await opened(app, owner)
    moment = now()
    for error in ("bad", None):
        values = {"error_message": error, "completed_at": moment if error else None}
        change = TicketChange(values, moment=moment)
        await app.tickets.change(ticket.id, lambda _, change=change: change)  # type: ignore[misc]
        read = await app.tickets.read(ticket.id)
        assert (read.error_message, read.completed_at) == (error, values["completed_at"])
