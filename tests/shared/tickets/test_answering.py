"""Answers to tickets that ask: what is lost between storing and telling is told again."""

from datetime import timedelta

import pytest

from shared.accounts.principal import Principal
from shared.errors import Conflict, TooLarge
from shared.models import NewTicket, StoredTicket, StoredUser, TicketAnswer
from shared.tasks.registry import TASK_TYPES
from shared.tickets.intents import Intent, Purpose
from shared.tickets.listing.index import listing_state_of
from shared.workflow.messages import StartInput
from tests.support.product.app import AppUnderTest
from tests.support.product.clock import now
from tests.support.product.heard_workflows import HeardWorkflows
from tests.support.product.workflow import order_of


@pytest.fixture
async def asking(
    app: AppUnderTest, owner: StoredUser, monkeypatch: pytest.MonkeyPatch
) -> StartInput:
    """A ticket that asks."""
    monkeypatch.setitem(TASK_TYPES, "route", "tests.support.tasks.asking")
    new = NewTicket(title="T", task_type="route", task_data={"destination": "Oslo"})
    order = order_of((await app.ticket_opening.open_ticket(Principal(owner), new)).ticket)
    planned = await app.activities.plan(order)
    assert planned["kind"] == "asks"
    assert planned["event"] == "answer_plan_0"
    return order


async def answer(
    app: AppUnderTest, order: StartInput, owner: StoredUser, given: str, workflow: HeardWorkflows
) -> StoredTicket:
    principal, reply = Principal(owner), TicketAnswer(answer=given)
    return await app.ticket_answering.answer(principal, order["ticket_id"], reply, workflow)


async def test_asking_twice_is_asking_once(
    app: AppUnderTest, asking: StartInput, owner: StoredUser
) -> None:
    first = await app.activities.plan(asking)
    assert first == await app.another().activities.plan(asking)
    await answer(app, asking, owner, "by sea", HeardWorkflows())
    assert (await app.another().activities.plan(asking))["kind"] == "round"


async def test_an_answer_that_was_not_told_is_told_by_the_sweeper(
    app: AppUnderTest, asking: StartInput, owner: StoredUser
) -> None:
    deaf, heard = HeardWorkflows(hears=False), HeardWorkflows()
    ticket = await answer(app, asking, owner, "by sea", deaf)
    assert await app.intents.find(ticket.id, Purpose.ANSWER)
    old = now() - timedelta(minutes=5)
    await app.intents.add(Intent(Purpose.ANSWER, listing_state_of(ticket), old))

    await app.sweeper.sweep(heard)

    assert [told.id for told in heard.answered] == [ticket.id]
    assert await app.intents.find(ticket.id, Purpose.ANSWER) is None


async def test_an_intent_without_an_answer_goes(
    app: AppUnderTest, asking: StartInput, owner: StoredUser
) -> None:
    ticket = await app.tickets.read(asking["ticket_id"])
    old = now() - timedelta(minutes=5)
    await app.intents.add(Intent(Purpose.ANSWER, listing_state_of(ticket), old))
    heard = HeardWorkflows()
    await app.sweeper.sweep(heard)
    assert heard.answered == []
    assert await app.intents.find(ticket.id, Purpose.ANSWER) is None


async def test_the_same_answer_again_changes_nothing(
    app: AppUnderTest, asking: StartInput, owner: StoredUser
) -> None:
    workflow = HeardWorkflows()
    first = await answer(app, asking, owner, "by sea", workflow)
    again = await answer(app, asking, owner, "by sea", workflow)
    assert (again.events, again.etag) == (first.events, first.etag)
    with pytest.raises(Conflict):
        await answer(app, asking, owner, "by land", workflow)


async def test_an_endless_answer_is_refused(
    app: AppUnderTest, asking: StartInput, owner: StoredUser
) -> None:
    principal, ticket_id = Principal(owner), asking["ticket_id"]
    await answer(app, asking, owner, "by sea", HeardWorkflows())
    planned = await app.activities.plan(asking)
    assert planned["kind"] == "round"
    for index, item in enumerate(planned["items"]):
        await app.activities.work(asking, planned["facts"], index, item)
    assert (await app.activities.combine(asking, planned["facts"]))["kind"] == "asks"
    endless = TicketAnswer(answer={"stops": ["x" * 40_000]})
    with pytest.raises(TooLarge):
        await app.ticket_answering.answer(principal, ticket_id, endless, HeardWorkflows())
