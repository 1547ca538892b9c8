"""Who may do what to which ticket, for every role and right."""

from contextlib import suppress

import pytest

from shared.accounts.authorization import check_admin, check_user_read
from shared.errors import Forbidden, NotFound
from shared.models import Priority, Role, StoredTicket, StoredUser, UserChanges, validate_model
from shared.tickets.permissions import Right
from tests.support.product.accounts import AccountsUnderTest, by
from tests.support.product.app import user
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy

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


async def rights(
    accounts: AccountsUnderTest, caller: StoredUser, of: StoredTicket
) -> set[Right] | None:
    """What `caller` may do with the ticket; None where it does not exist for him."""
    permissions = accounts.app.permissions
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


async def test_users_own_theirs_and_read_what_is_assigned_to_them(
    accounts: AccountsUnderTest,
) -> None:
    owner, assignee, other, admin = user(), user(), user(), user(Role.ADMIN)
    of = ticket(owner, assignee)
    assert await rights(accounts, owner, of) == ALL
    assert await rights(accounts, assignee, of) == READER
    assert await rights(accounts, other, of) is None
    assert await rights(accounts, admin, of) == ALL


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
    accounts: AccountsUnderTest,
    role: Role,
    department: str,
    others: str,
    expected: set[Right] | None,
) -> None:
    manager = await accounts.hire("mia", role, department=department)
    owner = await accounts.hire("ann", department=others)
    assert await rights(accounts, manager, ticket(owner)) == expected


async def test_an_assigned_manager_of_another_department_only_reads(
    accounts: AccountsUnderTest,
) -> None:
    manager = await accounts.hire("mia", Role.MANAGER, department="Sales")
    owner = await accounts.hire("ann", department="Research")
    assert await rights(accounts, manager, ticket(owner, manager)) == READER


async def test_tickets_of_the_deleted_are_for_admins(accounts: AccountsUnderTest) -> None:
    manager = await accounts.hire("mia", Role.MANAGER, department="Sales")
    owner = await accounts.hire("ann", department="Sales")
    boss = await accounts.boss()
    await accounts.administration.delete(by(boss), owner.id)
    assert await rights(accounts, manager, ticket(owner)) is None
    assert await rights(accounts, boss, ticket(owner)) == ALL


async def test_only_managers_cost_a_storage_call(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    permissions = accounts.app.permissions
    owner, manager = user(), await accounts.hire("mia", Role.MANAGER, department="Sales")
    for caller, calls in ((owner, 0), (user(Role.ADMIN), 0), (manager, 1)):
        storage.reset()
        with suppress(NotFound):
            await permissions.check(caller, ticket(owner), Right.READ)
        assert len(storage.calls) == calls


async def test_whose_tickets_are_listed(accounts: AccountsUnderTest) -> None:
    permissions = accounts.app.permissions
    mia = await accounts.hire("mia", Role.MANAGER, department="Sales")
    ann = await accounts.hire("ann", department="Sales")
    bob = await accounts.hire("bob", department="Research")
    loner = await accounts.hire("leo", Role.MANAGER)
    assert await permissions.owners(mia) == frozenset({mia.id, ann.id})
    assert await permissions.owners(ann) == frozenset({ann.id})
    assert await permissions.owners(loner) == frozenset({loner.id})
    assert await permissions.owners(await accounts.boss()) is None

    boss = await accounts.boss()
    await accounts.administration.change(
        by(boss), bob.id, validate_model(UserChanges, {"department": "Sales"})
    )
    await accounts.administration.change(
        by(boss), ann.id, validate_model(UserChanges, {"department": None})
    )
    assert await permissions.owners(mia) == frozenset({mia.id, bob.id})
    await accounts.administration.delete(by(boss), bob.id)
    assert await permissions.owners(mia) == frozenset({mia.id})


def test_accounts_are_for_admins_and_their_holders() -> None:
    ann, manager, admin = user(), user(Role.MANAGER), user(Role.ADMIN)
    check_user_read(by(ann), ann.id)
    check_user_read(by(admin), ann.id)
    for caller in (manager, ann):
        with pytest.raises(Forbidden):
            check_user_read(by(caller), "0" * 16)
        with pytest.raises(Forbidden):
            check_admin(by(caller))
    check_admin(by(admin))
