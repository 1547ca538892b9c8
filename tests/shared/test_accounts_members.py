"""Users as administrators manage them, and what users change of their own."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from shared.audit.chain import Actor, first_invalid
from shared.clients.tables import Table, Verb, Write
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from shared.models import AuditAction, Role, StoredUser, UsersQuery
from tests.shared.office import BOSS, HERE, Office, names


async def test_an_admin_makes_users_with_any_role(office: Office) -> None:
    boss = await office.boss()
    actor = Actor(boss.id, "192.0.2.1", "test")
    body = names("mia", role="manager", is_verified=True, department=" Sales ")
    mia = await office.members.create(boss, body, actor)
    assert (mia.role, mia.is_verified, mia.department) == (Role.MANAGER, True, "Sales")
    assert (await office.caller((await office.login("mia")).access_token)).id == mia.id
    [event, _] = await office.trail.of_user(mia.id)
    assert (event.action, event.user_id) == (AuditAction.USER_CREATED, boss.id)
    assert event.new_values["role"] == "manager"
    for taken in ("MIA", "other"):
        with pytest.raises(Conflict):
            await office.members.create(boss, body | {"username": taken}, actor)


async def test_all_of_it_is_for_admins(office: Office) -> None:
    mia = await office.hire("mia", Role.MANAGER)
    members, query = office.members, UsersQuery()
    for refused in (
        members.page(mia, query),
        members.create(mia, names("x" * 5), HERE),
        members.change(mia, mia.id, {"full_name": "M"}, HERE),
        members.delete(mia, mia.id, HERE),
        members.read(mia, "0" * 16),
        members.read(mia, "no id"),
    ):
        with pytest.raises(Forbidden):
            await refused
    assert (await members.read(mia, mia.id)).username == "mia"


@pytest.mark.parametrize("user_id", ["0" * 16, "no id", "../users", "a" * 2000, "ümlaut", "%00"])
async def test_an_unknown_user_is_not_found(office: Office, user_id: str) -> None:
    boss = await office.boss()
    for missing in (
        office.members.read(boss, user_id),
        office.members.change(boss, user_id, {"full_name": "X"}, HERE),
        office.members.delete(boss, user_id, HERE),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_the_list_goes_in_parts_over_everybody_once(office: Office) -> None:
    boss = await office.boss()
    ids = {boss.id} | {(await office.hire(f"user{n}")).id for n in range(5)}
    pages = [
        await office.members.page(boss, UsersQuery(skip=skip, limit=2)) for skip in (0, 2, 4, 6)
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 0]
    assert {user.id for page in pages for user in page} == ids


async def test_nobody_raises_themselves(office: Office) -> None:
    ann = await office.hire("ann", department="Sales")
    body = {
        "role": "admin",
        "is_active": False,
        "is_verified": True,
        "id": "x",
        "password_hash": "",
    }
    changed = await office.members.change_own(ann, body | {"department": "Research"}, HERE)
    assert (changed.role, changed.is_active, changed.is_verified) == (Role.USER, True, False)
    assert changed.department == "Research"

    mia = await office.hire("mia", Role.MANAGER, department="Sales")
    body = {"department": "Research", "job_title": "Boss"}
    changed = await office.members.change_own(mia, body, HERE)
    assert (changed.department, changed.job_title) == ("Sales", "Boss")

    boss = await office.boss()
    body = {"role": "user", "is_active": False, "full_name": "B"}
    changed = await office.members.change(boss, boss.id, body, HERE)
    assert (changed.role, changed.is_active, changed.full_name) == (Role.ADMIN, True, "B")


async def test_only_what_is_sent_changes_and_null_clears(office: Office) -> None:
    ann = await office.hire("ann", full_name="Ann", job_title="Clerk")
    changed = await office.members.change_own(ann, {"full_name": None}, HERE)
    assert (changed.full_name, changed.job_title) == (None, "Clerk")
    known = await office.users.by_id(ann.id)
    assert known is not None
    assert known.user == changed
    assert changed.updated_at > ann.updated_at
    assert await office.members.change_own(ann, {"job_title": "Clerk"}, HERE) == changed
    blank = await office.members.change_own(ann, {"department": "  "}, HERE)
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
async def test_what_does_not_validate_changes_nothing(office: Office, body: Any) -> None:
    ann = await office.hire("ann")
    with pytest.raises(Invalid):
        await office.members.change_own(ann, body, HERE)
    for odd in (body, {"role": "king"}, {"role": None}, {"is_active": None}):
        with pytest.raises(Invalid):
            await office.members.change(await office.boss(), ann.id, odd, HERE)
    known = await office.users.by_id(ann.id)
    assert known is not None
    assert known.user == ann


async def test_names_move_with_their_user(office: Office) -> None:
    ann = await office.hire("ann")
    body = {"username": "Anna", "email": "anna@example.com"}
    changed = await office.members.change_own(ann, body, HERE)
    assert changed.username == "Anna"
    for name in ("anna", "ANNA@example.com"):
        assert await office.login(name)
    for name in ("ann", "ann@example.com"):
        with pytest.raises(Unauthenticated):
            await office.login(name)
    assert (await office.hire("ann")).id != ann.id
    assert (await office.members.change_own(ann, {"username": "anna"}, HERE)).username == "anna"
    for taken in ({"username": "ANN"}, {"email": "Ann@Example.com"}, {"email": BOSS.upper()}):
        with pytest.raises(Conflict):
            await office.members.change_own(ann, taken, HERE)
    assert await office.login("anna")


async def test_a_new_email_is_not_verified_by_oneself(office: Office) -> None:
    ann = await office.hire("ann", is_verified=True)
    changed = await office.members.change_own(ann, {"email": "other@example.com"}, HERE)
    assert changed.is_verified is False


async def test_of_those_who_want_a_name_at_once_one_gets_it(office: Office) -> None:
    users = [await office.hire(f"user{n}") for n in range(4)]

    async def rename(user: StoredUser) -> bool:
        try:
            await office.members.change_own(user, {"username": "same"}, HERE)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(rename(user) for user in users))) == 1


async def test_changes_at_once_are_all_made_and_chained(office: Office) -> None:
    ann, boss = await office.hire("ann"), await office.boss()
    titles = [f"title {n}" for n in range(6)]
    await asyncio.gather(
        *(office.members.change(boss, ann.id, {"job_title": title}, HERE) for title in titles)
    )
    events = await office.trail.of_user(ann.id)
    assert {event.new_values.get("job_title") for event in events[1:]} == set(titles)
    for before, after in pairwise(events[1:]):
        assert after.old_values["job_title"] == before.new_values["job_title"]
    assert first_invalid(events) is None
    known = await office.users.by_id(ann.id)
    assert known is not None
    assert (known.user.events, known.user.last_hash) == (7, events[-1].hash)


async def test_an_edited_event_breaks_the_chain(office: Office, table: Table) -> None:
    ann = await office.hire("ann")
    await office.login("ann")
    [_, event] = await office.trail.of_user(ann.id)
    key = {"PartitionKey": "users", "RowKey": f"event_{ann.id}_000002", "ip_address": "6.6.6.6"}
    await table.write([Write(Verb.MERGE, key)])
    assert first_invalid(await office.trail.of_user(ann.id)) == event.id == f"{ann.id}.000002"


async def test_deleting_keeps_the_trail_and_frees_the_names(office: Office) -> None:
    ann, boss = await office.hire("ann"), await office.boss()
    with pytest.raises(Forbidden):
        await office.members.delete(boss, boss.id, HERE)
    await office.members.delete(boss, ann.id, HERE)
    with pytest.raises(NotFound):
        await office.members.read(boss, ann.id)
    with pytest.raises(NotFound):
        await office.members.delete(boss, ann.id, HERE)
    events = await office.trail.of_user(ann.id)
    assert [event.action for event in events] == [
        AuditAction.USER_CREATED,
        AuditAction.USER_DELETED,
    ]
    assert events[-1].old_values["username"] == "ann"
    assert first_invalid(events) is None
    assert (await office.hire("ann")).id != ann.id


@pytest.mark.parametrize("status", ["pending", "processing"])
async def test_a_user_whose_tickets_run_is_not_deleted(
    office: Office, table: Table, status: str
) -> None:
    ann, boss = await office.hire("ann"), await office.boss()
    counter = {"PartitionKey": ann.id, "RowKey": "counter_03", f"{status}__custom": 1}
    await table.write([Write(Verb.INSERT, counter)])
    with pytest.raises(Conflict):
        await office.members.delete(boss, ann.id, HERE)
    await table.write([Write(Verb.MERGE, counter | {f"{status}__custom": 0})])
    await office.members.delete(boss, ann.id, HERE)


async def test_each_event_lies_in_its_chain_and_by_time(office: Office) -> None:
    ann, bob = await office.hire("ann"), await office.hire("bob")
    events = await office.trail.newest()
    times = [event.timestamp for event in events]
    assert times == sorted(times, reverse=True)
    for user in (ann, bob):
        chain = [event for event in reversed(events) if event.entity_id == user.id]
        assert chain == await office.trail.of_user(user.id)
