"""Whoever owns the storage account changes the audit trail, and verification names the first event
that does not hold. The attacker knows all code, writes straight to the tables, and has no key."""

from collections.abc import AsyncIterator
from functools import partial
from hashlib import sha256
from typing import Any

import pytest

from shared.audit.activity_hours import Activity
from shared.audit.chain import Actor, Draft
from shared.audit.keys import SignedKind
from shared.audit.rows import as_ticket_event, as_user_event, ticket_event_writes
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import NotFound
from shared.models import (
    AuditAction,
    AuditEvent,
    AuditQuery,
    EntityType,
    NewTicket,
    StoredTicket,
    StoredUser,
    Verification,
    VerifyQuery,
    validate_model,
)
from shared.storage.columns import log_key
from shared.storage.keys import USERS
from shared.text.strict_json import canonical
from shared.tickets.transaction import TicketChange
from tests.support.product.accounts import HERE, AccountsUnderTest, by
from tests.support.product.app import BOSS, AppUnderTest, make_app, user
from tests.support.product.clock import now
from tests.support.servers.model import model_server

KEY = "of the vault and never in storage"
DAY = 24 * 3600
MALLORY = "0123456789abcdef"


@pytest.fixture
async def app(storage: str) -> AsyncIterator[AppUnderTest]:
    """The product with a key, over tables and containers that do not exist yet."""
    with model_server() as model:
        async with make_app(storage, model) as made:
            yield made.another(AUDIT_KEY=KEY)


@pytest.fixture
def owner() -> StoredUser:
    return user()


async def open_ticket(app: AppUnderTest, owner: StoredUser, changes: int = 3) -> str:
    """A ticket with one event more than it was changed."""
    body = {"title": "T", "task_type": "custom", "task_data": {"task_description": "Do."}}
    made = await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))
    await change(app, made.ticket.id, changes)
    return made.ticket.id


async def change(app: AppUnderTest, ticket: str, times: int) -> None:
    def decide(draft: Draft, _: StoredTicket) -> TicketChange:
        return TicketChange({}, draft, moment=now())

    for number in range(times):
        draft = Draft(AuditAction.TICKET_UPDATED, Actor("f" * 16), f"Change {number}.")
        await app.tickets.change(ticket, partial(decide, draft))


async def verify(app: AppUnderTest, ticket: str) -> Verification:
    """As a host does that has written nothing of it."""
    return await app.another().audit_verification.verify(VerifyQuery(ticket_id=ticket))


async def verify_user(app: AppUnderTest, user_id: str) -> Verification:
    return await app.another().audit_verification.verify(VerifyQuery(user_id=user_id))


async def first_invalid(app: AppUnderTest, ticket: str) -> int:
    """The number of the first event that does not hold, 0 where all do."""
    found = await verify(app, ticket)
    assert found.valid == (found.first_invalid is None)
    return 0 if found.valid else int((found.first_invalid or "").removeprefix(f"{ticket}."))


