"""Old audit events go, and what remains can still be verified."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

import shared.audit.retention
from shared.audit.chain import Actor, Draft
from shared.audit.horizon import horizon_of
from shared.audit.retention import Retention
from shared.audit.trail import AuditTrail
from shared.models import AuditAction, AuditQuery, NewTicket, StoredTicket, StoredUser, validated
from shared.tickets.transaction import TicketChange
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets retention believe that it is some days later."""

    def later(days: float) -> None:
        moment = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(shared.audit.retention, "now", lambda: moment)

    return later


async def opened(app: AppUnderTest, owner: StoredUser) -> str:
    body = {"title": "T", "task_type": "custom", "task_data": {"task_description": "Do."}}
    made = await app.ticket_opening.open_ticket(by(owner), validated(NewTicket, body))
    return made.ticket.id


def changed(draft: Draft, _: StoredTicket) -> TicketChange:
    return TicketChange({}, draft)


async def edited(app: AppUnderTest, ticket: str, times: int) -> None:
    for number in range(times):
        draft = Draft(AuditAction.TICKET_UPDATED, Actor(), f"Change {number}.")
        await app.tickets.change(ticket, partial(changed, draft))


async def test_events_stay_for_ever_without_a_limit(app: AppUnderTest, at: Any) -> None:
    owner = user()
    ticket = await opened(app, owner)
    at(10_000)
    assert await Retention(app.table, app.table, 0).enforce() == 0
    assert len(await app.tickets.events(ticket)) == 1


async def test_old_events_go_in_whole_beginnings_and_the_rest_is_valid(
    app: AppUnderTest, at: Any
) -> None:
    owner = user()
    ticket = await opened(app, owner)
    await edited(app, ticket, 60)
    trail = AuditTrail(app.tickets, app.table, app.table)
    retention = Retention(app.table, app.table, 30)
    assert await retention.enforce() == 0
    at(31)
    assert await retention.enforce() == 61
    assert await app.tickets.events(ticket) == []
    found = await trail.search(AuditQuery())
    assert found.events == []
    assert (await horizon_of(app.table, owner.id, ticket.partition("-")[2])).events == 61

    await edited(app, ticket, 3)
    verified = await trail.verify(ticket)
    assert (verified.valid, verified.events) == (True, 3)


async def test_a_removed_event_shows_also_behind_the_horizon(app: AppUnderTest, at: Any) -> None:
    owner = user()
    ticket = await opened(app, owner)
    at(31)
    await Retention(app.table, app.table, 30).enforce()
    await edited(app, ticket, 2)
    rest = ticket.partition("-")[2]
    await app.table.delete(owner.id, f"event_{rest}_000002")
    verified = await AuditTrail(app.tickets, app.table, app.table).verify(ticket)
    assert verified.first_invalid == f"{ticket}.000003"
