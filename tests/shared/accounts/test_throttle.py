"""Ten wrong passwords for a user from one address, or a hundred for anybody, and nobody there is
heard for a while."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from shared.accounts.login_throttle import (
    FORGET_AFTER,
    MAX_BY_ADDRESS,
    MAX_BY_NAME,
    MAX_WAIT,
    WINDOW,
    Failures,
    read_failures,
)
from shared.accounts.principal import Principal
from shared.audit.chain import Actor
from shared.clients.tables import Row, Verb, Write
from shared.errors import Conflict, Forbidden, TooMany, Unauthenticated, Unavailable, WriteConflict
from shared.models import NewPassword, OwnChanges, validate_model
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import BOSS, PASSWORD
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy

ADDRESS = "198.51.100.7"


async def fail(
    accounts: AccountsUnderTest, name: str, times: int, address: str | None = ADDRESS
) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await accounts.login(name, "wrong", Actor(None, address))


async def is_heard(
    accounts: AccountsUnderTest, name: str, address: str | None = ADDRESS, password: str = PASSWORD
) -> bool:
    with suppress(TooMany):
        return bool(await accounts.login(name, password, Actor(None, address)))
    return False


@pytest.mark.parametrize("name", ["ann", "ANN@example.com", "nobody", "nobody@example.com"])
async def test_after_ten_failures_a_name_is_not_heard(
    accounts: AccountsUnderTest, name: str
) -> None:
    await accounts.register(names("ann"))
    await fail(accounts, name, MAX_BY_NAME)
    for password in ("wrong", PASSWORD):
        with pytest.raises(TooMany) as refusal:
            await accounts.login(name.upper(), password, Actor(None, ADDRESS))
        assert refusal.value.detail == "Signing in has failed too often; please try again later."
        assert 840 <= int(refusal.value.headers["Retry-After"]) <= 900


@pytest.mark.parametrize("name", ["ann", BOSS])
async def test_nobody_is_locked_out_from_elsewhere(accounts: AccountsUnderTest, name: str) -> None:
    """Whoever guesses at a name keeps nobody waiting but those at their own address."""
    await accounts.register(names("ann"))
    for n in range(3):
        await fail(accounts, name, MAX_BY_NAME, f"203.0.113.{n}")
        assert not await is_heard(accounts, name, f"203.0.113.{n}")
    assert await is_heard(accounts, name)


async def test_of_a_network_of_64_bits_all_addresses_are_one(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    for n in range(MAX_BY_NAME):
        await fail(accounts, "ann", 1, f"2001:db8:1:2:{n:x}::{n:x}")
    assert not await is_heard(accounts, "ann", "2001:db8:1:2:ffff::1")
    assert await is_heard(accounts, "ann", "2001:db8:1:3::1")


async def test_all_names_of_a_user_count_as_one(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    spellings = ["ann", "ANN", "\uff41\uff4e\uff4e", "ann@example.com", "Ann@EXAMPLE.com"]
    for n in range(MAX_BY_NAME):
        await fail(accounts, spellings[n % len(spellings)], 1)
    for name in spellings:
        assert not await is_heard(accounts, name)


async def test_each_wait_is_twice_the_last(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    waits = []
    for _ in range(6):
        await fail(accounts, "ann", MAX_BY_NAME)
        with pytest.raises(TooMany) as refusal:
            await accounts.login("ann", PASSWORD, Actor(None, ADDRESS))
        waits.append(round(refusal.value.seconds / 60))
        accounts.clock.advance(refusal.value.seconds)
    assert waits == [15, 30, 60, 120, 240, 240]
    assert timedelta(minutes=240) == MAX_WAIT
    accounts.clock.advance(FORGET_AFTER.total_seconds())
    await fail(accounts, "ann", MAX_BY_NAME - 1)
    assert await is_heard(accounts, "ann"), "it begins anew"


async def test_other_names_and_refused_tries_are_not_counted(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    await accounts.register(names("ann"))
    await accounts.register(names("bob"))
    await fail(accounts, "ann", MAX_BY_NAME)
    storage.reset()
    with pytest.raises(TooMany):
        await accounts.login("ann", "wrong", Actor(None, ADDRESS))
    assert [call.method for call in storage.calls] == ["GET"] * 3
    assert await is_heard(accounts, "bob")


async def test_it_outlives_a_restart_and_holds_for_all_processes(
    accounts: AccountsUnderTest,
) -> None:
    await fail(accounts, "ann", MAX_BY_NAME)
    assert not await is_heard(accounts.another(), "ann")


async def test_after_a_hundred_failures_an_address_is_not_heard(
    accounts: AccountsUnderTest,
) -> None:
    await accounts.register(names("ann"))
    for n in range(MAX_BY_ADDRESS - 1):
        failures = await read_failures(accounts.table, ADDRESS)
        await accounts.table.write([failures.count(f"user {n}", accounts.clock.now())])
    await fail(accounts, "somebody", 1)
    assert not await is_heard(accounts, "ann")
    assert await is_heard(accounts, "ann", "198.51.100.8")
    assert await is_heard(accounts, "ann", None)
    accounts.clock.advance(WINDOW.total_seconds())
    assert await is_heard(accounts, "ann")


async def test_of_many_guesses_at_once_only_ten_are_answered(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    answers = await asyncio.gather(
        *(accounts.login("ann", "wrong", Actor(None, ADDRESS)) for _ in range(16)),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds.count(Unauthenticated) == MAX_BY_NAME
    assert kinds.count(TooMany) == len(kinds) - MAX_BY_NAME


async def test_guesses_from_many_places_at_once_keep_nobody_out(
    accounts: AccountsUnderTest,
) -> None:
    """With tokens in place of passwords, which take no time to be wrong."""
    ann, places, is_over = await accounts.register(names("ann")), count(), asyncio.Event()
    wrong = NewPassword(token=f"{ann.id}.wrong", password=PASSWORD)

    async def guess() -> None:
        while not is_over.is_set():
            address = f"2001:db8:{next(places):x}::1"
            with suppress(Unauthenticated, Unavailable):
                await accounts.app.password_resets.redeem(wrong, Actor(None, address))

    guesses = [asyncio.create_task(guess()) for _ in range(60)]
    try:
        for _ in range(5):
            before = next(places)
            assert await is_heard(accounts, "ann")
            assert next(places) - before < 200, "nor waits for more than some of them"
    finally:
        is_over.set()
        await asyncio.gather(*guesses)


async def test_a_crowd_behind_one_address_gets_its_answers(accounts: AccountsUnderTest) -> None:
    """Failures from one address count one after the other, however many come at once."""
    answers = await asyncio.gather(
        *(accounts.login(f"nobody-{n}", "wrong", Actor(None, ADDRESS)) for n in range(40)),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} == {Unauthenticated}, {str(a) for a in answers}


async def test_a_right_guess_among_too_many_is_not_answered(accounts: AccountsUnderTest) -> None:
    """It was checked before the limit was reached, and must not get in after."""
    await accounts.register(names("ann"))
    await fail(accounts, "ann", MAX_BY_NAME - 1)
    known = await accounts.users.by_name("ann")
    assert known is not None
    await fail(accounts, "ann", 1)
    with pytest.raises(WriteConflict):
        await accounts.users.require_unchanged(known)


async def test_many_addresses_make_no_row_too_large() -> None:
    """What an address may do at most: ten names at once, again and again."""
    failures, start = Failures("address_x", None), now()
    sizes = []
    for window in range(40):
        moment = start + window * WINDOW
        for n in range(MAX_BY_ADDRESS):
            write = failures.count(f"{window:08x}{n // MAX_BY_NAME:08x}", moment)
            failures = Failures("address_x", Row(dict(write.values), "etag"))
        sizes.append(len(str(write.values["waits"])))
    assert max(sizes) < 20_000 < 32 * 1024, "characters of a column"
    assert sizes[-1] == sizes[-2]


async def test_what_an_older_version_counted_stays_there(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    failures = await read_failures(accounts.table, ADDRESS)
    key = {"PartitionKey": "users", "RowKey": failures.key}
    old = {"failures": "[1.0]", "user_id": "", "expires_at": "2020-01-01T00:00:00.000000Z"}
    await accounts.table.write([Write(Verb.INSERT, key | old)])
    await fail(accounts, "ann", MAX_BY_NAME)
    assert not await is_heard(accounts, "ann")


async def test_a_name_in_which_an_older_version_counted_failures_is_free(
    accounts: AccountsUnderTest,
) -> None:
    ann = await accounts.register(names("ann"))
    [key] = [row.key async for row in accounts.table.query("users", "name_", "name`")][:1]
    await accounts.administration.delete(by(await accounts.boss()), ann.id)
    row = {"PartitionKey": "users", "RowKey": key, "user_id": "", "failures": "[1.0]"}
    stale = row | {"expires_at": "2020-01-01T00:00:00.000000Z"}
    await accounts.table.write([Write(Verb.REPLACE, stale)])
    await accounts.register(names("ann"))
    assert await is_heard(accounts, "ann")
    with pytest.raises(Conflict):
        await accounts.register(names("ann"))


async def test_a_success_forgives_nothing(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    await fail(accounts, "ann", MAX_BY_NAME - 1)
    assert await is_heard(accounts, "ann")
    await fail(accounts, "ann", 1)
    assert not await is_heard(accounts, "ann")


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


async def test_of_many_guesses_at_the_present_password_ten_are_answered(
    accounts: AccountsUnderTest,
) -> None:
    """The right one, too, counts only if the limit was not reached meanwhile."""
    user = await accounts.hire("ann")
    body = {"username": "eve", "current_password": "wrong"}
    guesses = [validate_model(OwnChanges, body) for _ in range(16)]
    answers = await asyncio.gather(
        *(accounts.administration.change_own(by(user), guess) for guess in guesses),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds.count(Forbidden) == MAX_BY_NAME
    assert kinds.count(TooMany) == len(kinds) - MAX_BY_NAME
    elsewhere = Principal(user, "203.0.113.9", None)
    right = validate_model(OwnChanges, body | {"current_password": PASSWORD})
    assert (await accounts.administration.change_own(elsewhere, right)).username == "eve"


async def test_what_no_longer_counts_is_cleared_away(accounts: AccountsUnderTest) -> None:
    await accounts.register(names("ann"))
    await accounts.login("ann")
    await fail(accounts, "ann", 1)
    await fail(accounts, "nobody", 1, "203.0.113.9")
    before = {row.key async for row in accounts.table.query("users", "a", "z")}
    assert await accounts.users.clear(now()) == 0
    assert await accounts.users.clear(now() + WINDOW) == 2  # both addresses
    assert await accounts.users.clear(now() + timedelta(days=31)) == 1  # the session
    after = {row.key async for row in accounts.table.query("users", "a", "z")}
    assert {key.partition("_")[0] for key in before - after} == {"address", "session"}
    with pytest.raises(Unauthenticated):
        await accounts.login("ann", "wrong")
