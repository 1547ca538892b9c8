"""Old audit events go, and what remains can still be verified."""

from functools import partial

from shared.audit.chain import Actor, Draft
from shared.audit.retention import Retention
from shared.models import (
    AuditAction,
    AuditQuery,
    NewTicket,
    StoredTicket,
    StoredUser,
    VerifyQuery,
    validate_model,
)
from shared.tickets.transaction import TicketChange
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import now

DAY = 24 * 3600


def retention(app: AppUnderTest, days: int = 30) -> Retention:
    return app.another(AUDIT_RETENTION_DAYS=str(days)).retention


async def opened(app: AppUnderTest, owner: StoredUser) -> str:
    body = {"title": "T", "task_type": "custom", "task_data": {"task_description": "Do."}}
    made = await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))
    return made.ticket.id


def changed(draft: Draft, _: StoredTicket) -> TicketChange:
    return TicketChange({}, draft, moment=now())


async def edited(app: AppUnderTest, ticket: str, times: int) -> None:
    for number in range(times):
        draft = Draft(AuditAction.TICKET_UPDATED, Actor(), f"Change {number}.")
        await app.tickets.change(ticket, partial(changed, draft))


async def test_events_stay_for_ever_without_a_limit(app: AppUnderTest) -> None:
    owner = user()
    ticket = await opened(app, owner)
    app.clock.advance(10_000 * DAY)
    assert await retention(app, days=0).enforce() == 0
    assert len(await app.tickets.events(ticket)) == 1


async def test_old_events_go_in_whole_beginnings_and_the_rest_is_valid(app: AppUnderTest) -> None:
    owner = user()
    ticket = await opened(app, owner)
    await edited(app, ticket, 60)
    trail = app.audit_trail
    retaining = app.another(AUDIT_RETENTION_DAYS="30")
    verification = retaining.audit_verification
    assert await retention(app).enforce() == 0
    app.clock.advance(31 * DAY)
    assert await retention(app).enforce() == 61
    assert await app.tickets.events(ticket) == []
    found = await trail.search(AuditQuery())
    assert found.events == []
    place = (app.table, owner.id, ticket.partition("-")[2])
    assert (await retaining.audit_horizons.find(*place, is_sealed=False)).events == 61

    await edited(app, ticket, 3)
    verified = await verification.verify(VerifyQuery(ticket_id=ticket))
    assert (verified.valid, verified.events) == (True, 3)


async def test_a_removed_event_shows_also_behind_the_horizon(app: AppUnderTest) -> None:
    owner = user()
    ticket = await opened(app, owner)
    app.clock.advance(31 * DAY)
    await retention(app).enforce()
    await edited(app, ticket, 2)
    rest = ticket.partition("-")[2]
    await app.table.delete(owner.id, f"event_{rest}_000002")
    verification = app.another(AUDIT_RETENTION_DAYS="30").audit_verification
    verified = await verification.verify(VerifyQuery(ticket_id=ticket))
    assert verified.first_invalid == f"{ticket}.000003"
