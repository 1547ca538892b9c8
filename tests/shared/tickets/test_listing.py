"""Lists over real tables: what each caller sees, what is counted, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Malformed
from shared.models import (
    NewTicket,
    Priority,
    Role,
    Status,
    StoredTicket,
    StoredUser,
    TicketPage,
    TicketsQuery,
    validate_model,
)
from shared.storage.keys import EVERYBODY
from shared.tickets.transaction import TicketChange
from tests.benchmarks.storage import fill
from tests.support.product.accounts import AccountsUnderTest, by
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy


async def opened(app: AppUnderTest, owner: StoredUser, **changes: Any) -> StoredTicket:
    body = {"title": "A ticket", "task_type": "custom", "task_data": {"task_description": "Do."}}
    return (
        await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body | changes))
    ).ticket


async def moved(app: AppUnderTest, ticket: StoredTicket, status: Status) -> None:
    await app.tickets.change(ticket.id, lambda _: TicketChange({"status": status}, moment=now()))


async def listed(app: AppUnderTest, caller: StoredUser, **query: Any) -> TicketPage:
    return await app.ticket_list.page(by(caller), TicketsQuery(**query))


def ids(page: TicketPage) -> list[str]:
    return [ticket.id for ticket in page.tickets]


async def test_newest_first_in_pages_and_by_cursor(app: AppUnderTest, owner: StoredUser) -> None:
    made = [(await opened(app, owner)).id for _ in range(7)][::-1]
    await opened(app, user())

    first = await listed(app, owner, per_page=3)
    assert (first.total, first.page, first.per_page, first.pages) == (7, 1, 3, 3)
    assert ids(first) == made[:3]
    assert ids(await listed(app, owner, per_page=3, page=2)) == made[3:6]
    assert ids(await listed(app, owner, per_page=3, page=3)) == made[6:]
    assert ids(await listed(app, owner, per_page=3, page=4)) == []

    found, cursor = ids(first), first.next_cursor
    while cursor:
        page = await listed(app, owner, per_page=3, cursor=cursor, page=9)
        found, cursor = found + ids(page), page.next_cursor
    assert found == made


async def test_a_cursor_goes_on_where_it_was_although_newer_tickets_come(
    app: AppUnderTest, owner: StoredUser
) -> None:
    made = [(await opened(app, owner)).id for _ in range(4)][::-1]
    first = await listed(app, owner, per_page=2)
    await opened(app, owner)
    assert ids(await listed(app, owner, per_page=2, cursor=first.next_cursor)) == made[2:]


@pytest.mark.parametrize(
    "cursor", ["x", "....", "A" * 14, "AAAAAAAAAAAAAAAB", "ü", "A" * 9000, "="]
)
async def test_a_bad_cursor_is_malformed(app: AppUnderTest, owner: StoredUser, cursor: str) -> None:
    with pytest.raises(Malformed):
        await listed(app, owner, cursor=cursor)


async def test_filters_by_status_and_their_totals_follow_each_change(
    app: AppUnderTest, owner: StoredUser
) -> None:
    first, second, third = [await opened(app, owner) for _ in range(3)]
    await moved(app, first, Status.PROCESSING)
    await moved(app, second, Status.PROCESSING)
    await moved(app, second, Status.FAILED)

    for caller in (owner, user(Role.ADMIN)):
        for status, wanted in (("pending", third), ("processing", first), ("failed", second)):
            page = await listed(app, caller, status=status)
            assert (ids(page), page.total) == ([wanted.id], 1)
            assert page.tickets[0].status == status
        assert (await listed(app, caller, status="completed")).total == 0
        assert (await listed(app, caller)).total == 3
        assert (await listed(app, caller, task_type="custom")).total == 3
        assert (await listed(app, caller, task_type="doc_analysis")).total == 0


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
async def test_other_filters(app: AppUnderTest, owner: StoredUser, role: Role) -> None:
    caller = owner if role is Role.USER else user(role)
    a = await opened(app, owner, title="Alpha ÄPFEL", priority="high")
    b = await opened(app, owner, description="und äpfel, beta")
    c = await opened(app, owner, title="Gamma", priority="high")

    async def found(**query: Any) -> list[str]:
        page = await listed(app, caller, **query)
        assert page.total == len(page.tickets)
        return ids(page)

    assert await found(q="äPFEL") == [b.id, a.id]
    assert await found(q="zeta") == []
    assert await found(priority=Priority.HIGH) == [c.id, a.id]
    assert await found(priority=Priority.HIGH, q="gam") == [c.id]
    assert await found(created_after=b.created_at) == [c.id, b.id]
    assert await found(created_before=b.created_at) == [a.id]
    assert await found(created_after=b.created_at, created_before=c.created_at) == [b.id]
    assert await found(created_before=a.created_at - timedelta(days=40_000)) == []
    assert await found(created_by=owner.id) == [c.id, b.id, a.id]
    assert await found(created_by="nobody'; or 1 eq 1") == []
    assert await found(assigned_to=owner.id) == []


async def test_a_search_goes_on_over_pages(app: AppUnderTest, owner: StoredUser) -> None:
    wanted = []
    for number in range(9):
        ticket = await opened(app, owner, title="needle" if number % 2 else "hay")
        wanted += [ticket.id] * (number % 2)
    for caller in (owner, user(Role.ADMIN)):
        page = await listed(app, caller, q="NEEDLE", per_page=3)
        assert (ids(page), page.total, page.pages) == (wanted[::-1][:3], 4, 2)
        for more in ({"cursor": page.next_cursor}, {"page": 2}):
            again = await listed(app, caller, q="NEEDLE", per_page=3, **more)
            assert ids(again) == wanted[::-1][3:]


async def test_an_assignee_sees_own_and_assigned_tickets(
    app: AppUnderTest, accounts: AccountsUnderTest, owner: StoredUser
) -> None:
    ben = await accounts.hire("ben")
    own = await opened(app, ben)
    theirs = await opened(app, owner, assigned_to=ben.id)
    await opened(app, owner)

    assert ids(await listed(app, ben)) == [theirs.id, own.id]
    assert (await listed(app, ben)).total == 2
    assert ids(await listed(app, ben, created_by=owner.id)) == [theirs.id]
    assert ids(await listed(app, ben, created_by=ben.id)) == [own.id]
    assert ids(await listed(app, ben, assigned_to=ben.id)) == [theirs.id]
    assert ids(await listed(app, owner, assigned_to=ben.id)) == [theirs.id]
    assert ids(await listed(app, user(Role.ADMIN), assigned_to=ben.id)) == [theirs.id]

    await moved(app, theirs, Status.PROCESSING)
    assert ids(await listed(app, ben, status="processing")) == [theirs.id]
    assert ids(await listed(app, ben, status="pending")) == [own.id]
    await app.tickets.change(
        theirs.id,
        lambda seen: TicketChange(
            {"assigned_to": None, "assignment": seen.assignment + 1}, moment=now()
        ),
    )
    assert ids(await listed(app, ben)) == [own.id]
    assert [row.key async for row in app.table.query(f"assignee_{ben.id}", "a", "z")] == []


async def test_a_manager_sees_his_department(
    app: AppUnderTest, accounts: AccountsUnderTest
) -> None:
    boss = await accounts.hire("mia", Role.MANAGER, department="Sales")
    ann = await accounts.hire("ann", department="Sales")
    ben = await accounts.hire("ben", department="Research")
    of_ann = await opened(app, ann, assigned_to=boss.id)
    of_ben = await opened(app, ben)
    assert ids(await listed(app, boss)) == [of_ann.id]
    assert (await listed(app, boss)).total == 1
    assert ids(await listed(app, boss, created_by=ben.id)) == []
    assigned = await opened(app, ben, assigned_to=boss.id)
    assert ids(await listed(app, boss)) == [assigned.id, of_ann.id]
    assert ids(await listed(app, ben)) == [assigned.id, of_ben.id]


async def test_a_pointer_that_a_crash_left_shows_nothing_and_goes_in_time(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ticket = await opened(app, owner)
    _, rest = ticket.id.split("-")
    for written_at in ("2020-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"):
        row = {"PartitionKey": EVERYBODY, "RowKey": f"failed_{rest}_{owner.id}_1"}
        await app.table._client.upsert_entity(
            row | {"task_type": "custom", "written_at": written_at}
        )
        assert ids(await listed(app, user(Role.ADMIN), status="failed")) == []
        left = [row.key async for row in app.table.query(EVERYBODY, "failed_", "failed`")]
        assert len(left) == (written_at > "2100")


async def test_a_page_costs_the_same_few_calls_wherever_it_is(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    tickets = [await opened(app, owner) for _ in range(24)]
    for ticket in tickets[::2]:
        await moved(app, ticket, Status.PROCESSING)
    cursor = (await listed(app, owner, per_page=5)).next_cursor
    queries: list[dict[str, Any]] = [
        {},
        {"status": "processing"},
        {"task_type": "custom"},
        {"cursor": cursor},
    ]
    for query in queries:
        storage.reset()
        await listed(app, owner, per_page=5, **query)
        # The totals, the rows, and what others assigned.
        assert len(storage.calls) == 3, query
        storage.reset()
        await listed(app, user(Role.ADMIN), per_page=5, **query)
        assert len(storage.calls) == 2 + 5, query


async def test_a_page_far_behind_costs_what_the_first_one_costs(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    await fill(app.table, owner.id, 1_250)
    tickets = [row.key async for row in app.table.query(owner.id, "ticket_", "ticket`")]
    app.clock.advance(3600)

    async def read(page: int, caller: StoredUser = owner, **query: Any) -> tuple[list[str], int]:
        storage.reset()
        found = await listed(app, caller, page=page, per_page=50, **query)
        assert found.total == len(tickets)
        return [f"ticket_{one.partition('-')[2]}" for one in ids(found)], len(storage.calls)

    assert (await read(25))[0] == tickets[1200:]
    assert await read(24) == (tickets[1150:1200], 3)
    for _ in range(3):
        tickets.insert(0, f"ticket_{(await opened(app, owner)).id.partition('-')[2]}")
        assert await read(24) == (tickets[1150:1200], 4), "the new ones are looked for"
    gone = f"{owner.id}-{tickets.pop(1100).removeprefix('ticket_')}"
    await app.ticket_deletion.delete(by(owner), gone)
    assert (await read(24))[0] == tickets[1150:1200]
    assert await read(23) == (tickets[1100:1150], 3)
    assert (await read(99))[0] == []
    boss = user(Role.ADMIN)
    assert (await read(25, boss))[0] == tickets[1200:1250]
    assert await read(25, boss) == (tickets[1200:1250], 2 + 50), "pointers are followed"


async def test_pages_of_a_status_follow_each_change(app: AppUnderTest, owner: StoredUser) -> None:
    made = [await opened(app, owner) for _ in range(6)][::-1]
    app.clock.advance(3600)
    pending = [ticket.id for ticket in made]
    for ticket in (made[4], made[1]):
        await moved(app, ticket, Status.PROCESSING)
        pending.remove(ticket.id)
        await moved(app, made[4], Status.PENDING)
        pending = [one.id for one in made if one.id in {*pending, made[4].id}]
        for page in (1, 2, 3):
            found = await listed(app, owner, status="pending", page=page, per_page=2)
            assert ids(found) == pending[2 * page - 2 : 2 * page]


async def test_pages_hold_own_and_assigned_tickets_by_time(
    app: AppUnderTest, accounts: AccountsUnderTest, owner: StoredUser
) -> None:
    ben = await accounts.hire("ben")
    made: list[str] = []
    for number in range(9):
        mine = number % 3
        ticket = await opened(app, ben) if mine else await opened(app, owner, assigned_to=ben.id)
        made.insert(0, ticket.id)
    for page in (3, 1, 2, 3, 4, 5):
        found = await listed(app, ben, page=page, per_page=2)
        assert (ids(found), found.total) == (made[2 * page - 2 : 2 * page], 9)
