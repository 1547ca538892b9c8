"""Ten wrong passwords for a name, or a hundred from an address, and nobody is heard for a while."""

import asyncio
from datetime import timedelta

import pytest

from shared.accounts.login_throttle import (
    MAX_BY_ADDRESS,
    MAX_BY_NAME,
    WINDOW,
    Door,
    Record,
    read_door,
)
from shared.audit.chain import Actor
from shared.clients.tables import Row
from shared.errors import Conflict, Forbidden, TooMany, Unauthenticated, WriteConflict
from shared.models import OwnChanges, validate_model
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import PASSWORD
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy

ADDRESS = "198.51.100.7"


async def fail(
    accounts: AccountsUnderTest, name: str, times: int, address: str | None = ADDRESS
) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await accounts.login(name, "wrong", Actor(None, address))


@pytest.mark.parametrize("name", ["ann", "ANN@example.com", "nobody", "nobody@example.com"])
async def test_after_ten_failures_a_name_is_not_heard(
    accounts: AccountsUnderTest, name: str
) -> None:
    await accounts.register(names("ann"))
    await fail(accounts, name, MAX_BY_NAME)
    for password in ("wrong", PASSWORD):
        with pytest.raises(TooMany) as refusal:
            await accounts.login(name.upper(), password, Actor(None, "203.0.113.9"))
        assert refusal.value.detail == "Signing in has failed too often; please try again later."
        assert 890 <= int(refusal.value.headers["Retry-After"]) <= 900


async def test_other_names_and_refused_tries_are_not_counted(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    await accounts.register(names("ann"))
    await accounts.register(names("bob"))
    await fail(accounts, "ann", MAX_BY_NAME)
    storage.reset()
    with pytest.raises(TooMany):
        await accounts.login("ann", "wrong", Actor(None, ADDRESS))
    assert [call.method for call in storage.calls] == ["GET", "GET"]
    assert await accounts.login("bob")


async def test_it_outlives_a_restart_and_holds_for_all_processes(
    accounts: AccountsUnderTest,
) -> None:
    await fail(accounts, "ann", MAX_BY_NAME)
    with pytest.raises(TooMany):
        await accounts.another().login("ann")


async def test_after_a_hundred_failures_an_address_is_not_heard(
    accounts: AccountsUnderTest,
) -> None:
    await accounts.register(names("ann"))
    moment = now()
    for _ in range(MAX_BY_ADDRESS - 1):
        door = await read_door(accounts.table, "someone", ADDRESS)
        assert door.address is not None
        await accounts.table.write([door.address.count_failure(moment)])
    await fail(accounts, "somebody", 1)
    with pytest.raises(TooMany):
        await accounts.login("ann", PASSWORD, Actor(None, ADDRESS))
    assert await accounts.login("ann", PASSWORD, Actor(None, "198.51.100.8"))
    assert await accounts.login("ann", PASSWORD, Actor(None, None))


async def test_of_many_guesses_at_once_only_ten_are_answered(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    answers = await asyncio.gather(
        *(accounts.login("ann", "wrong", Actor(None, ADDRESS)) for _ in range(16)),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds.count(Unauthenticated) == MAX_BY_NAME
    assert kinds.count(TooMany) == len(kinds) - MAX_BY_NAME


async def test_a_crowd_behind_one_address_gets_its_answers(accounts: AccountsUnderTest) -> None:
    """Failures from one address count one after the other, however many come at once."""
    answers = await asyncio.gather(
        *(accounts.login(f"nobody-{n}", "wrong", Actor(None, ADDRESS)) for n in range(40)),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} == {Unauthenticated}


async def test_a_right_guess_among_too_many_is_not_answered(accounts: AccountsUnderTest) -> None:
    """It was checked before the limit was reached, and must not get in after."""
    await accounts.register(names("ann"))
    await fail(accounts, "ann", MAX_BY_NAME - 1)
    door = await read_door(accounts.table, "ann", ADDRESS)
    await fail(accounts, "ann", 1)
    with pytest.raises(WriteConflict):
        await accounts.table.write(door.name.require_unchanged())


async def test_failures_are_forgotten_in_time() -> None:
    start = now()
    record = Record("name_x", 2, None)
    assert record.wait(start) == 0
    row = {"failures": f"[{start.timestamp()}, {start.timestamp() + 60}]", "user_id": "x"}
    record = Record("name_x", 2, Row(row, "etag"))
    assert record.wait(start + timedelta(seconds=61)) == WINDOW.total_seconds() - 61
    assert record.wait(start + WINDOW) == 0
    assert record.wait(start + WINDOW + timedelta(hours=1)) == 0
    Door(record, None).check(start + WINDOW)


async def test_a_name_that_somebody_tried_can_still_be_registered(
    accounts: AccountsUnderTest,
) -> None:
    await fail(accounts, "ann", 2)
    await fail(accounts, "ann@example.com", 1)
    await accounts.register(names("ann"))
    assert await accounts.login("ann")
    with pytest.raises(Conflict):
        await accounts.register(names("ann"))


async def test_a_success_forgives_nothing(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    await fail(accounts, "ann", MAX_BY_NAME - 1)
    assert await accounts.login("ann")
    await fail(accounts, "ann", 1)
    with pytest.raises(TooMany):
        await accounts.login("ann")


async def test_the_present_password_cannot_be_guessed_either(accounts: AccountsUnderTest) -> None:
    user = await accounts.hire("ann")
    body = {"password": "new password", "current_password": "wrong"}
    for _ in range(MAX_BY_NAME):
        with pytest.raises(Forbidden):
            await accounts.administration.change_own(by(user), validate_model(OwnChanges, body))
    with pytest.raises(TooMany):
        await accounts.administration.change_own(
            by(user), validate_model(OwnChanges, body | {"current_password": PASSWORD})
        )


async def test_what_no_longer_counts_is_cleared_away(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    await accounts.login("ann")
    await fail(accounts, "ann", 1)
    await fail(accounts, "nobody", 1)
    before = {row.key async for row in accounts.table.query("users", "a", "z")}
    assert await accounts.users.clear(now()) == 0
    assert await accounts.users.clear(now() + WINDOW) == 2  # the address and the name of nobody
    assert await accounts.users.clear(now() + timedelta(days=31)) == 1  # the session
    after = {row.key async for row in accounts.table.query("users", "a", "z")}
    assert {key.partition("_")[0] for key in before - after} == {"address", "name", "session"}
    with pytest.raises(Unauthenticated):
        await accounts.login("ann", "wrong")
