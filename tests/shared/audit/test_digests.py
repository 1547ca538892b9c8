"""Digests of the audit trail: made by several hosts at once, at no cost while nothing changes, of
all that was written; what was written before there was a key is sealed, and keys can be changed."""

import asyncio
from itertools import count

import pytest
from starlette.responses import Response

from shared.audit.chain import Actor, Draft
from shared.audit.digests import Digest, Digests, Head, KnownHeads
from shared.audit.keys import AuditKeys
from shared.errors import Unavailable
from shared.models import (
    AuditAction,
    AuditQuery,
    NewTicket,
    StoredTicket,
    StoredUser,
    Verification,
    VerifyQuery,
    validate_model,
)
from shared.tickets.transaction import TicketChange
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import Call, StorageProxy

DAY = 24 * 3600
KEY, NEXT_KEY = "k" * 32, "n" * 32


@pytest.fixture
def keyed(app: AppUnderTest) -> AppUnderTest:
    """The app with a key, whose digests a test makes."""
    return app.another(AUDIT_KEY=KEY, AUDIT_DIGEST_SECONDS="3600")


async def open_ticket(app: AppUnderTest, owner: StoredUser | None = None) -> str:
    body = {"title": "T", "task_type": "custom", "task_data": {"task_description": "Do."}}
    made = await app.ticket_opening.open_ticket(
        by(owner or user()), validate_model(NewTicket, body)
    )
    return made.ticket.id


async def change(app: AppUnderTest, ticket: str) -> None:
    def decide(_: StoredTicket) -> TicketChange:
        draft = Draft(AuditAction.TICKET_UPDATED, Actor(), "A change.")
        return TicketChange({}, draft, moment=now())

    await app.tickets.change(ticket, decide)


async def verify(app: AppUnderTest, ticket: str) -> Verification:
    return await app.audit_verification.verify(VerifyQuery(ticket_id=ticket))


async def known_heads(app: AppUnderTest, ticket: str) -> list[int]:
    """The numbers of the events of a ticket that digests know."""
    newest = await app.audit_digests.newest()
    known = await app.audit_digests.find_heads(ticket, newest) if newest else KnownHeads()
    return [number for number, _ in known.heads]


async def test_what_changed_is_in_a_digest_some_seconds_later(app: AppUnderTest) -> None:
    keyed = app.another(AUDIT_KEY=KEY, AUDIT_DIGEST_SECONDS="0.05")
    ticket = await open_ticket(keyed)
    await change(keyed, ticket)
    while await known_heads(app.another(AUDIT_KEY=KEY), ticket) != [2]:
        await asyncio.sleep(0)


async def test_digests_cost_nothing_while_nothing_changes_and_events_no_call_more(
    app: AppUnderTest, storage: StorageProxy, keyed: AppUnderTest
) -> None:
    calls = []
    for one in (app, keyed):
        owner = user()
        await open_ticket(one, owner)
        storage.reset()
        ticket = await open_ticket(one, owner)
        await change(one, ticket)
        calls.append(len(storage.calls))
    assert calls[0] == calls[1]
    await keyed.audit_digesting.run()
    await change(keyed, ticket)
    storage.reset()
    await keyed.audit_digesting.run()
    assert len(storage.calls) == 3
    storage.reset()
    await keyed.audit_digesting.run()
    assert storage.calls == []


async def test_hosts_at_once_make_one_chain_of_digests(keyed: AppUnderTest) -> None:
    hosts = [keyed.another() for _ in range(4)]
    tickets = [await open_ticket(host) for host in hosts]
    await asyncio.gather(*(host.audit_digesting.run() for host in hosts))
    for ticket in tickets:
        assert set(await known_heads(keyed, ticket)) == {1}
        assert (await verify(keyed, ticket)).valid


async def test_what_a_digest_could_not_take_is_in_the_next(
    keyed: AppUnderTest, storage: StorageProxy
) -> None:
    async def refuse(call: Call) -> Response | None:
        return Response(status_code=403) if "/digests/" in call.path else None

    ticket = await open_ticket(keyed)
    storage.reset(before=refuse)
    with pytest.raises(Unavailable):
        await keyed.audit_digesting.run()
    storage.reset()
    assert await known_heads(keyed, ticket) == []
    await keyed.audit_digesting.run()
    assert await known_heads(keyed, ticket) == [1]


async def test_heads_of_a_host_that_was_killed_are_found_within_the_hour(
    keyed: AppUnderTest,
) -> None:
    owner = user()
    await open_ticket(keyed)
    await keyed.audit_digesting.run()
    lost = await open_ticket(keyed.another(), owner)
    keyed.clock.advance(3601)
    await open_ticket(keyed)
    await keyed.audit_digesting.run()
    assert await known_heads(keyed, lost) == [1]