class Attacker:
    """Somebody who may write to the tables, and knows how a chain is made without a key."""

    def __init__(self, app: AppUnderTest, ticket: str) -> None:
        self.table = app.table
        self.ticket = ticket
        self.owner, _, self.rest = ticket.partition("-")

    async def rows(self) -> list[Row]:
        first = f"event_{self.rest}_"
        return [row async for row in self.table.query(self.owner, first, f"event_{self.rest}`")]

    async def events(self) -> list[AuditEvent]:
        return [as_ticket_event(row, self.ticket) for row in await self.rows()]

    async def merge(self, key: str, **values: Any) -> None:
        row = {"PartitionKey": self.owner, "RowKey": key}
        await self.table.write([Write(Verb.MERGE, row | values)])

    async def set_end(self, events: int, last_hash: str) -> None:
        await self.merge(f"ticket_{self.rest}", events=events, last_hash=last_hash)

    async def remove(self, event: AuditEvent) -> None:
        """From its place in the chain and from that in time."""
        await self.table.delete(self.owner, f"event_{self.rest}_{event.id[-6:]}")
        await self.table.delete(self.owner, f"{log_key(event.timestamp)}{event.id}")

    async def replace(self, event: AuditEvent) -> None:
        """In both places."""
        for write in ticket_event_writes([event], self.owner, self.rest):
            await self.table.write([Write(Verb.REPLACE, write.values)])

    async def cut_tail(self) -> None:
        """The third event and the fourth, as if the second were the last."""
        _, kept, *tail = await self.events()
        for event in tail:
            await self.remove(event)
        await self.set_end(2, kept.hash)

    async def rewrite(self, **values: Any) -> None:
        """The whole chain with other values, and whole again as far as can be seen without a
        key."""
        previous, events = "", await self.events()
        for event in events:
            changed = event.model_copy(update={**values, "previous_hash": previous, "hash": ""})
            event_hash = sha256(
                canonical(changed.model_dump(mode="json", exclude={"hash"}))
            ).hexdigest()
            await self.remove(event)
            await self.replace(changed.model_copy(update={"hash": event_hash}))
            previous = event_hash
        await self.set_end(len(events), previous)

    async def forge_horizon(self, events: int, last_hash: str, **more: str) -> None:
        row = {"PartitionKey": self.owner, "RowKey": f"horizon_{self.rest}"}
        values = {"events": events, "hash": last_hash, **more}
        await self.table.write([Write(Verb.REPLACE, row | values)])


async def attack(app: AppUnderTest, owner: StoredUser) -> Attacker:
    """Of a ticket with four events that are in a digest."""
    ticket = await open_ticket(app, owner)
    await app.audit_digesting.run()
    assert await first_invalid(app, ticket) == 0
    return Attacker(app, ticket)


async def search(app: AppUnderTest, **filters: Any) -> dict[str, bool | None]:
    page = await app.another().audit_trail.search(AuditQuery(**filters))
    return {event.id: event.verified for event in page.events}


async def test_a_tail_that_is_cut_with_the_last_hash_set(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)
    await attacker.cut_tail()
    assert await first_invalid(app, attacker.ticket) == 3


async def test_a_tail_that_is_cut_and_written_anew_by_the_app(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)
    await attacker.cut_tail()
    await change(app, attacker.ticket, 5)
    await app.audit_digesting.run()
    assert await first_invalid(app, attacker.ticket) == 4


async def test_a_whole_chain_computed_anew_with_another_actor(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)
    await attacker.rewrite(user_id=MALLORY)
    assert await first_invalid(app, attacker.ticket) == 1
    assert await search(app, entity_type=EntityType.TICKET, entity_id=attacker.ticket) == {
        f"{attacker.ticket}.{number:06d}": False for number in (4, 3, 2, 1)
    }


