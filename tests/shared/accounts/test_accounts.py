"""Accounts over real tables: unique names without races, passwords, and who is let in."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest

from shared.accounts.credentials import hash_password
from shared.errors import Conflict, Forbidden, Invalid, Unauthenticated
from shared.models import AuditAction, Login, Registration, Role, validate_model
from tests.support.product.accounts import HERE, AccountsUnderTest
from tests.support.product.app import PASSWORD
from tests.support.product.chains import first_invalid
from tests.support.servers.storage_proxy import StorageProxy

ANN: dict[str, Any] = {
    "email": "Ann@Example.com",
    "username": "Ann.B",
    "password": "a good password",
}


async def test_a_registered_user_signs_in_by_either_name_in_any_case(
    accounts: AccountsUnderTest,
) -> None:
    self_service = accounts.self_service
    user = await self_service.register(
        validate_model(Registration, ANN | {"role": "admin", "is_active": False, "id": "x"}), HERE
    )
    assert (user.role, user.is_active, user.email) == (Role.USER, True, "Ann@Example.com")

    for name in ("ann.b", "ANN@EXAMPLE.COM"):
        tokens = await self_service.login(
            validate_model(Login, {"username": name, "password": ANN["password"]}), HERE
        )
        assert (tokens.token_type, tokens.expires_in) == ("bearer", 1800)
        caller = await accounts.authentication.caller(f"bearer {tokens.access_token}")
        assert caller.id == user.id
        assert caller.last_login is not None


@pytest.mark.parametrize(
    "taken", [{"email": "ann@example.COM"}, {"username": "ANN.b"}, {}], ids=str
)
async def test_a_taken_name_is_refused_in_any_case(
    accounts: AccountsUnderTest, taken: dict[str, str]
) -> None:
    await accounts.register(ANN)
    other = {"email": "bob@example.com", "username": "bob", "password": ANN["password"]}
    with pytest.raises(Conflict):
        await accounts.register((other | taken) if taken else ANN)
    if taken:
        await accounts.register(other)  # The refused try left nothing behind.


async def test_of_simultaneous_registrations_one_wins(accounts: AccountsUnderTest) -> None:
    self_service = accounts.self_service

    async def register(number: int) -> bool:
        body = {"email": f"u{number % 2}@example.com", "username": "same", "password": "x" * 8}
        try:
            await self_service.register(validate_model(Registration, body), HERE)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(register(number) for number in range(8)))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a b@example.com"},
        {"username": "ab"},
        {"username": "_ab"},
        {"username": "a b c"},
        {"username": "abc/../d"},
        {"username": "Tickets"},
        {"username": "rejected"},
        {"username": "x" * 101},
        {"password": "1234567"},
        {"password": None},
        {"full_name": 5},
        {"email": "a\ud800@example.com"},
    ],
    ids=str,
)
async def test_what_does_not_validate_is_named_but_not_shown(
    accounts: AccountsUnderTest, change: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as invalid:
        await accounts.register(ANN | change)
    [fault] = invalid.value.errors
    assert fault["loc"] == list(change)
    assert set(fault) == {"loc", "msg", "type"}
    assert "good password" not in str(invalid.value.body("/"))


async def test_registration_can_be_closed(accounts: AccountsUnderTest) -> None:
    with pytest.raises(Forbidden):
        await accounts.another(REGISTRATION_OPEN="false").register(ANN)


@pytest.mark.parametrize("name", ["Ann.B", "nobody", "nobody@example.com", "a/b#c?\\"])
async def test_unknown_and_known_names_fail_alike(accounts: AccountsUnderTest, name: str) -> None:
    await accounts.register(ANN)
    with pytest.raises(Unauthenticated) as refusal:
        await accounts.self_service.login(
            validate_model(Login, {"username": name, "password": "wrong"}), HERE
        )
    assert refusal.value.detail == "Username or password is wrong."


async def test_unknown_and_known_names_take_the_same_time(accounts: AccountsUnderTest) -> None:
    self_service = accounts.self_service
    await self_service.register(validate_model(Registration, ANN), HERE)

    async def cost(name: str) -> float:
        times = []
        for _ in range(8):
            begin = time.process_time()  # with its threads; other work on the machine stays out
            with pytest.raises(Unauthenticated):
                await self_service.login(
                    validate_model(Login, {"username": name, "password": "wrong"}), HERE
                )
            times.append(time.process_time() - begin)
        return min(times)

    await cost("warm-up")
    known, unknown = await cost("Ann.B"), await cost("nobody")
    assert 0.6 < known / unknown < 1.6


async def test_the_first_admin_comes_from_the_settings(accounts: AccountsUnderTest) -> None:
    self_service = accounts.self_service
    with pytest.raises(Conflict):
        await self_service.register(
            validate_model(Registration, ANN | {"email": "Boss@example.com"}), HERE
        )
    await self_service.register(validate_model(Registration, ANN | {"username": "admin"}), HERE)

    logins = [
        self_service.login(
            validate_model(Login, {"username": "BOSS@example.com", "password": PASSWORD}), HERE
        )
        for _ in range(4)
    ]
    tokens = await asyncio.gather(*logins)

    callers = [
        await accounts.authentication.caller(f"Bearer {pair.access_token}") for pair in tokens
    ]
    assert len({caller.id for caller in callers}) == 1
    assert callers[0].role is Role.ADMIN


async def test_whether_the_settings_let_the_first_admin_in_is_told_without_a_trace(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    admin, users = accounts.app.bootstrap_admin, accounts.app.users
    assert await admin.may_sign_in(users)
    boss = await accounts.boss()
    storage.reset()
    assert await admin.may_sign_in(users)
    others = accounts.app.another(BOOTSTRAP_ADMIN_PASSWORD="another password")
    assert not await others.bootstrap_admin.may_sign_in(others.users)
    assert {call.method for call in storage.calls} == {"GET"}
    await accounts.change_own(boss, password="another password", current_password=PASSWORD)
    assert not await admin.may_sign_in(users)
    assert await others.bootstrap_admin.may_sign_in(others.users)


async def test_passwords_are_argon2id_with_19_mib_and_two_passes() -> None:
    assert (await hash_password("x")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_login_takes_four_storage_calls_whoever_comes(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    await accounts.register(ANN)
    counts = {}
    for name, password in (("Ann.B", PASSWORD), ("Ann.B", "wrong"), ("nobody", "wrong")):
        for _ in range(2):
            storage.reset()
            with suppress(Unauthenticated):
                await accounts.login(name, password)
            counts[name, password] = len(storage.calls)
    assert set(counts.values()) == {4}


async def test_each_login_is_in_the_audit_trail_of_the_user(accounts: AccountsUnderTest) -> None:
    user = await accounts.register(ANN)
    await accounts.login("Ann.B")
    with pytest.raises(Unauthenticated):
        await accounts.login("Ann.B", "wrong")
    events = await accounts.trail.of_user(user.id)
    assert [event.action for event in events] == [
        AuditAction.USER_CREATED,
        AuditAction.LOGIN_SUCCEEDED,
        AuditAction.LOGIN_FAILED,
    ]
    assert first_invalid(events) is None
    assert [event.user_id for event in events] == [user.id, user.id, None]
    assert {event.ip_address for event in events} == {"192.0.2.1"}
    assert "wrong" not in str([event.model_dump() for event in events]).replace("was wrong", "")


async def test_a_failure_of_nobody_is_audited_without_the_name(accounts: AccountsUnderTest) -> None:
    with pytest.raises(Unauthenticated):
        await accounts.login("a password typed as a name", "wrong")
    [event] = await accounts.trail.newest()
    assert (event.action, event.user_id) == (AuditAction.LOGIN_FAILED, None)
    assert "a password typed" not in event.model_dump_json()
    assert first_invalid([event]) is None
