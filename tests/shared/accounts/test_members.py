"""Users as administrators manage them, and what users change of their own."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from shared.clients.tables import Verb, Write
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from shared.models import (
    AuditAction,
    NewUser,
    OwnChanges,
    Role,
    StoredUser,
    UserChanges,
    UsersQuery,
    validate_model,
)
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import BOSS, PASSWORD
from tests.support.product.chains import first_invalid


async def test_an_admin_makes_users_with_any_role(accounts: AccountsUnderTest) -> None:
    boss = await accounts.boss()
    body = names("mia", role="manager", is_verified=True, department=" Sales ")
    mia = await accounts.administration.create(by(boss), validate_model(NewUser, body))
    assert (mia.role, mia.is_verified, mia.department) == (Role.MANAGER, True, "Sales")
    assert (await accounts.caller((await accounts.login("mia")).access_token)).id == mia.id
    [event, _] = await accounts.trail.of_user(mia.id)
    assert (event.action, event.user_id) == (AuditAction.USER_CREATED, boss.id)
    assert event.new_values["role"] == "manager"
    for taken in ("MIA", "other"):
        with pytest.raises(Conflict):
            await accounts.administration.create(
                by(boss), validate_model(NewUser, body | {"username": taken})
            )


async def test_all_of_it_is_for_admins(accounts: AccountsUnderTest) -> None:
    mia = await accounts.hire("mia", Role.MANAGER)
    members, query = accounts.administration, UsersQuery()
    for refused in (
        members.page(by(mia), query),
        members.create(by(mia), validate_model(NewUser, names("x" * 5))),
        members.change(by(mia), mia.id, validate_model(UserChanges, {"full_name": "M"})),
        members.delete(by(mia), mia.id),
        members.read(by(mia), "0" * 16),
        members.read(by(mia), "no id"),
    ):
        with pytest.raises(Forbidden):
            await refused
    assert (await members.read(by(mia), mia.id)).username == "mia"


@pytest.mark.parametrize("user_id", ["0" * 16, "no id", "../users", "a" * 2000, "ümlaut", "%00"])
async def test_an_unknown_user_is_not_found(accounts: AccountsUnderTest, user_id: str) -> None:
    boss = await accounts.boss()
    for missing in (
        accounts.administration.read(by(boss), user_id),
        accounts.administration.change(
            by(boss), user_id, validate_model(UserChanges, {"full_name": "X"})
        ),
        accounts.administration.delete(by(boss), user_id),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_the_list_goes_in_parts_over_everybody_once(accounts: AccountsUnderTest) -> None:
    boss = await accounts.boss()
    ids = {boss.id} | {(await accounts.hire(f"user{n}")).id for n in range(5)}
    pages = [
        await accounts.administration.page(by(boss), UsersQuery(skip=skip, limit=2))
        for skip in (0, 2, 4, 6)
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 0]
    assert {user.id for page in pages for user in page} == ids


async def test_nobody_raises_themselves(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann", department="Sales")
    body = {
        "role": "admin",
        "is_active": False,
        "is_verified": True,
        "id": "x",
        "password_hash": "",
    }
    changed = await accounts.administration.change_own(
        by(ann), validate_model(OwnChanges, body | {"department": "Research"})
    )
    assert (changed.role, changed.is_active, changed.is_verified) == (Role.USER, True, False)
    assert changed.department == "Research"
    assert (ann.given_department, changed.given_department) == ("Sales", "Sales")

    mia = await accounts.hire("mia", Role.MANAGER, department="Sales")
    body = {"department": "Research", "job_title": "Boss"}
    changed = await accounts.administration.change_own(by(mia), validate_model(OwnChanges, body))
    assert (changed.department, changed.job_title) == ("Sales", "Boss")
    assert changed.given_department == "Sales"

    boss = await accounts.boss()
    body = {"role": "user", "is_active": False, "full_name": "B"}
    changed = await accounts.administration.change(
        by(boss), boss.id, validate_model(UserChanges, body)
    )
    assert (changed.role, changed.is_active, changed.full_name) == (Role.ADMIN, True, "B")


@pytest.mark.parametrize(
    ("given", "change", "department"),
    [
        (None, {}, "Board"),
        ("Ships", {}, "Ships"),
        ("Ships", {"department": "Board"}, "Board"),
        ("Ships", {"department": None}, None),
    ],
)
async def test_who_becomes_a_manager_is_given_the_department_that_they_manage(
    accounts: AccountsUnderTest, given: str | None, change: dict[str, Any], department: str | None
) -> None:
    boss, ann = await accounts.boss(), await accounts.hire("ann", department=given)
    await accounts.change_own(ann, department="Board")
    body = validate_model(UserChanges, {"role": "manager", **change})
    mia = await accounts.administration.change(by(boss), ann.id, body)
    assert (mia.department, mia.given_department) == (department, department)


async def test_that_a_department_is_given_is_in_the_audit_trail(
    accounts: AccountsUnderTest,
) -> None:
    boss, ann = await accounts.boss(), await accounts.register(names("ann", department="Ships"))
    assert ann.given_department is None
    body = validate_model(UserChanges, {"department": "Ships"})
    await accounts.administration.change(by(boss), ann.id, body)
    [*_, event] = await accounts.trail.of_user(ann.id)
    assert (event.user_id, event.new_values) == (boss.id, {"given_department": "Ships"})


@pytest.mark.parametrize(
    "change", [{"email": "eve@example.com"}, {"username": "eve"}, {"password": "x" * 8}]
)
async def test_administrators_change_their_own_names_with_their_password_alone(
    accounts: AccountsUnderTest, change: dict[str, str]
) -> None:
    boss = await accounts.boss()

    async def change_by(password: str) -> StoredUser:
        body = validate_model(UserChanges, change | {"current_password": password})
        return await accounts.administration.change(by(boss), boss.id, body)

    for password in ("", "wrong"):
        with pytest.raises(Forbidden):
            await change_by(password)
    assert (await change_by(PASSWORD)).last_hash != boss.last_hash


async def test_only_what_is_sent_changes_and_null_clears(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann", full_name="Ann", job_title="Clerk")
    changed = await accounts.administration.change_own(
        by(ann), validate_model(OwnChanges, {"full_name": None})
    )
    assert (changed.full_name, changed.job_title) == (None, "Clerk")
    known = await accounts.users.by_id(ann.id)
    assert known is not None
    assert known.user == changed
    assert changed.updated_at > ann.updated_at
    assert (
        await accounts.administration.change_own(
            by(ann), validate_model(OwnChanges, {"job_title": "Clerk"})
        )
        == changed
    )
    blank = await accounts.administration.change_own(
        by(ann), validate_model(OwnChanges, {"department": "  "})
    )
    assert blank == changed, "an empty department is none"


@pytest.mark.parametrize(
    "body",
    [
        {"email": None},
        {"email": "x"},
        {"username": "tickets"},
        {"password": "short"},
        {"password": None},
        {"full_name": 5},
        {"full_name": "x" * 201},
        [],
        "text",
        None,
    ],
    ids=str,
)
async def test_what_does_not_validate_changes_nothing(
    accounts: AccountsUnderTest, body: Any
) -> None:
    ann = await accounts.hire("ann")
    with pytest.raises(Invalid):
        await accounts.administration.change_own(by(ann), validate_model(OwnChanges, body))
    for odd in (body, {"role": "king"}, {"role": None}, {"is_active": None}):
        with pytest.raises(Invalid):
            await accounts.administration.change(
                by(await accounts.boss()), ann.id, validate_model(UserChanges, odd)
            )
    known = await accounts.users.by_id(ann.id)
    assert known is not None
    assert known.user == ann


async def test_names_move_with_their_user(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann")
    changed = await accounts.change_own(ann, username="Anna", email="anna@example.com")
    assert changed.username == "Anna"
    for name in ("anna", "ANNA@example.com"):
        assert await accounts.login(name)
    for name in ("ann", "ann@example.com"):
        with pytest.raises(Unauthenticated):
            await accounts.login(name)
    assert (await accounts.hire("ann")).id != ann.id
    assert (await accounts.change_own(ann, username="anna")).username == "anna"
    for taken in ({"username": "ANN"}, {"email": "Ann@Example.com"}, {"email": BOSS.upper()}):
        with pytest.raises(Conflict):
            await accounts.change_own(ann, **taken)
    assert await accounts.login("anna")


async def test_email_and_username_are_changed_by_who_knows_the_password(
    accounts: AccountsUnderTest,
) -> None:
    """Whoever finds a signed-in browser cannot take the account away."""
    ann = await accounts.hire("ann")
    for change in ({"email": "eve@example.com"}, {"username": "eve"}, {"username": "Ann"}):
        for password in ({}, {"current_password": ""}, {"current_password": "wrong"}):
            body = validate_model(OwnChanges, {**change, **password})
            with pytest.raises(Forbidden):
                await accounts.administration.change_own(by(ann), body)
    same = {"email": ann.email, "username": ann.username, "job_title": "Clerk"}
    body = validate_model(OwnChanges, same)
    assert (await accounts.administration.change_own(by(ann), body)).job_title == "Clerk"
    failures = [event.action for event in await accounts.trail.of_user(ann.id)]
    assert failures.count(AuditAction.LOGIN_FAILED) == 3, "what was missing is no guess"


async def test_who_changed_email_and_username_is_in_the_audit_trail(
    accounts: AccountsUnderTest,
) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    await accounts.change_own(ann, email="anna@example.com", username="anna")
    body = {"email": "eve@example.com", "username": "eve"}
    await accounts.administration.change(by(boss), ann.id, validate_model(UserChanges, body))
    events = (await accounts.trail.of_user(ann.id))[1:]
    assert [event.user_id for event in events] == [ann.id, boss.id]
    assert {event.action for event in events} == {AuditAction.USER_UPDATED}
    before = {"email": "anna@example.com", "username": "anna"}
    assert (events[0].new_values, events[1].old_values) == (before, before)
    assert events[1].new_values == body


async def test_a_new_email_is_not_verified_by_oneself(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann", is_verified=True)
    assert (await accounts.change_own(ann, email="ANN@example.com")).is_verified
    assert not (await accounts.change_own(ann, email="other@example.com")).is_verified


async def test_of_those_who_want_a_name_at_once_one_gets_it(accounts: AccountsUnderTest) -> None:
    users = [await accounts.hire(f"user{n}") for n in range(4)]

    async def rename(user: StoredUser) -> bool:
        try:
            await accounts.change_own(user, username="same")
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(rename(user) for user in users))) == 1


async def test_changes_at_once_are_all_made_and_chained(accounts: AccountsUnderTest) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    titles = [f"title {n}" for n in range(6)]
    await asyncio.gather(
        *(
            accounts.administration.change(
                by(boss), ann.id, validate_model(UserChanges, {"job_title": title})
            )
            for title in titles
        )
    )
    events = await accounts.trail.of_user(ann.id)
    assert {event.new_values.get("job_title") for event in events[1:]} == set(titles)
    for before, after in pairwise(events[1:]):
        assert after.old_values["job_title"] == before.new_values["job_title"]
    assert first_invalid(events) is None
    known = await accounts.users.by_id(ann.id)
    assert known is not None
    assert (known.user.events, known.user.last_hash) == (7, events[-1].hash)


async def test_an_edited_event_breaks_the_chain(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann")
    await accounts.login("ann")
    [_, event] = await accounts.trail.of_user(ann.id)
    key = {"PartitionKey": "users", "RowKey": f"event_{ann.id}_000002", "ip_address": "6.6.6.6"}
    await accounts.table.write([Write(Verb.MERGE, key)])
    assert first_invalid(await accounts.trail.of_user(ann.id)) == event.id == f"{ann.id}.000002"


async def test_deleting_keeps_the_trail_and_frees_the_names(accounts: AccountsUnderTest) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    with pytest.raises(Forbidden):
        await accounts.administration.delete(by(boss), boss.id)
    await accounts.administration.delete(by(boss), ann.id)
    with pytest.raises(NotFound):
        await accounts.administration.read(by(boss), ann.id)
    with pytest.raises(NotFound):
        await accounts.administration.delete(by(boss), ann.id)
    events = await accounts.trail.of_user(ann.id)
    assert [event.action for event in events] == [
        AuditAction.USER_CREATED,
        AuditAction.USER_DELETED,
    ]
    assert events[-1].old_values["username"] == "ann"
    assert first_invalid(events) is None
    assert (await accounts.hire("ann")).id != ann.id


@pytest.mark.parametrize("status", ["pending", "processing"])
async def test_a_user_whose_tickets_run_is_not_deleted(
    accounts: AccountsUnderTest, status: str
) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    counter = {"PartitionKey": ann.id, "RowKey": "counter_03", f"{status}__custom": 1}
    table = accounts.app.table
    await table.write([Write(Verb.INSERT, counter)])
    with pytest.raises(Conflict):
        await accounts.administration.delete(by(boss), ann.id)
    await table.write([Write(Verb.MERGE, counter | {f"{status}__custom": 0})])
    await accounts.administration.delete(by(boss), ann.id)


async def test_each_event_lies_in_its_chain_and_by_time(accounts: AccountsUnderTest) -> None:
    ann, bob = await accounts.hire("ann"), await accounts.hire("bob")
    events = await accounts.trail.newest()
    times = [event.timestamp for event in events]
    assert times == sorted(times, reverse=True)
    for user in (ann, bob):
        chain = [event for event in reversed(events) if event.entity_id == user.id]
        assert chain == await accounts.trail.of_user(user.id)