async def test_what_was_written_without_a_key_is_sealed(app: AppUnderTest) -> None:
    old, continued = await open_ticket(app), await open_ticket(app)
    app.clock.advance(60)
    keyed = app.another(AUDIT_KEY=KEY, AUDIT_DIGEST_SECONDS="3600")
    await change(keyed, continued)
    await keyed.audit_digesting.run()
    sealed = await verify(keyed, old)
    assert sealed.valid
    assert sealed.sealed_until is not None
    assert abs((sealed.sealed_until - app.clock.now()).total_seconds()) < 30
    assert (await verify(keyed, continued)).sealed_until == sealed.sealed_until
    fresh = await open_ticket(keyed)
    assert (await verify(keyed, fresh)).sealed_until is None
    owner, _, rest = old.partition("-")
    await app.table.delete(owner, f"event_{rest}_000001")
    assert (await verify(keyed, old)).first_invalid == f"{old}.000001"


async def test_a_horizon_of_before_the_key_is_signed_where_retention_is_on(
    app: AppUnderTest,
) -> None:
    tickets = [await open_ticket(app), await open_ticket(app)]
    app.clock.advance(31 * DAY)
    assert await app.another(AUDIT_RETENTION_DAYS="30").retention.enforce() == 2
    for ticket in tickets:
        await change(app, ticket)
    keyed = app.another(AUDIT_KEY=KEY, AUDIT_DIGEST_SECONDS="3600", AUDIT_RETENTION_DAYS="30")
    for _ in range(2):
        await change(keyed, tickets[0])
        await keyed.audit_digesting.run()
        app.clock.advance(DAY)
    for ticket in tickets:
        found = await verify(keyed.another(AUDIT_RETENTION_DAYS="0"), ticket)
        assert (found.valid, found.first_invalid) == (True, None)


async def test_an_older_host_may_write_without_a_key_for_a_day(app: AppUnderTest) -> None:
    early = await open_ticket(app)
    keyed = app.another(AUDIT_KEY=KEY, AUDIT_DIGEST_SECONDS="3600")
    await change(keyed, early)
    await keyed.audit_digesting.run()
    await change(app, early)
    assert (await verify(keyed, early)).valid
    app.clock.advance(DAY)
    await open_ticket(keyed)
    await keyed.audit_digesting.run()
    assert (await verify(keyed, early)).valid
    await change(app, early)
    late = await open_ticket(app)
    assert (await verify(keyed, early)).first_invalid == f"{early}.000004"
    assert (await verify(keyed, late)).first_invalid == f"{late}.000001"
    page = await keyed.audit_trail.search(AuditQuery())
    verified = {event.id: event.verified for event in page.events}
    assert verified[f"{early}.000001"] is None
    assert verified[f"{early}.000002"] is True


async def test_a_key_can_be_changed(app: AppUnderTest, keyed: AppUnderTest) -> None:
    ticket = await open_ticket(keyed)
    await keyed.audit_digesting.run()
    both = app.another(AUDIT_KEY=NEXT_KEY, AUDIT_PREVIOUS_KEYS=KEY, AUDIT_DIGEST_SECONDS="3600")
    await change(both, ticket)
    await both.audit_digesting.run()
    assert (await verify(both, ticket)).valid
    assert await known_heads(both, ticket) == [1, 2]
    only_next = await verify(app.another(AUDIT_KEY=NEXT_KEY), ticket)
    assert only_next.valid is False
    assert "key" in (only_next.reason or "")


async def test_without_a_key_everything_is_said_to_be_unkeyed(app: AppUnderTest) -> None:
    ticket = await open_ticket(app)
    found = await verify(app, ticket)
    assert (found.valid, found.keyed, found.sealed_until) == (True, False, None)
    assert {one.verified for one in (await app.audit_trail.search(AuditQuery())).events} == {None}
    assert await app.audit_digests.newest() is None


@pytest.fixture
def digests(app: AppUnderTest) -> Digests:
    """Digests of which each three are merged."""
    return Digests(app.clients.digests, AuditKeys(KEY), fan_in=3)


async def test_heads_are_found_in_few_calls_also_of_many_digests(
    app: AppUnderTest, digests: Digests, storage: StorageProxy
) -> None:
    expected: dict[str, list[Head]] = {}
    numbers = count(1)

    async def make(_: Digest | None) -> Digest:
        number = next(numbers)
        chain, head = f"{number % 4:016x}", (number, f"hash {number}")
        expected.setdefault(chain, []).append(head)
        return Digest(made_at=now(), looked_until=now(), heads={chain: [head]})

    for _ in range(9 + 9 + 3 + 1):
        newest = await digests.append(make)
    for chain, heads in expected.items():
        storage.reset()
        known = await digests.find_heads(chain, newest)
        assert known.heads == heads
        assert len(storage.calls) == 4
    for level in (2, 1):  # As if a host had been killed before it merged them.
        for name in await app.clients.digests.names(f"merged/{level}/"):
            await app.clients.digests.delete(name)
    for chain, heads in expected.items():
        assert (await digests.find_heads(chain, newest)).heads == heads
