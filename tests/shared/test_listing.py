"""Lists over real tables: what each caller sees, what is counted, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest

from shared.audit.chain import Actor
from shared.errors import Malformed
from shared.models import Priority, Role, Status, StoredTicket, StoredUser, TicketPage, TicketsQuery
from shared.storage.keys import EVERYBODY
from shared.tickets.transaction import TicketChange
from tests.proxy import StorageProxy
from tests.shared.conftest import House, user
from tests.shared.office import Office


async def opened(house: House, owner: StoredUser, **changes: Any) -> StoredTicket:
    body = {"title": "A ticket", "task_type": "custom", "task_data": {"task_description": "Do."}}
    return (await house.intake.open_ticket(owner, body | changes, Actor(owner.id))).ticket


async def moved(house: House, ticket: StoredTicket, status: Status) -> None:
    await house.tickets.change(ticket.id, lambda _: TicketChange({"status": status}))


async def listed(house: House, caller: StoredUser, **query: Any) -> TicketPage:
    return await house.listing.page(caller, TicketsQuery(**query))


def ids(page: TicketPage) -> list[str]:
    return [ticket.id for ticket in page.tickets]


async def test_newest_first_in_pages_and_by_cursor(house: House, owner: StoredUser) -> None:
    made = [(await opened(house, owner)).id for _ in range(7)][::-1]
    await opened(house, user())

    first = await listed(house, owner, per_page=3)
    assert (first.total, first.page, first.per_page, first.pages) == (7, 1, 3, 3)
    assert ids(first) == made[:3]
    assert ids(await listed(house, owner, per_page=3, page=2)) == made[3:6]
    assert ids(await listed(house, owner, per_page=3, page=3)) == made[6:]
    assert ids(await listed(house, owner, per_page=3, page=4)) == []

    found, cursor = ids(first), first.next_cursor
    while cursor:
        page = await listed(house, owner, per_page=3, cursor=cursor, page=9)
        found, cursor = found + ids(page), page.next_cursor
    assert found == made


async def test_a_cursor_goes_on_where_it_was_although_newer_tickets_come(
    house: House, owner: StoredUser
) -> None:
    made = [(await opened(house, owner)).id for _ in range(4)][::-1]
    first = await listed(house, owner, per_page=2)
    await opened(house, owner)
    assert ids(await listed(house, owner, per_page=2, cursor=first.next_cursor)) == made[2:]


@pytest.mark.parametrize(
    "cursor", ["x", "....", "A" * 14, "AAAAAAAAAAAAAAAB", "ü", "A" * 9000, "="]
)
async def test_a_bad_cursor_is_malformed(house: House, owner: StoredUser, cursor: str) -> None:
    with pytest.raises(Malformed):
        await listed(house, owner, cursor=cursor)


async def test_filters_by_status_and_their_totals_follow_each_change(
    house: House, owner: StoredUser
) -> None:
    first, second, third = [await opened(house, owner) for _ in range(3)]
    await moved(house, first, Status.PROCESSING)
    await moved(house, second, Status.PROCESSING)
    await moved(house, second, Status.FAILED)

    for caller in (owner, user(Role.ADMIN)):
        for status, wanted in (("pending", third), ("processing", first), ("failed", second)):
            page = await listed(house, caller, status=status)
            assert (ids(page), page.total) == ([wanted.id], 1)
            assert page.tickets[0].status == status
        assert (await listed(house, caller, status="completed")).total == 0
        assert (await listed(house, caller)).total == 3
        assert (await listed(house, caller, task_type="custom")).total == 3
        assert (await listed(house, caller, task_type="doc_analysis")).total == 0


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
async def test_other_filters(house: House, owner: StoredUser, role: Role) -> None:
    caller = owner if role is Role.USER else user(role)
    a = await opened(house, owner, title="Alpha ÄPFEL", priority="high")
    b = await opened(house, owner, description="und äpfel, beta")
    c = await opened(house, owner, title="Gamma", priority="high")

    async def found(**query: Any) -> list[str]:
        page = await listed(house, caller, **query)
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


async def test_a_search_goes_on_over_pages(house: House, owner: StoredUser) -> None:
    wanted = []
    for number in range(9):
        ticket = await opened(house, owner, title="needle" if number % 2 else "hay")
        wanted += [ticket.id] * (number % 2)
    for caller in (owner, user(Role.ADMIN)):
        page = await listed(house, caller, q="NEEDLE", per_page=3)
        assert (ids(page), page.total, page.pages) == (wanted[::-1][:3], 4, 2)
        for more in ({"cursor": page.next_cursor}, {"page": 2}):
            again = await listed(house, caller, q="NEEDLE", per_page=3, **more)
            assert ids(again) == wanted[::-1][3:]


async def test_an_assignee_sees_own_and_assigned_tickets(
    house: House, office: Office, owner: StoredUser
) -> None:
    ben = await office.hire("ben")
    own = await opened(house, ben)
    theirs = await opened(house, owner, assigned_to=ben.id)
    await opened(house, owner)

    assert ids(await listed(house, ben)) == [theirs.id, own.id]
    assert (await listed(house, ben)).total == 2
    assert ids(await listed(house, ben, created_by=owner.id)) == [theirs.id]
    assert ids(await listed(house, ben, created_by=ben.id)) == [own.id]
    assert ids(await listed(house, ben, assigned_to=ben.id)) == [theirs.id]
    assert ids(await listed(house, owner, assigned_to=ben.id)) == [theirs.id]
    assert ids(await listed(house, user(Role.ADMIN), assigned_to=ben.id)) == [theirs.id]

    await moved(house, theirs, Status.PROCESSING)
    assert ids(await listed(house, ben, status="processing")) == [theirs.id]
    assert ids(await listed(house, ben, status="pending")) == [own.id]
    await house.tickets.change(
        theirs.id,
        lambda seen: TicketChange({"assigned_to": None, "assignment": seen.assignment + 1}),
    )
    assert ids(await listed(house, ben)) == [own.id]
    assert [row.key async for row in house.table.query(f"assignee_{ben.id}", "a", "z")] == []


async def test_a_manager_sees_his_department(house: House, office: Office) -> None:
    boss = await office.hire("mia", Role.MANAGER, department="Sales")
    ann = await office.hire("ann", department="Sales")
    ben = await office.hire("ben", department="Research")
    of_ann = await opened(house, ann, assigned_to=boss.id)
    of_ben = await opened(house, ben)
    assert ids(await listed(house, boss)) == [of_ann.id]
    assert (await listed(house, boss)).total == 1
    assert ids(await listed(house, boss, created_by=ben.id)) == []
    assigned = await opened(house, ben, assigned_to=boss.id)
    assert ids(await listed(house, boss)) == [assigned.id, of_ann.id]
    assert ids(await listed(house, ben)) == [assigned.id, of_ben.id]


async def test_a_pointer_that_a_crash_left_shows_nothing_and_goes_in_time(
    house: House, owner: StoredUser
) -> None:
    ticket = await opened(house, owner)
    _, rest = ticket.id.split("-")
    for written_at in ("2020-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"):
        row = {"PartitionKey": EVERYBODY, "RowKey": f"failed_{rest}_{owner.id}_1"}
        await house.table._client.upsert_entity(
            row | {"task_type": "custom", "written_at": written_at}
        )
        assert ids(await listed(house, user(Role.ADMIN), status="failed")) == []
        left = [row.key async for row in house.table.query(EVERYBODY, "failed_", "failed`")]
        assert len(left) == (written_at > "2100")


async def test_a_page_costs_the_same_few_calls_wherever_it_is(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    tickets = [await opened(house, owner) for _ in range(24)]
    for ticket in tickets[::2]:
        await moved(house, ticket, Status.PROCESSING)
    cursor = (await listed(house, owner, per_page=5)).next_cursor
    queries: list[dict[str, Any]] = [
        {},
        {"status": "processing"},
        {"task_type": "custom"},
        {"cursor": cursor},
    ]
    for query in queries:
        storage.reset()
        await listed(house, owner, per_page=5, **query)
        # The totals, the rows, and what others assigned: its totals and its rows.
        assert len(storage.calls) == 4, query
        storage.reset()
        await listed(house, user(Role.ADMIN), per_page=5, **query)
        assert len(storage.calls) == 2 + 5, query
