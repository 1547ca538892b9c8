"""Who may do what to which ticket, for every role and right."""

from contextlib import suppress

import pytest

from shared.accounts.authorization import check_admin, check_user_read
from shared.errors import Forbidden, NotFound
from shared.models import Priority, Role, StoredTicket, StoredUser, now
from shared.tickets.permissions import Permissions, Right
from tests.proxy import StorageProxy
from tests.shared.conftest import user
from tests.shared.office import HERE, Office

ALL = set(Right)
READER = {Right.READ}
MANAGER = {Right.READ, Right.REASSIGN}


def ticket(owner: StoredUser, assignee: StoredUser | None = None) -> StoredTicket:
    return StoredTicket(
        id=f"{owner.id}-{'0' * 22}",
        title="T",
        description="",
        task_type="custom",
        priority=Priority.LOW,
        task_data={},
        created_by=owner.id,
        assigned_to=assignee.id if assignee else None,
        created_at=now(),
        updated_at=now(),
    )


async def rights(office: Office, caller: StoredUser, of: StoredTicket) -> set[Right] | None:
    """What `caller` may do with the ticket; None where it does not exist for him."""
    permissions = Permissions(office.users)
    allowed: set[Right] = set()
    hidden: set[Right] = set()
    for right in Right:
        try:
            await permissions.check(caller, of, right)
            allowed.add(right)
        except Forbidden:
            pass
        except NotFound:
            hidden.add(right)
    assert hidden in (set(), ALL), "a ticket exists for a caller or it does not"
    return None if hidden else allowed


async def test_users_own_theirs_and_read_what_is_assigned_to_them(office: Office) -> None:
    owner, assignee, other, admin = user(), user(), user(), user(Role.ADMIN)
    of = ticket(owner, assignee)
    assert await rights(office, owner, of) == ALL
    assert await rights(office, assignee, of) == READER
    assert await rights(office, other, of) is None
    assert await rights(office, admin, of) == ALL


@pytest.mark.parametrize(
    ("role", "department", "others", "expected"),
    [
        (Role.MANAGER, "Sales", "Sales", MANAGER),
        (Role.MANAGER, "Sales", "Research", None),
        (Role.MANAGER, "Sales", None, None),
        (Role.MANAGER, None, None, None),
        (Role.MANAGER, "", "", None),
        (Role.USER, "Sales", "Sales", None),
    ],
)
async def test_managers_read_and_reassign_those_of_their_department(
    office: Office, role: Role, department: str, others: str, expected: set[Right] | None
) -> None:
    manager = await office.hire("mia", role, department=department)
    owner = await office.hire("ann", department=others)
    assert await rights(office, manager, ticket(owner)) == expected


async def test_an_assigned_manager_of_another_department_only_reads(office: Office) -> None:
    manager = await office.hire("mia", Role.MANAGER, department="Sales")
    owner = await office.hire("ann", department="Research")
    assert await rights(office, manager, ticket(owner, manager)) == READER


async def test_tickets_of_the_deleted_are_for_admins(office: Office) -> None:
    manager = await office.hire("mia", Role.MANAGER, department="Sales")
    owner = await office.hire("ann", department="Sales")
    boss = await office.boss()
    await office.members.delete(boss, owner.id, HERE)
    assert await rights(office, manager, ticket(owner)) is None
    assert await rights(office, boss, ticket(owner)) == ALL


async def test_only_managers_cost_a_storage_call(office: Office, storage: StorageProxy) -> None:
    permissions = Permissions(office.users)
    owner, manager = user(), await office.hire("mia", Role.MANAGER, department="Sales")
    for caller, calls in ((owner, 0), (user(Role.ADMIN), 0), (manager, 1)):
        storage.reset()
        with suppress(NotFound):
            await permissions.check(caller, ticket(owner), Right.READ)
        assert len(storage.calls) == calls


async def test_whose_tickets_are_listed(office: Office) -> None:
    permissions = Permissions(office.users)
    mia = await office.hire("mia", Role.MANAGER, department="Sales")
    ann = await office.hire("ann", department="Sales")
    bob = await office.hire("bob", department="Research")
    loner = await office.hire("leo", Role.MANAGER)
    assert await permissions.owners(mia) == frozenset({mia.id, ann.id})
    assert await permissions.owners(ann) == frozenset({ann.id})
    assert await permissions.owners(loner) == frozenset({loner.id})
    assert await permissions.owners(await office.boss()) is None

    boss = await office.boss()
    await office.members.change(boss, bob.id, {"department": "Sales"}, HERE)
    await office.members.change(boss, ann.id, {"department": None}, HERE)
    assert await permissions.owners(mia) == frozenset({mia.id, bob.id})
    await office.members.delete(boss, bob.id, HERE)
    assert await permissions.owners(mia) == frozenset({mia.id})


def test_accounts_are_for_admins_and_their_holders() -> None:
    ann, manager, admin = user(), user(Role.MANAGER), user(Role.ADMIN)
    check_user_read(ann, ann.id)
    check_user_read(admin, ann.id)
    for caller in (manager, ann):
        with pytest.raises(Forbidden):
            check_user_read(caller, "0" * 16)
        with pytest.raises(Forbidden):
            check_admin(caller)
    check_admin(admin)