async def test_one_event_that_is_edited(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    second = (await attacker.events())[1]
    await attacker.replace(second.model_copy(update={"description": "Nothing happened."}))
    assert await first_invalid(app, attacker.ticket) == 2


async def test_an_event_that_cannot_be_read_any_more(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    await attacker.merge(f"event_{attacker.rest}_000003", action="never heard of")
    assert await first_invalid(app, attacker.ticket) == 3


async def test_a_row_among_the_events_that_is_none(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    last = (await attacker.rows())[-1].values
    await app.table.write(
        [Write(Verb.INSERT, {**last, "RowKey": f"event_{attacker.rest}_000004b"})]
    )
    assert await first_invalid(app, attacker.ticket) == 5


async def test_two_events_that_are_swapped(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    _, second, third, _ = await attacker.events()
    await attacker.remove(second)
    await attacker.remove(third)
    await attacker.replace(third.model_copy(update={"id": second.id}))
    await attacker.replace(second.model_copy(update={"id": third.id}))
    assert await first_invalid(app, attacker.ticket) == 2


async def test_a_forged_horizon(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    first, second, *_ = await attacker.events()
    for event in (first, second):
        await attacker.remove(event)
    for signature in ({}, {"signature": "0" * 64}, {"signature": "00000000." + "0" * 64}):
        await attacker.forge_horizon(2, second.hash, **signature)
        assert await first_invalid(app, attacker.ticket) == 3
        keeping = app.another(AUDIT_RETENTION_DAYS="30")
        assert await first_invalid(keeping, attacker.ticket) == 3


async def test_a_horizon_over_everything(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    events = await attacker.events()
    for event in events:
        await attacker.remove(event)
    await attacker.forge_horizon(4, events[-1].hash)
    assert await first_invalid(app, attacker.ticket) == 1


async def test_a_horizon_of_another_ticket(app: AppUnderTest, owner: StoredUser) -> None:
    ours = await open_ticket(app, owner)
    app.clock.advance(31 * DAY)
    retaining = app.another(AUDIT_RETENTION_DAYS="30")
    assert await retaining.retention.enforce() == 4
    attacker = await attack(app, owner)
    other = Attacker(app, ours)
    real = await app.table.read(other.owner, f"horizon_{other.rest}")
    assert real is not None
    assert await first_invalid(app, ours) == 0
    for event in await attacker.events():
        await attacker.remove(event)
    values = {name: real.values[name] for name in ("events", "hash", "signature")}
    await attacker.forge_horizon(values["events"], values["hash"], signature=values["signature"])
    assert await first_invalid(retaining, attacker.ticket) == 1


async def test_a_copy_by_time_that_is_edited(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    third = (await attacker.events())[2]
    await attacker.merge(f"{log_key(third.timestamp)}{third.id}", user_id=MALLORY)
    assert await first_invalid(app, attacker.ticket) == 3
    assert await search(app) == {
        f"{attacker.ticket}.{number:06d}": number != 3 for number in (4, 3, 2, 1)
    }


async def test_a_copy_by_time_that_is_removed_or_put_at_another_time(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)
    second = (await attacker.events())[1]
    key = f"{log_key(second.timestamp)}{second.id}"
    real = await app.table.read(attacker.owner, key)
    assert real is not None
    await app.table.delete(attacker.owner, key)
    assert await first_invalid(app, attacker.ticket) == 2
    later = f"{log_key(now())}{second.id}"
    await app.table.write([Write(Verb.INSERT, {**real.values, "RowKey": later})])
    assert await first_invalid(app, attacker.ticket) == 2
    assert (await search(app))[second.id] is False


async def test_rows_that_are_no_events_hide_nothing_else(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)
    third = (await attacker.events())[2]
    await attacker.merge(f"{log_key(third.timestamp)}{third.id}", timestamp="never")
    await attacker.merge(f"event_{attacker.rest}_000002", new_values="{")
    assert set(await search(app)) == {f"{attacker.ticket}.{number:06d}" for number in (4, 2, 1)}
    shown = await app.ticket_queries.events(by(owner), attacker.ticket)
    assert [int(event.id[-6:]) for event in shown] == [1, 3, 4]
    assert await first_invalid(app, attacker.ticket) == 2


async def trail_of(table: Table, user_id: str) -> list[AuditEvent]:
    rows = table.query(USERS, f"event_{user_id}_", f"event_{user_id}`")
    return [as_user_event(row) async for row in rows]


async def test_a_users_chain_that_is_edited_or_cut(app: AppUnderTest) -> None:
    accounts = AccountsUnderTest(app)
    boss = await accounts.boss()
    for _ in range(3):
        await accounts.login(BOSS)
    await app.audit_digesting.run()
    found = await verify_user(app, boss.id)
    assert (found.valid, found.user_id, found.ticket_id) == (True, boss.id, None)

    events = await trail_of(accounts.table, boss.id)
    key = {"PartitionKey": USERS, "RowKey": f"event_{boss.id}_000002"}
    for address, first in (("198.51.100.9", 2), (HERE.ip_address, None)):
        await accounts.table.write([Write(Verb.MERGE, {**key, "ip_address": address})])
        found = await verify_user(app, boss.id)
        assert found.first_invalid == (first and events[1].id)

    last, kept = events[-1], events[-2]
    await accounts.table.delete(USERS, f"event_{boss.id}_{last.id[-6:]}")
    await accounts.table.delete(USERS, f"{log_key(last.timestamp)}{last.id}")
    end = {"events": len(events) - 1, "last_hash": kept.hash}
    row = {"PartitionKey": USERS, "RowKey": f"user_{boss.id}"}
    await accounts.table.write([Write(Verb.MERGE, row | end)])
    assert (await verify_user(app, boss.id)).first_invalid == last.id


async def test_a_failure_to_sign_in_of_nobody_that_is_removed(app: AppUnderTest) -> None:
    accounts = AccountsUnderTest(app)
    with pytest.raises(Exception, match="wrong"):
        await accounts.login("nobody")
    await app.audit_digesting.run()
    [event] = [one for one in await accounts.trail.newest() if one.user_id is None][:1]
    chain = event.id.partition(".")[0]
    assert (await verify_user(app, chain)).valid
    await accounts.table.delete(USERS, f"event_{chain}_000001")
    await accounts.table.delete(USERS, f"{log_key(event.timestamp)}{event.id}")
    assert (await verify_user(app, chain)).first_invalid == event.id


async def test_every_event_of_a_deleted_ticket_that_is_removed(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)

    def end(_: StoredTicket) -> Draft:
        return Draft(AuditAction.TICKET_DELETED, Actor(), "Ticket deleted")

    await app.tickets.delete(attacker.ticket, end, now())
    await app.audit_digesting.run()
    assert await first_invalid(app, attacker.ticket) == 0
    for event in await attacker.events():
        await attacker.remove(event)
    assert await first_invalid(app, attacker.ticket) == 1
    with pytest.raises(NotFound):
        await verify(app, attacker.ticket[:-4] + "0000")


async def test_retention_signs_no_horizon_for_what_somebody_put_there(
    app: AppUnderTest, owner: StoredUser
) -> None:
    """Events dated back, so that they are removed early, and a horizon that is to be moved on."""
    retaining = app.another(AUDIT_RETENTION_DAYS="30")
    dated, moved = await attack(app, owner), await attack(app, owner)
    await dated.rewrite(timestamp=now().replace(year=2020))
    first, *_ = await moved.events()
    await moved.remove(first)
    await moved.forge_horizon(1, first.hash)
    with Activity(app.table).mark(owner.id, await dated.events()) as marks:
        await app.table.write(marks)
    for days in (0, 31):
        app.clock.advance(days * DAY)
        assert await retaining.retention.enforce() == 0
    assert await first_invalid(retaining, dated.ticket) == 1
    assert await first_invalid(retaining, moved.ticket) == 2


async def test_digests_that_somebody_without_the_key_writes(
    app: AppUnderTest, owner: StoredUser
) -> None:
    attacker = await attack(app, owner)
    newest = await app.audit_digests.newest()
    assert newest is not None
    forged = newest.model_copy(update={"number": newest.number + 1, "heads": {}})
    content = canonical(["Digest", forged.model_dump(mode="json", exclude={"signature"})])
    for signature in (sha256(content).hexdigest(), newest.signature):
        name = f"digests/{16**10 - 1 - forged.number:010x}.json"
        content_of_blob = forged.model_dump(mode="json") | {"signature": signature}
        await app.clients.digests.write_json(name, content_of_blob)
        found = await verify(app, attacker.ticket)
        assert (found.valid, found.first_invalid) == (False, None)
        assert found.reason == "The digest 3 is not signed with a key that is known here."


async def test_a_digest_that_is_missing(app: AppUnderTest, owner: StoredUser) -> None:
    attacker = await attack(app, owner)
    await app.clients.digests.delete(f"digests/{16**10 - 2:010x}.json")
    found = await verify(app, attacker.ticket)
    assert (found.valid, found.reason) == (False, "The digest 1 is missing or cannot be read.")


def test_a_signature_for_one_thing_counts_for_no_other(app: AppUnderTest) -> None:
    keys = app.audit_keys
    signature = keys.sign(SignedKind.EVENT, b"content")
    assert keys.check(SignedKind.EVENT, b"content", signature)
    assert not keys.check(SignedKind.HORIZON, b"content", signature)
